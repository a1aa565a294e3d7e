import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { virtualEnv } from '../../machinery/env/virtual-env.ts'
import { addressBytes } from '../../machinery/x509/certificate.ts'
import { loadOrCreatePki, type Pki, PkiError } from './pki.ts'

const day = 24 * 3_600_000
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'k8ts-pki-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const parse = (pem: string) => new X509Certificate(pem)

describe('a new PKI', () => {
  const pki = loadOrCreatePki({
    env: virtualEnv(),
    serviceAddress: '10.96.0.1',
    apiServerNames: ['192.0.2.7', 'api.example'],
  })

  test.each<[keyof Pki, string]>([
    ['admin', 'O=system:masters\nCN=kubernetes-admin'],
    ['controllerManager', 'CN=system:kube-controller-manager'],
    ['scheduler', 'CN=system:kube-scheduler'],
    ['proxy', 'CN=system:kube-proxy'],
    ['apiServer', 'CN=kube-apiserver'],
    ['apiServerKubeletClient', 'O=system:masters\nCN=kube-apiserver-kubelet-client'],
    ['certificateAuthority', 'CN=kubernetes'],
    ['frontProxyAuthority', 'CN=front-proxy-ca'],
    ['frontProxyClient', 'CN=front-proxy-client'],
  ])('%s is %j', (name, subject) => {
    const certificate = parse((pki[name] as Pki['admin']).certificate)
    expect(certificate.subject).toBe(subject)
    const issuer = parse(
      name.startsWith('frontProxy') ? pki.frontProxyAuthority.certificate : pki.certificateAuthority.certificate,
    )
    expect(certificate.checkIssued(issuer)).toBe(true)
    expect(certificate.verify(issuer.publicKey)).toBe(true)
  })

  test('the API server is known by every name it is reached by', () => {
    expect(parse(pki.apiServer.certificate).subjectAltName?.split(', ')).toEqual([
      'DNS:kubernetes',
      'DNS:kubernetes.default',
      'DNS:kubernetes.default.svc',
      'DNS:kubernetes.default.svc.cluster.local',
      'DNS:localhost',
      'IP Address:127.0.0.1',
      'IP Address:0:0:0:0:0:0:0:1',
      'IP Address:10.96.0.1',
      'IP Address:192.0.2.7',
      'DNS:api.example',
    ])
  })

  test('a node has a client and a serving certificate', () => {
    const node = pki.node('worker-1', ['10.0.0.5'])
    expect(parse(node.client.certificate).subject).toBe('O=system:nodes\nCN=system:node:worker-1')
    expect(parse(node.serving.certificate).subjectAltName).toBe('DNS:worker-1, IP Address:10.0.0.5')
    expect(parse(node.client.certificate).keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
    expect(parse(node.serving.certificate).keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
  })

  test('times come from the Env', () => {
    const env = virtualEnv({ start: Date.UTC(2045, 5, 1) })
    const { certificateAuthority, admin } = loadOrCreatePki({ env })
    expect(new Date(parse(admin.certificate).validTo).toISOString()).toBe('2046-06-01T00:00:00.000Z')
    expect(new Date(parse(certificateAuthority.certificate).validTo).toISOString()).toBe('2055-05-30T00:00:00.000Z')
  })
})

test('a TLS server and client believe each other', async () => {
  // Real time: TLS checks validity against the machine's clock, which the virtual one starts well before.
  const pki = loadOrCreatePki({ env: virtualEnv({ start: statSync(directory).mtimeMs }) })
  const server = createServer({
    key: pki.apiServer.privateKey,
    cert: pki.apiServer.certificate,
    ca: pki.certificateAuthority.certificate,
    requestCert: true,
    rejectUnauthorized: true,
  })
  const peer = new Promise<TLSSocket>(resolve => server.once('secureConnection', resolve))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const client = connect({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    ca: pki.certificateAuthority.certificate,
    key: pki.admin.privateKey,
    cert: pki.admin.certificate,
  })
  try {
    await new Promise<void>((resolve, reject) => client.once('secureConnect', resolve).once('error', reject))
    const shown = (await peer).getPeerCertificate()
    expect(client.authorized).toBe(true)
    expect(shown.subject).toMatchObject({ O: 'system:masters', CN: 'kubernetes-admin' })
  } finally {
    client.destroy()
    server.close()
  }
})

describe('a PKI in a directory', () => {
  const load = (options: { after?: number; serviceAddress?: string } = {}) =>
    loadOrCreatePki({
      env: virtualEnv({ start: Date.UTC(2026, 0, 1) + (options.after ?? 0), seed: 7 }),
      directory,
      serviceAddress: options.serviceAddress ?? '10.96.0.1',
    })
  const plain = (pki: Pki) => JSON.parse(JSON.stringify(pki))

  test('is the same after a restart', () => {
    const first = load()
    const node = first.node('n', ['10.0.0.5'])
    const second = load({ after: 300 * day })
    expect(plain(second)).toEqual(plain(first))
    expect(second.node('n', ['10.0.0.5'])).toEqual(node)
  })

  test('keeps keys for the owner only, and leaves nothing else behind', () => {
    load()
    const files = readdirSync(directory).sort()
    expect(files).toContain('ca.crt')
    expect(files.every(file => /\.(crt|key|pub)$/.test(file))).toBe(true)
    for (const file of files.filter(file => file.endsWith('.key')))
      expect(statSync(join(directory, file)).mode & 0o777, file).toBe(0o600)
  })

  test('makes certificates anew before they expire, under the same authority', () => {
    const first = load()
    const second = load({ after: 340 * day })
    expect(second.certificateAuthority).toEqual(first.certificateAuthority)
    expect(second.serviceAccountKey).toEqual(first.serviceAccountKey)
    expect(second.admin.certificate).not.toBe(first.admin.certificate)
  })

  test('makes the API server a new certificate when its names change, and no other', () => {
    const first = load()
    const second = load({ serviceAddress: '10.100.0.1' })
    expect(second.apiServer.certificate).not.toBe(first.apiServer.certificate)
    expect(second.admin).toEqual(first.admin)
  })

  test('makes everything anew when the authority has expired', () => {
    const first = load()
    const second = load({ after: 11 * 365 * day })
    expect(second.certificateAuthority.certificate).not.toBe(first.certificateAuthority.certificate)
    expect(parse(second.admin.certificate).checkIssued(parse(second.certificateAuthority.certificate))).toBe(true)
    expect(second.serviceAccountKey).toEqual(first.serviceAccountKey)
  })

  test('replaces a damaged certificate', () => {
    const first = load()
    writeFileSync(join(directory, 'admin.crt'), 'garbage')
    expect(load().admin.certificate).not.toBe(first.admin.certificate)
  })

  test.each([
    ['ca.crt', 'garbage'],
    ['ca.key', 'garbage'],
    ['front-proxy-ca.crt', ''],
    ['sa.key', 'garbage'],
  ])('says so when %s is damaged, and leaves it', (file, content) => {
    load()
    writeFileSync(join(directory, file), content)
    expect(() => load()).toThrow(PkiError)
    expect(() => load()).toThrow(`${join(directory, file)} cannot be used: `)
    expect(readFileSync(join(directory, file), 'utf8')).toBe(content)
  })

  test.each(['ca.crt', 'ca.key', 'front-proxy-ca.crt', 'front-proxy-ca.key'])('says so when %s is lost', file => {
    load()
    rmSync(join(directory, file))
    expect(() => load()).toThrow(`${join(directory, file)} cannot be used: it is missing`)
  })

  test('goes on where making an authority was cut short', () => {
    load()
    for (const file of readdirSync(directory)) if (file !== 'ca.key') rmSync(join(directory, file))
    expect(load().certificateAuthority).toEqual(load().certificateAuthority)
  })

  test('says so when the directory cannot be made', () => {
    writeFileSync(join(directory, 'file'), '')
    const inside = join(directory, 'file', 'pki')
    expect(() => loadOrCreatePki({ env: virtualEnv(), directory: inside })).toThrow(`${inside} cannot be used: `)
  })

  test("says so when the authority's key is another's", () => {
    load()
    writeFileSync(join(directory, 'ca.key'), readFileSync(join(directory, 'admin.key')))
    expect(() => load()).toThrow('ca.key cannot be used: it is not the key of ca.crt')
  })
})

test.each([
  ['10.96.0.1', '0a600001'],
  ['::1', '00000000000000000000000000000001'],
  ['fd00:1::a:0:b', 'fd000001000000000000000a0000000b'],
  ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
])('the bytes of %s', (address, hex) => {
  expect(Buffer.from(addressBytes(address)).toString('hex')).toBe(hex)
})
