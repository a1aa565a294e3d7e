import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../machinery/env/virtual-env.ts'
import type { StatusError } from '../../machinery/status-error.ts'
import { requestInfo } from '../request-info.ts'
import { nodeProxyTarget, pathBelow, podProxyTarget, proxyName, serviceProxyTarget } from './proxy-targets.ts'

const refusal = (attempt: () => unknown): [number, string] => {
  try {
    attempt()
  } catch (error) {
    const { code, message } = error as StatusError
    return [code, message]
  }
  throw new Error('was not refused')
}

describe('the name of what is proxied to', () => {
  it.each([
    ['web', { scheme: '', name: 'web', port: '' }],
    ['web:80', { scheme: '', name: 'web', port: '80' }],
    ['web:http', { scheme: '', name: 'web', port: 'http' }],
    ['https:web:443', { scheme: 'https', name: 'web', port: '443' }],
    ['http:web:', { scheme: 'http', name: 'web', port: '' }],
    [':web:80', { scheme: '', name: 'web', port: '80' }],
  ])('%s', (id, expected) => {
    expect(proxyName('pod', id)).toEqual(expected)
  })

  it.each(['', ':80', 'ftp:web:80', 'a:b:c:d'])('%j is none', id => {
    expect(refusal(() => proxyName('service', id))).toEqual([400, `invalid service request ${JSON.stringify(id)}`])
  })
})

describe('the path below', () => {
  it.each([
    ['proxy', ''],
    ['proxy/', '/'],
    ['proxy/some/path', '/some/path'],
    ['proxy/some/path/', '/some/path/'],
    ['proxy/proxy/x', '/proxy/x'],
    ['proxy//two', '/two'],
    ['proxy/a//b', '/a//b'],
    ['proxy/a%20b%2Fc%3F', '/a%20b/c%3F'],
    ['proxy/caf\u00e9(1)', '/caf%C3%A9%281%29'],
  ])('%s', (below, expected) => {
    // Of a pod whose namespace and name look like the subresource.
    const path = `/api/v1/namespaces/proxy-1/pods/proxy/${below}`
    expect(pathBelow(requestInfo('GET', path, new URLSearchParams()))).toBe(expected)
  })
})

describe('a pod', () => {
  const pod = (ip?: string, ports?: object[]) =>
    ({
      spec: { containers: [{ name: 'sidecar' }, { name: 'main', ports }] },
      status: { podIPs: ip === undefined ? [] : [{ ip }] },
    }) as never

  it.each([
    ['web', [{ containerPort: 8080 }], 'http', 8080],
    ['web', undefined, 'http', 80],
    ['https:web:', undefined, 'https', 443],
    ['https:web:8443', [{ containerPort: 8080 }], 'https', 8443],
  ])('%s with ports %j', (id, ports, scheme, port) => {
    const target = podProxyTarget(pod('10.244.0.5', ports), proxyName('pod', id))
    expect(target).toEqual({ scheme, host: '10.244.0.5', port })
  })

  it.each([
    undefined,
    '127.0.0.1',
    '169.254.1.1',
    '0.0.0.0',
    '224.0.0.1',
    '::1',
    'fe80::1',
    '::ffff:127.0.0.1',
    'host',
  ])('may not be at %s', ip => {
    expect(refusal(() => podProxyTarget(pod(ip), proxyName('pod', 'web')))).toEqual([400, 'address not allowed'])
  })

  it('has no port by name', () => {
    expect(refusal(() => podProxyTarget(pod('10.244.0.5'), proxyName('pod', 'web:http')))).toEqual([
      400,
      'invalid port "http"',
    ])
  })
})

describe('a node', () => {
  const node = {
    metadata: { name: 'n1' },
    status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] },
  } as never

  it.each([
    ['n1', { scheme: 'https', host: '10.0.0.1', port: 10250, node: 'n1' }],
    ['n1:10250', { scheme: 'https', host: '10.0.0.1', port: 10250, node: 'n1' }],
    ['http:n1:9100', { scheme: 'http', host: '10.0.0.1', port: 9100 }],
  ])('%s', (id, expected) => {
    expect(nodeProxyTarget(node, proxyName('node', id))).toEqual(expected)
  })
})

describe('a service', () => {
  const ports = [
    { name: 'http', port: 80 },
    { name: 'metrics', port: 9000 },
  ]
  const endpoints = [
    {
      addresses: [{ ip: '10.244.0.5' }, { ip: '10.244.0.6' }, { ip: '10.244.0.99' }],
      ports: [{ name: 'http', port: 8080 }],
    },
    { notReadyAddresses: [{ ip: '10.244.0.7' }], ports: [{ name: 'metrics', port: 9090 }] },
  ]
  const random = new SeededRandom(1)
  const reach = (id: string, to: readonly object[] = endpoints) =>
    serviceProxyTarget(
      { ports: () => ports as never, subsets: () => to as never, isOfPod: ({ ip }) => ip !== '10.244.0.99' },
      proxyName('service', id),
      random,
    )

  it('is one of its ready endpoints that are pods, by the name of the port or the number', () => {
    for (const id of ['web:http', 'web:80', 'http:web:http']) {
      const hosts = new Set(Array.from({ length: 50 }, () => reach(id).host))
      expect([...hosts].sort()).toEqual(['10.244.0.5', '10.244.0.6'])
      expect(reach(id)).toMatchObject({ scheme: 'http', port: 8080 })
    }
  })

  it.each([
    ['web:81', endpoints, 'no service port 81 found for service "web"'],
    ['web:metrics', endpoints, 'no endpoints available for service "web:metrics"'],
    ['web', endpoints, 'no endpoints available for service "web"'],
    ['web:http', [], 'no endpoints available for service "web"'],
  ])('%s has none', (id, to, message) => {
    expect(refusal(() => reach(id, to))).toEqual([503, message])
  })
})
