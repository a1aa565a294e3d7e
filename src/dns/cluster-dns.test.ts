import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { connect } from 'node:net'
import { type Answer, type DecodedPacket, decode, encode, type RecordType } from 'dns-packet'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { KubeObject, ResourceDeclaration } from '../api/resource.ts'
import { resources } from '../api/scheme.ts'
import { createClient } from '../client/rest-client.ts'
import { MemoryTransport } from '../client/testing/memory-transport.ts'
import { settledEnv } from '../client/testing/settled-env.ts'
import { parseYamlDocuments } from '../machinery/yaml/parse.ts'
import { ClusterDns, type ClusterDnsOptions } from './cluster-dns.ts'
import { DnsServer, lengthPrefixed, type Query, type Reply } from './dns-server.ts'
import type { Upstream } from './forwarder.ts'

const manifest = `
{ apiVersion: v1, kind: Namespace, metadata: { name: default } }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: default }
spec:
  clusterIP: 10.96.0.10
  clusterIPs: [10.96.0.10, 'fd00::a']
  ports: [{ name: http, protocol: TCP, port: 80 }, { protocol: TCP, port: 81 }]
---
apiVersion: v1
kind: Service
metadata: { name: pets, namespace: default }
spec: { clusterIP: None, clusterIPs: [None], ports: [{ name: http, protocol: TCP, port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: pets-1, namespace: default, labels: { kubernetes.io/service-name: pets } }
addressType: IPv4
ports: [{ name: http, protocol: TCP, port: 8080 }]
endpoints:
  - { addresses: [10.244.0.5], hostname: pet-0 }
  - { addresses: [10.244.0.6], conditions: { ready: true } }
  - { addresses: [10.244.0.7], hostname: pet-2, conditions: { ready: false } }
---
{ apiVersion: v1, kind: Service, metadata: { name: empty, namespace: default }, spec: { clusterIP: None } }
---
{ apiVersion: v1, kind: Service, metadata: { name: docs, namespace: default }, spec: { type: ExternalName, externalName: docs.example.com } }
---
{ apiVersion: v1, kind: Service, metadata: { name: alias, namespace: default }, spec: { type: ExternalName, externalName: web.default.svc.cluster.local } }
---
{ apiVersion: v1, kind: Service, metadata: { name: circle, namespace: default }, spec: { type: ExternalName, externalName: circle.default.svc.cluster.local } }
---
{ apiVersion: v1, kind: Pod, metadata: { name: one, namespace: default }, status: { podIPs: [{ ip: 10.244.0.5 }] } }
`

const running: { stop(): Promise<void> }[] = []
const { clock, ...env } = { ...settledEnv() }

async function startDns(options: Partial<ClusterDnsOptions> = {}): Promise<ClusterDns> {
  const client = createClient(new MemoryTransport())
  for (const object of parseYamlDocuments(manifest) as KubeObject[]) {
    const declaration = resources.find(({ kind }) => kind === object.kind) as ResourceDeclaration<KubeObject>
    await client.resource(declaration).namespace(object.metadata.namespace).create(object)
  }
  const listen = { address: '127.0.0.1', port: 0 }
  const dns = new ClusterDns({ client, env: { ...env, clock }, listen, upstreams: [], ...options })
  running.push(dns)
  await dns.start()
  await dns.synced()
  return dns
}

/** A resolver of another's names, that answers as it is told. */
async function startUpstream(reply: (query: Query) => Promise<Reply>): Promise<Upstream> {
  const server = new DnsServer({ env: { ...env, clock }, address: '127.0.0.1', port: 0, reply })
  running.push(server)
  await server.start()
  return { address: '127.0.0.1', port: server.port }
}

function askUdp(port: number, bytes: Uint8Array): Promise<DecodedPacket> {
  const socket = createSocket('udp4')
  return new Promise<DecodedPacket>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('message', answer => resolve(decode(answer)))
    socket.send(bytes, port, '127.0.0.1')
  }).finally(() => socket.close())
}

function askTcp(port: number, bytes: Uint8Array): Promise<DecodedPacket> {
  const socket = connect(port, '127.0.0.1')
  return new Promise<DecodedPacket>((resolve, reject) => {
    socket.on('error', reject)
    socket.once('data', answer => resolve(decode(answer.subarray(2))))
    // In two pieces: a stream has no packets.
    const message = lengthPrefixed(bytes)
    socket.write(message.subarray(0, 5))
    socket.write(message.subarray(5))
  }).finally(() => socket.destroy())
}

const query = (name: string, type: RecordType, extra: object = {}) =>
  encode({ type: 'query', id: 4711, flags: 1 << 8, questions: [{ name, type }], ...extra })

/** `TYPE data`, sorted; SRV as `port target`. */
const shown = (records: readonly Answer[] | undefined): string[] =>
  (records ?? [])
    .filter(({ type }) => type !== 'OPT')
    .map(record => {
      const { data } = record as { data: any }
      return `${record.type} ${record.type === 'SRV' ? `${data.port} ${data.target}` : record.type === 'SOA' ? data.mname : data}`
    })
    .sort()

