import { describe, expect, test } from 'vitest'
import type { Service } from '../api/core/v1/service.ts'
import type { EndpointSlice } from '../api/discovery/v1/endpointslice.ts'
import { transaction } from './nft-transaction.ts'
import { buildRuleset, type Ruleset, type RulesetOptions } from './ruleset.ts'

const node: RulesetOptions = { nodeName: 'here', clusterCIDR: '10.244.0.0/16' }

function service(spec: Partial<Service['spec']> = {}, status: object = {}, labels?: Record<string, string>): Service {
  return {
    metadata: { namespace: 'ns', name: 'web', labels },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.10',
      clusterIPs: ['10.96.0.10'],
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }],
      ...spec,
    },
    status,
  } as Service
}

interface Conditions {
  readonly ready?: boolean
  readonly serving?: boolean
  readonly terminating?: boolean
}

type TestEndpoint = readonly [address: string, node?: string, conditions?: Conditions]

/** Endpoints of `ns/web`: address, node and conditions. */
function slice(...endpoints: readonly TestEndpoint[]) {
  return {
    metadata: { namespace: 'ns', name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: endpoints[0]?.[0].includes(':') ? 'IPv6' : 'IPv4',
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
    endpoints: endpoints.map(([address, nodeName = 'there', conditions = {}]) => ({
      addresses: [address],
      nodeName,
      conditions,
    })),
  } as unknown as EndpointSlice
}

const build = (of: Service, endpoints: EndpointSlice, options = node) => buildRuleset([of], [endpoints], options)

/** A set's or map's elements, as nft prints them; the hashes in names are left out. */
function elements(ruleset: Ruleset, name: string): string[] {
  const { elements: found } = ruleset.sets.find(set => set.name === name)!
  return [...found].map(([key, value]) => (value ? `${key} : ${unhashed(value)}` : key))
}

const unhashed = (text: string) => text.replaceAll(/-[0-9A-F]{8}-/g, '-')

/** The rules of the one chain of this kind. */
function chain(ruleset: Ruleset, kind: string): string[] | undefined {
  const found = ruleset.chains.filter(({ name, hook }) => !hook && unhashed(name).startsWith(`${kind}-ns/web`))
  expect(found.length).toBeLessThan(2)
  return found[0]?.rules.map(unhashed)
}

const endpointsOf = (ruleset: Ruleset) =>
  ruleset.chains.flatMap(({ name }) => /^endpoint-.*__(.*)\/\d+$/.exec(name)?.[1] ?? [])

describe('a cluster IP', () => {
  test('leads to one of its endpoints by chance', () => {
    const ruleset = build(service(), slice(['10.244.0.5'], ['10.244.1.6']))
    expect(elements(ruleset, 'service-ips')).toEqual(['10.96.0.10 . tcp . 80 : goto service-ns/web/tcp/http'])
    expect(chain(ruleset, 'service')).toEqual([
      'ip daddr 10.96.0.10 tcp dport 80 ip saddr != 10.244.0.0/16 jump mark-for-masquerade',
      'numgen random mod 2 vmap { 0 : goto endpoint-ns/web/tcp/http__10.244.0.5/8080, 1 : goto endpoint-ns/web/tcp/http__10.244.1.6/8080 }',
    ])
    expect(elements(ruleset, 'cluster-ips')).toEqual(['10.96.0.10'])
    expect(elements(ruleset, 'no-endpoint-services')).toEqual([])
  })

  test('masquerades a pod that reaches itself', () => {
    expect(chain(build(service(), slice(['10.244.0.5'])), 'endpoint')).toEqual([
      'ip saddr 10.244.0.5 jump mark-for-masquerade',
      'meta l4proto tcp dnat to 10.244.0.5:8080',
    ])
  })

  test.each([
    ['nothing when the pods are not known', { nodeName: 'here' }, []],
    [
      'everything on request',
      { ...node, masqueradeAll: true },
      ['ip daddr 10.96.0.10 tcp dport 80 jump mark-for-masquerade'],
    ],
  ])('masquerades %s', (_, options, expected) => {
    expect(chain(build(service(), slice(['10.244.0.5']), options), 'service')!.slice(0, -1)).toEqual(expected)
  })

  test('in IPv6', () => {
    const dual = service({ clusterIPs: ['10.96.0.10', 'fd00::a'] })
    const ruleset = build(dual, slice(['fd01::5']), { nodeName: 'here', family: 'ip6', clusterCIDR: 'fd01::/64' })
    expect(elements(ruleset, 'service-ips')).toEqual(['fd00::a . tcp . 80 : goto service-ns/web/tcp/http'])
    expect(chain(ruleset, 'endpoint')).toContain('meta l4proto tcp dnat to [fd01::5]:8080')
  })

  test.each([
    ['headless', { clusterIP: 'None', clusterIPs: ['None'] }, undefined],
    ['an external name', { type: 'ExternalName' as const, clusterIP: '', clusterIPs: [] }, undefined],
    ['not allocated yet', { clusterIP: '', clusterIPs: [] }, undefined],
    ["another proxy's", {}, { 'service.kubernetes.io/service-proxy-name': 'other' }],
  ])('is not there for what is %s', (_, spec, labels) => {
    const ruleset = build(service(spec, {}, labels), slice(['10.244.0.5']))
    expect(ruleset.sets.flatMap(set => [...set.elements])).toEqual([])
  })
})

describe('which endpoints', () => {
  const draining = { ready: false, serving: true, terminating: true }
  test.each<[string, TestEndpoint[], string[]]>([
    ['conditions that are not said mean ready', [['10.0.0.1']], ['10.0.0.1']],
    ['only ready ones', [['10.0.0.1'], ['10.0.0.2', 'there', { ready: false }]], ['10.0.0.1']],
    ['not the draining while one is ready', [['10.0.0.1'], ['10.0.0.2', 'there', draining]], ['10.0.0.1']],
    ['the draining when none is', [['10.0.0.2', 'there', draining]], ['10.0.0.2']],
    ['not what no longer serves', [['10.0.0.2', 'there', { ...draining, serving: false }]], []],
    ['one address once', [['10.0.0.1'], ['10.0.0.1']], ['10.0.0.1']],
  ])('%s', (_, endpoints, expected) => {
    expect(endpointsOf(build(service(), slice(...endpoints)))).toEqual(expected)
  })

  test('none: refused, at every address of the Service', () => {
    const ruleset = build(
      service({
        type: 'NodePort',
        externalIPs: ['192.0.2.1'],
        ports: [{ name: 'http', port: 80, nodePort: 30080 }] as any,
      }),
      slice(),
    )
    expect(elements(ruleset, 'no-endpoint-services')).toEqual([
      '10.96.0.10 . tcp . 80 : goto reject-chain',
      '192.0.2.1 . tcp . 80 : goto reject-chain',
    ])
    expect(elements(ruleset, 'no-endpoint-nodeports')).toEqual(['tcp . 30080 : goto reject-chain'])
    expect(elements(ruleset, 'service-ips')).toEqual([])
  })
})

describe('from outside', () => {
  const spec = {
    type: 'LoadBalancer' as const,
    externalIPs: ['192.0.2.1'],
    ports: [{ name: 'http', protocol: 'TCP' as const, port: 80, targetPort: 8080, nodePort: 30080 }],
  }
  const status = { loadBalancer: { ingress: [{ ip: '203.0.113.1' }, { ip: '203.0.113.2', ipMode: 'Proxy' }] } }

  test('node ports, external IPs and load balancer IPs go anywhere, masqueraded', () => {
    const ruleset = build(service(spec, status), slice(['10.244.0.5']))
    expect(elements(ruleset, 'service-ips')).toEqual([
      '10.96.0.10 . tcp . 80 : goto service-ns/web/tcp/http',
      '192.0.2.1 . tcp . 80 : goto external-ns/web/tcp/http',
      '203.0.113.1 . tcp . 80 : goto external-ns/web/tcp/http',
    ])
    expect(elements(ruleset, 'service-nodeports')).toEqual(['tcp . 30080 : goto external-ns/web/tcp/http'])
    expect(chain(ruleset, 'external')).toEqual(['jump mark-for-masquerade', 'goto service-ns/web/tcp/http'])
  })

  test('externalTrafficPolicy Local keeps the source, and to this node', () => {
    const local = service({ ...spec, externalTrafficPolicy: 'Local' }, status)
    const ruleset = build(local, slice(['10.244.0.5', 'here'], ['10.244.1.6', 'there']))
    expect(chain(ruleset, 'external')).toEqual([
      'ip saddr 10.244.0.0/16 goto service-ns/web/tcp/http',
      'fib saddr type local jump mark-for-masquerade',
      'fib saddr type local goto service-ns/web/tcp/http',
      'goto local-ns/web/tcp/http',
    ])
    expect(chain(ruleset, 'local')).toEqual([
      'numgen random mod 1 vmap { 0 : goto endpoint-ns/web/tcp/http__10.244.0.5/8080 }',
    ])
  })

  test('and is dropped where this node has no endpoint but another has', () => {
    const local = service({ ...spec, externalTrafficPolicy: 'Local' }, status)
    const ruleset = build(local, slice(['10.244.1.6', 'there']))
    expect(elements(ruleset, 'no-endpoint-nodeports')).toEqual(['tcp . 30080 : drop'])
    expect(elements(ruleset, 'no-endpoint-services')).toEqual([
      '192.0.2.1 . tcp . 80 : drop',
      '203.0.113.1 . tcp . 80 : drop',
    ])
  })

  test('internalTrafficPolicy Local keeps pods to this node', () => {
    const local = service({ internalTrafficPolicy: 'Local' })
    const here = build(local, slice(['10.244.0.5', 'here'], ['10.244.1.6', 'there']))
    expect(elements(here, 'service-ips')).toEqual(['10.96.0.10 . tcp . 80 : goto local-ns/web/tcp/http'])
    expect(chain(here, 'service')).toBeUndefined()
    const elsewhere = build(local, slice(['10.244.1.6', 'there']))
    expect(elements(elsewhere, 'no-endpoint-services')).toEqual(['10.96.0.10 . tcp . 80 : drop'])
  })

  test('loadBalancerSourceRanges are a firewall before the load balancer address', () => {
    const ranged = service({ ...spec, loadBalancerSourceRanges: ['198.51.100.0/24', ' 192.0.2.0/24'] }, status)
    const ruleset = build(ranged, slice(['10.244.0.5']))
    expect(elements(ruleset, 'firewall-ips')).toEqual(['203.0.113.1 . tcp . 80 : goto firewall-ns/web/tcp/http'])
    expect(chain(ruleset, 'firewall')).toEqual(['ip saddr != { 198.51.100.0/24, 192.0.2.0/24 } drop'])
  })
})

test('session affinity: the endpoint a client had, for as long as it says', () => {
  const sticky = service({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } })
  const ruleset = build(sticky, slice(['10.244.0.5']))
  expect(chain(ruleset, 'service')!.slice(1)).toEqual([
    'ip saddr @affinity-ns/web/tcp/http__10.244.0.5/8080 goto endpoint-ns/web/tcp/http__10.244.0.5/8080',
    'numgen random mod 1 vmap { 0 : goto endpoint-ns/web/tcp/http__10.244.0.5/8080 }',
  ])
  expect(chain(ruleset, 'endpoint')).toContain('update @affinity-ns/web/tcp/http__10.244.0.5/8080 { ip saddr }')
  expect(ruleset.sets.at(-1)).toMatchObject({
    declaration: 'type ipv4_addr; flags dynamic, timeout; timeout 60s;',
    elements: new Map(),
  })
})

