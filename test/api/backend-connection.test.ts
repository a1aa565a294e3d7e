// Connections to servers that we proxy to: older protocols, connections that have died, certificates that are not
// theirs, servers that are slow.

import { createServer as createHttpsServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { BackendConnection, withDeadline } from '../../src/apiserver/aggregation/backend-connection.ts'
import { systemEnv } from '../../src/cluster/system-env.ts'
import { virtualEnv } from '../../src/machinery/env/virtual-env.ts'
import { createCertificateAuthority, issueCertificate } from '../../src/machinery/x509/certificate.ts'

const { clock } = systemEnv()
const validity = { notBefore: Date.now() - 3_600_000, notAfter: Date.now() + 3_600_000 }
const serial = Buffer.from([1])
const authority = createCertificateAuthority('an-authority', validity, serial)
const certificate = (commonName: string, names?: string[]) =>
  issueCertificate(authority, { subject: { commonName }, usages: ['serverAuth'], names }, validity, serial)

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

interface Backend {
  readonly target: { readonly scheme: 'https'; readonly host: string; readonly port: number }
  readonly server: Server
  readonly sockets: Set<Socket>
  /** How many requests came. */
  count: number
}

async function backend(names: string[] | undefined, answers = true): Promise<Backend> {
  const { certificate: cert, privateKey: key } = certificate('web.default.svc', names)
  const sockets = new Set<Socket>()
  const server = createHttpsServer({ cert, key }, (request, response) => {
    made.count++
    if (answers) response.end(`${request.httpVersion} ${request.method} ${request.headers.host}`)
  })
  server.on('secureConnection', socket => sockets.add(socket))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = server.address() as AddressInfo
  const made: Backend = { server, sockets, target: { scheme: 'https', host: '127.0.0.1', port }, count: 0 }
  return made
}

function connection(ca: string | undefined = authority.certificate, insecure = false): BackendConnection {
  const made = new BackendConnection({ clock, serverName: 'web.default.svc', ca, insecure })
  closers.push(() => made.close())
  return made
}

const get = { method: 'GET', path: '/', headers: {} }

async function text(made: BackendConnection, { target }: Backend): Promise<string> {
  const exchange = await made.exchange(target, get)
  let body = ''
  await exchange.follow(bytes => {
    body += Buffer.from(bytes)
  })
  return body
}

test('a server without HTTP/2 is asked over HTTP/1.1, on one connection', async () => {
  const web = await backend(['web.default.svc'])
  const made = connection()
  const expected = `1.1 GET 127.0.0.1:${web.target.port}`
  expect(await text(made, web)).toBe(expected)
  const before = web.sockets.size
  expect(await text(made, web)).toBe(expected)
  expect(web.sockets.size).toBe(before)
})

test('a connection that has died is replaced', async () => {
  const web = await backend(['web.default.svc'])
  const made = connection()
  await text(made, web)
  for (const socket of web.sockets) socket.destroy()
  expect(await text(made, web)).toContain('1.1 GET')
})

test.each([
  [
    'another name',
    ['other.default.svc'],
    authority.certificate,
    'tls: failed to verify certificate: x509: certificate is valid for other.default.svc, not web.default.svc',
  ],
  [
    'only a common name',
    undefined,
    authority.certificate,
    'tls: failed to verify certificate: x509: certificate relies on legacy Common Name field, use SANs instead',
  ],
  [
    'an unknown authority',
    ['web.default.svc'],
    createCertificateAuthority('another', validity, serial).certificate,
    'tls: failed to verify certificate: x509: certificate signed by unknown authority',
  ],
])('a certificate with %s is refused, unless nobody cares', async (_name, names, ca, message) => {
  const web = await backend(names)
  await expect(connection(ca).exchange(web.target, get)).rejects.toThrow(message)
  expect(web.count).toBe(0)
  expect(await text(connection(undefined, true), web)).toContain('1.1 GET')
})

test('nobody there is said in words', async () => {
  const web = await backend(['web.default.svc'])
  await new Promise(resolve => web.server.close(resolve))
  const { port } = web.target
  await expect(connection().exchange(web.target, get)).rejects.toThrow(
    `dial tcp 127.0.0.1:${port}: connect: connection refused`,
  )
})

test('a server that is slow is given up', async () => {
  const web = await backend(['web.default.svc'], false)
  const virtual = virtualEnv({ settle: () => new Promise(resolve => setImmediate(resolve)) })
  const made = connection()
  const asked = withDeadline(virtual.clock, 5_000, signal => made.exchange(web.target, { ...get, signal }))
  const refused = expect(asked).rejects.toThrow('context deadline exceeded')
  await virtual.clock.advance(5_000)
  await refused
})