const stopAll = async () => {
  for (const one of running.splice(0).reverse()) await one.stop()
}

describe('the names of a cluster', () => {
  let dns: ClusterDns
  beforeAll(async () => {
    dns = await startDns()
  })
  afterAll(stopAll)

  const pets = ['A 10.244.0.5', 'A 10.244.0.6']
  test.each<[string, RecordType, string, readonly string[]]>([
    ['web.default.svc', 'A', 'NOERROR', ['A 10.96.0.10']],
    ['WEB.Default.svc', 'A', 'NOERROR', ['A 10.96.0.10']],
    ['web.default.svc', 'AAAA', 'NOERROR', ['AAAA fd00::a']],
    ['web.default.svc', 'MX', 'NOERROR', []],
    ['_http._tcp.web.default.svc', 'SRV', 'NOERROR', ['SRV 80 web.default.svc.cluster.local']],
    ['_http._udp.web.default.svc', 'SRV', 'NXDOMAIN', []],
    ['_http._tcp.web.default.svc', 'A', 'NOERROR', []],
    ['_tcp.web.default.svc', 'A', 'NOERROR', []],
    ['pets.default.svc', 'A', 'NOERROR', pets],
    ['pets.default.svc', 'AAAA', 'NOERROR', []],
    ['pet-0.pets.default.svc', 'A', 'NOERROR', ['A 10.244.0.5']],
    ['10-244-0-6.pets.default.svc', 'A', 'NOERROR', ['A 10.244.0.6']],
    ['pet-2.pets.default.svc', 'A', 'NXDOMAIN', []],
    [
      '_http._tcp.pets.default.svc',
      'SRV',
      'NOERROR',
      ['SRV 8080 10-244-0-6.pets.default.svc.cluster.local', 'SRV 8080 pet-0.pets.default.svc.cluster.local'],
    ],
    ['empty.default.svc', 'A', 'NXDOMAIN', []],
    ['docs.default.svc', 'CNAME', 'NOERROR', ['CNAME docs.example.com']],
    ['docs.default.svc', 'A', 'NOERROR', ['CNAME docs.example.com']],
    ['alias.default.svc', 'A', 'NOERROR', ['A 10.96.0.10', 'CNAME web.default.svc.cluster.local']],
    ['circle.default.svc', 'A', 'SERVFAIL', []],
    ['absent.default.svc', 'A', 'NXDOMAIN', []],
    ['default.svc', 'A', 'NOERROR', []],
    ['absent.svc', 'A', 'NXDOMAIN', []],
    ['svc', 'A', 'NOERROR', []],
    ['a.b.c.d.web.default.svc', 'A', 'NXDOMAIN', []],
    ['1-2-3-4.default.pod', 'A', 'NOERROR', ['A 1.2.3.4']],
    ['fd00--5.default.pod', 'AAAA', 'NOERROR', ['AAAA fd00::5']],
    ['1-2-3-4.default.pod', 'AAAA', 'NOERROR', []],
    ['1-2-3-400.default.pod', 'A', 'NXDOMAIN', []],
    ['1-2-3-4.absent.pod', 'A', 'NXDOMAIN', []],
    ['dns-version', 'TXT', 'NOERROR', ['TXT 1.1.0']],
    ['other', 'A', 'NXDOMAIN', []],
  ])('%s %s: %s %j', async (name, type, rcode, answers) => {
    const full = `${name}.cluster.local`
    const answer = await askUdp(dns.port, query(full, type))
    expect([(answer as any).rcode, shown(answer.answers)]).toEqual([rcode, [...answers].sort()])
    expect(answer.questions![0]!.name).toBe(full)
    const nothing = answers.length === 0 && rcode !== 'SERVFAIL'
    expect(shown(answer.authorities)).toEqual(nothing ? ['SOA ns.dns.cluster.local'] : [])
  })

  test.each([
    ['10.96.0.10', ['web.default.svc.cluster.local']],
    ['fd00::a', ['web.default.svc.cluster.local']],
    ['10.244.0.5', ['pet-0.pets.default.svc.cluster.local']],
  ])('%s is %j', async (address, names) => {
    const resolver = new Resolver()
    resolver.setServers([`127.0.0.1:${dns.port}`])
    expect(await resolver.reverse(address)).toEqual(names)
  })

  test('the system resolver understands the answers', async () => {
    const resolver = new Resolver()
    resolver.setServers([`127.0.0.1:${dns.port}`])
    expect(await resolver.resolve4('web.default.svc.cluster.local', { ttl: true })).toEqual([
      { address: '10.96.0.10', ttl: 30 },
    ])
    expect(await resolver.resolveSrv('_http._tcp.web.default.svc.cluster.local')).toEqual([
      { name: 'web.default.svc.cluster.local', port: 80, priority: 0, weight: 100 },
    ])
    await expect(resolver.resolve4('absent.default.svc.cluster.local')).rejects.toMatchObject({ code: 'ENOTFOUND' })
    await expect(resolver.resolve6('pets.default.svc.cluster.local')).rejects.toMatchObject({ code: 'ENODATA' })
  })

  test('SRV answers bring the addresses along', async () => {
    const answer = await askUdp(dns.port, query('_http._tcp.web.default.svc.cluster.local', 'SRV'))
    expect(shown(answer.additionals)).toEqual(['A 10.96.0.10', 'AAAA fd00::a'])
  })

  test('are the same over TCP', async () => {
    const answer = await askTcp(dns.port, query('pets.default.svc.cluster.local', 'A'))
    expect(shown(answer.answers)).toEqual(pets)
    expect(answer.id).toBe(4711)
  })

  test('names of others are a failure where there is no resolver to ask', async () => {
    expect(await askUdp(dns.port, query('example.com', 'A'))).toMatchObject({ rcode: 'SERVFAIL' })
  })

  test.each([
    ['no question', encode({ type: 'query', id: 1 }), 'FORMERR'],
    ['a broken name', Buffer.concat([query('x', 'A').subarray(0, 12), Buffer.from([63, 1, 2])]), 'FORMERR'],
    ['another opcode', query('x', 'A', { flags: 4 << 11 }), 'NOTIMP'],
    ['another class', encode({ type: 'query', questions: [{ name: 'x', type: 'A', class: 'CH' }] }), 'REFUSED'],
  ])('%s: %s', async (_, bytes, rcode) => {
    expect(await askUdp(dns.port, bytes)).toMatchObject({ rcode })
  })
})