test('no name is longer than nftables takes, and long ones stay apart', () => {
  const [one, two] = ['a', 'b'].map(end => {
    const name = `${'long-name-'.repeat(6)}${end}`
    const of = service()
    const labels = { 'kubernetes.io/service-name': name }
    const endpoints = slice(['10.244.0.5'])
    const metadata = { ...of.metadata, namespace: 'n'.repeat(63), name }
    return buildRuleset(
      [{ ...of, metadata }],
      [{ ...endpoints, metadata: { ...endpoints.metadata, namespace: metadata.namespace, labels } }],
      node,
    )
  })
  const names = (ruleset: Ruleset) => ruleset.chains.filter(({ hook }) => !hook).map(({ name }) => name)
  expect(Math.max(...names(one!).map(name => name.length))).toBeLessThan(128)
  expect(
    names(one!).filter(name => /^(service|endpoint)-[0-9A-F]{8}/.test(name) && names(two!).includes(name)),
  ).toEqual([])
})

describe('a transaction', () => {
  const first = build(service(), slice(['10.244.0.5']))

  test('replaces whatever is there, the first time', () => {
    const { text } = transaction(first, undefined)
    expect(text.split('\n').slice(0, 3)).toEqual([
      'add table ip kube-proxy',
      'delete table ip kube-proxy',
      'add table ip kube-proxy',
    ])
  })

  test('is empty when nothing has changed', () => {
    const { after } = transaction(first, undefined)
    expect(transaction(build(service(), slice(['10.244.0.5'])), after).text).toBe('')
  })

  test('has only what has changed, and removes a chain one transaction after its last use', () => {
    const { after } = transaction(first, undefined)
    const second = build(service(), slice(['10.244.0.6']))
    const moved = transaction(second, after)
    expect(unhashed(moved.text).trim().split('\n')).toEqual([
      'add chain ip kube-proxy endpoint-ns/web/tcp/http__10.244.0.6/8080',
      'add rule ip kube-proxy endpoint-ns/web/tcp/http__10.244.0.6/8080 ip saddr 10.244.0.6 jump mark-for-masquerade',
      'add rule ip kube-proxy endpoint-ns/web/tcp/http__10.244.0.6/8080 meta l4proto tcp dnat to 10.244.0.6:8080',
      'flush chain ip kube-proxy service-ns/web/tcp/http',
      'add rule ip kube-proxy service-ns/web/tcp/http ip daddr 10.96.0.10 tcp dport 80 ip saddr != 10.244.0.0/16 jump mark-for-masquerade',
      'add rule ip kube-proxy service-ns/web/tcp/http numgen random mod 1 vmap { 0 : goto endpoint-ns/web/tcp/http__10.244.0.6/8080 }',
      'flush chain ip kube-proxy endpoint-ns/web/tcp/http__10.244.0.5/8080',
    ])
    expect(unhashed(transaction(second, moved.after).text)).toBe(
      'delete chain ip kube-proxy endpoint-ns/web/tcp/http__10.244.0.5/8080\n',
    )
  })

  test('moves a map element from the one verdict to the other', () => {
    const { after } = transaction(first, undefined)
    const { text } = transaction(build(service(), slice()), after)
    expect(unhashed(text)).toContain(
      'delete element ip kube-proxy service-ips { 10.96.0.10 . tcp . 80 : goto service-ns/web/tcp/http }\n' +
        'add element ip kube-proxy no-endpoint-services { 10.96.0.10 . tcp . 80 : goto reject-chain }\n',
    )
  })
})
