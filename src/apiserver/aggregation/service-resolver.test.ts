import { describe, expect, it } from 'vitest'
import { virtualEnv } from '../../machinery/env/virtual-env.ts'
import type { StatusError } from '../../machinery/status-error.ts'
import type { Registry } from '../registry/registry.ts'
import { serviceResolver } from './service-resolver.ts'

const { random } = virtualEnv()
const reference = { namespace: 'system', name: 'metrics', port: 443 }

function resolve(spec: object | undefined, ...slices: object[]) {
  const objects = slices.map(slice => ({
    object: { metadata: { labels: { 'kubernetes.io/service-name': 'metrics' } }, addressType: 'IPv4', ...slice },
  }))
  const storages: Record<string, object> = {
    services: {
      get: () => spec && { object: { spec: { type: 'ClusterIP', ports: [{ name: 'https', port: 443 }], ...spec } } },
    },
    'endpointslices.discovery.k8s.io': { keyPrefix: () => '', cache: { range: () => objects } },
  }
  const registry = { storage: (name: string) => storages[name] } as unknown as Registry
  const { resolve: find } = serviceResolver(registry, random)
  try {
    const { host, port } = find(reference)
    return `${host} ${port}`
  } catch (error) {
    return (error as StatusError).message
  }
}

const ports = [{ name: 'https', port: 8443 }]
const at = (address: string, ready?: boolean) => ({ addresses: [address], conditions: { ready } })

describe('the server behind a Service', () => {
  it.each<[string, object | undefined, object[], string]>([
    ['is one of its endpoints', {}, [{ ports, endpoints: [at('10.0.0.1', true)] }], '10.0.0.1 8443'],
    ['may be one that does not say that it is ready', {}, [{ ports, endpoints: [at('10.0.0.1')] }], '10.0.0.1 8443'],
    [
      'is not one that is not ready',
      {},
      [{ ports, endpoints: [at('10.0.0.1', false), at('10.0.0.2', true)] }],
      '10.0.0.2 8443',
    ],
    [
      'has the port of that name',
      {},
      [{ ports: [{ name: 'http', port: 80 }, ...ports], endpoints: [at('10.0.0.1')] }],
      '10.0.0.1 8443',
    ],
    [
      'may be in another slice',
      {},
      [
        { ports, endpoints: [] },
        { ports, endpoints: [at('10.0.0.3')] },
      ],
      '10.0.0.3 8443',
    ],
    [
      'is of the first family',
      { ipFamilies: ['IPv6', 'IPv4'] },
      [
        { ports, endpoints: [at('10.0.0.1')] },
        { ports, addressType: 'IPv6', endpoints: [at('fd00::1')] },
      ],
      'fd00::1 8443',
    ],
    [
      'needs no address of the Service',
      { clusterIP: 'None' },
      [{ ports, endpoints: [at('10.0.0.1')] }],
      '10.0.0.1 8443',
    ],
    [
      'may have a name',
      { type: 'ExternalName', externalName: 'metrics.example.com', ports: undefined },
      [],
      'metrics.example.com 443',
    ],
    ['is nowhere without the Service', undefined, [], 'service "metrics" not found'],
    ['is nowhere without the port', { ports: [{ port: 80 }] }, [], 'no service port 443 found for service "metrics"'],
    ['is nowhere without endpoints', {}, [], 'no endpoints available for service "metrics"'],
    [
      'is nowhere when none is ready',
      {},
      [{ ports, endpoints: [at('10.0.0.1', false)] }],
      'no endpoints available for service "metrics"',
    ],
  ])('%s', (_name, spec, slices, expected) => {
    expect(resolve(spec, ...slices)).toBe(expected)
  })

  it('is another one each time', () => {
    const slice = { ports, endpoints: [at('10.0.0.1'), at('10.0.0.2')] }
    expect(new Set(Array.from({ length: 32 }, () => resolve({}, slice))).size).toBe(2)
  })
})