test('verified: only pods that there are have names', async () => {
  const dns = await startDns({ podNames: 'verified' })
  const rcode = async (name: string) => ((await askUdp(dns.port, query(name, 'A'))) as any).rcode
  expect(await rcode('10-244-0-5.default.pod.cluster.local')).toBe('NOERROR')
  expect(await rcode('10-244-0-9.default.pod.cluster.local')).toBe('NXDOMAIN')
})

describe('other names', () => {
  afterEach(stopAll)
  const many = Array.from(
    { length: 30 },
    (_, index): Answer => ({ type: 'A', name: 'many.example.com', ttl: 5, data: `192.0.2.${index}` }),
  )

  test('are asked of the next resolver when the first does not know', async () => {
    let asked = 0
    const broken = await startUpstream(async () => {
      asked++
      return new Uint8Array(0)
    })
    const good = await startUpstream(async ({ question }) => ({
      rcode: 'NOERROR',
      answers: [{ type: 'A', name: question.name, ttl: 5, data: '192.0.2.1' }],
    }))
    const dns = await startDns({ upstreams: [broken, good] })
    const answer = askUdp(dns.port, query('www.example.com', 'A'))
    await expect.poll(() => asked).toBe(1)
    await clock.advance(2_100)
    expect(shown((await answer).answers)).toEqual(['A 192.0.2.1'])
    expect((await answer).id).toBe(4711)
  })

  test('an ExternalName brings what its target has', async () => {
    const upstream = await startUpstream(async ({ question }) => ({
      rcode: 'NOERROR',
      answers: [{ type: 'A', name: question.name, ttl: 5, data: '192.0.2.1' }],
    }))
    const dns = await startDns({ upstreams: [upstream] })
    const answer = await askUdp(dns.port, query('docs.default.svc.cluster.local', 'A'))
    expect(shown(answer.answers)).toEqual(['A 192.0.2.1', 'CNAME docs.example.com'])
  })

  test('what does not fit in a datagram is cut, and whole over TCP', async () => {
    const upstream = await startUpstream(async () => ({ rcode: 'NOERROR', answers: many }))
    const dns = await startDns({ upstreams: [upstream] })
    const cut = await askUdp(dns.port, query('many.example.com', 'A'))
    expect([cut.flag_tc, cut.answers]).toEqual([true, []])
    const edns = { additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 4096, flags: 0, options: [] }] }
    expect((await askUdp(dns.port, query('many.example.com', 'A', edns))).answers).toHaveLength(30)
    expect((await askTcp(dns.port, query('many.example.com', 'A'))).answers).toHaveLength(30)
  })

  test('a resolver that asks us back is asked once', async () => {
    let asked = 0
    let port = 0
    const loop = await startUpstream(async ({ bytes }) => {
      asked++
      return encode((await askUdp(port, bytes)) as any)
    })
    const dns = await startDns({ upstreams: [loop] })
    port = dns.port
    const answer = askUdp(dns.port, query('loop.example.com', 'A'))
    await expect.poll(() => asked).toBe(1)
    await clock.advance(2_500)
    expect(await answer).toMatchObject({ rcode: 'SERVFAIL' })
    expect(asked).toBe(1)
  })
})

test('a port that is taken is an error, and nothing is left open', async () => {
  const first = await startDns()
  const listen = { address: '127.0.0.1', port: first.port }
  await expect(startDns({ listen })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await stopAll()
  await startDns({ listen })
  await stopAll()
})
