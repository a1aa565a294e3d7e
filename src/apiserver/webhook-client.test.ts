import { createServer, type Server } from 'node:https'
import { type AddressInfo, createServer as createPlainServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemEnv } from '../cluster/system-env.ts'
import { createCertificateAuthority, issueCertificate } from '../machinery/x509/certificate.ts'
import { WebhookClient, type WebhookClientConfig } from './webhook-client.ts'

let server: Server
let port: number
let caBundle: string
let client: WebhookClient
let seen: { path?: string; host?: string } = {}
/** The requests since the last answer was set: method, path and body. */
let requests: string[] = []
let answer: { status: number; body: string; location?: string | undefined } = { status: 200, body: '{}' }

const base64 = (text: string) => Buffer.from(text).toString('base64')

beforeAll(async () => {
  const validity = { notBefore: Date.UTC(2020), notAfter: Date.UTC(2049) }
  const authority = createCertificateAuthority('hooks', validity, Buffer.from([1]))
  caBundle = base64(authority.certificate)
  const { certificate: cert, privateKey: key } = issueCertificate(
    authority,
    { subject: { commonName: 'hook' }, usages: ['serverAuth'], names: ['127.0.0.1', 'hook.hooks.svc'] },
    validity,
    Buffer.from([2]),
  )
  server = createServer({ cert, key }, (request, response) => {
    seen = { path: request.url, host: request.headers.host }
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      requests.push(`${request.method} ${request.url} ${Buffer.concat(chunks)}`)
      const leads = answer.location !== undefined && (request.url !== '/end' || answer.location !== '/end')
      if (leads) response.setHeader('location', answer.location!)
      response.statusCode = answer.location !== undefined && !leads ? 200 : answer.status
      response.end(answer.body)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
  client = new WebhookClient({
    env: systemEnv(),
    resolve(_, name) {
      if (name !== 'hook') throw new Error(`services "${name}" not found`)
      return { host: '127.0.0.1', port }
    },
  })
})
afterAll(async () => {
  client.close()
  await new Promise(resolve => server.close(resolve))
})

const post = (config: WebhookClientConfig) => client.post(config, { body: { a: 1 }, timeoutMs: 2000 })
const failure = (config: WebhookClientConfig) =>
  post(config).then(
    () => 'no failure',
    error => (error as Error).message,
  )

describe('a webhook', () => {
  test('is reached by its URL', async () => {
    answer = { status: 200, body: '{"ok":true}' }
    expect(await post({ url: `https://127.0.0.1:${port}/hook`, caBundle })).toEqual({ ok: true })
    expect(seen.path).toBe('/hook?timeout=2s')
  })

  test('is reached by its Service, as whose name it must identify itself', async () => {
    answer = { status: 200, body: '{"ok":true}' }
    const service = { namespace: 'hooks', name: 'hook', path: '/convert', port: 8443 }
    expect(await post({ service, caBundle })).toEqual({ ok: true })
    expect(seen).toEqual({ path: '/convert?timeout=2s', host: 'hook.hooks.svc:8443' })
    const other = { ...service, namespace: 'others' }
    expect(await failure({ service: other, caBundle })).toMatch(
      /^Post "https:\/\/hook\.others\.svc:8443\/convert\?timeout=2s": tls: failed to verify certificate: x509: /,
    )
    expect(await failure({ service: { ...service, name: 'none' }, caBundle })).toBe(
      'Post "https://none.hooks.svc:8443/convert?timeout=2s": services "none" not found',
    )
  })

  test('that nobody vouches for is not spoken to', async () => {
    expect(await failure({ url: `https://127.0.0.1:${port}/hook` })).toBe(
      `Post "https://127.0.0.1:${port}/hook?timeout=2s": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    )
  })

  test('that is not there is refused', async () => {
    const plain = createPlainServer()
    await new Promise<void>(resolve => plain.listen(0, '127.0.0.1', resolve))
    const free = (plain.address() as AddressInfo).port
    await new Promise(resolve => plain.close(resolve))
    expect(await failure({ url: `https://127.0.0.1:${free}`, caBundle })).toBe(
      `Post "https://127.0.0.1:${free}?timeout=2s": dial tcp 127.0.0.1:${free}: connect: connection refused`,
    )
  })

  test.each([
    [500, '{"a":1}', 'an error on the server ("{\\"a\\":1}") has prevented the request from succeeding'],
    [404, '', 'the server could not find the requested resource'],
    [500, 'oh', 'an error on the server ("oh") has prevented the request from succeeding'],
    [403, '{"kind":"Status","message":"not you"}', 'not you'],
    [200, 'no json', expect.stringContaining("couldn't get version/kind; json parse error: ")],
  ])('that answers %i %j', async (status, body, message) => {
    answer = { status, body }
    expect(await failure({ url: `https://127.0.0.1:${port}/hook`, caBundle })).toEqual(message)
  })
})

describe('a webhook that leads elsewhere is followed as Go follows', () => {
  const posted = '{"a":1}\n'
  const hook = () => ({ url: `https://127.0.0.1:${port}/hook`, caBundle })

  test.each([
    [301, 'GET /end '],
    [302, 'GET /end '],
    [303, 'GET /end '],
    [307, `POST /end ${posted}`],
    [308, `POST /end ${posted}`],
  ])('by %i: %j', async (status, second) => {
    requests = []
    answer = { status, body: '{"ok":true}', location: '/end' }
    expect(await post(hook())).toEqual({ ok: true })
    expect(requests).toEqual([`POST /hook?timeout=2s ${posted}`, second])
  })

  test('ten requests long', async () => {
    requests = []
    answer = { status: 302, body: '', location: '/round' }
    expect(await failure(hook())).toBe('Post "/round": stopped after 10 redirects')
    expect(requests.length).toBe(10)
  })

  test.each([
    [302, undefined, 'the server responded with the status code 302 but did not return more information'],
    [304, '/end', 'the server responded with the status code 304 but did not return more information'],
  ])('not by %i to %s', async (status, location, message) => {
    answer = { status, body: '', location }
    expect(await failure(hook())).toBe(message)
  })
})
