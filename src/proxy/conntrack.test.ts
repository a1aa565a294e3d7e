import { expect, test } from 'vitest'
import type { Service } from '../api/core/v1/service.ts'
import type { EndpointSlice } from '../api/discovery/v1/endpointslice.ts'
import { parseFlows, staleFlows, udpEndpoints } from './conntrack.ts'

const service = {
  metadata: { namespace: 'default', name: 'dns' },
  spec: {
    clusterIPs: ['10.96.0.10'],
    externalIPs: ['192.0.2.1'],
    ports: [
      { name: 'dns', port: 53, targetPort: 5353, protocol: 'UDP', nodePort: 30053 },
      { name: 'dns-tcp', port: 53, targetPort: 5353, protocol: 'TCP' },
    ],
  },
  status: { loadBalancer: { ingress: [{ ip: '192.0.2.2' }, { ip: '192.0.2.3', ipMode: 'Proxy' }] } },
} as Service

const slice = (endpoints: EndpointSlice['endpoints'], port = 5353) =>
  ({
    metadata: { namespace: 'default', name: 'dns-1', labels: { 'kubernetes.io/service-name': 'dns' } },
    addressType: 'IPv4',
    ports: [{ name: 'dns', port, protocol: 'UDP' }],
    endpoints,
  }) as unknown as EndpointSlice

const line = (to: string, port: number, answeredBy: string, answeringPort: number) =>
  `udp      17 29 src=10.244.1.9 dst=${to} sport=4000 dport=${port} [UNREPLIED] src=${answeredBy} dst=10.244.1.9 sport=${answeringPort} dport=4000 mark=0 use=1`

const ready = (address: string) => ({ addresses: [address], conditions: {} })
const draining = { addresses: ['10.244.1.3'], conditions: { ready: false, serving: true, terminating: true } }
const broken = { addresses: ['10.244.1.4'], conditions: { ready: false } }

test.each<[string, EndpointSlice, string, boolean]>([
  ['a flow to an endpoint', slice([ready('10.244.1.2')]), line('10.96.0.10', 53, '10.244.1.2', 5353), false],
  ['to one that is gone', slice([ready('10.244.1.2')]), line('10.96.0.10', 53, '10.244.1.7', 5353), true],
  [
    'to a port that is another now',
    slice([ready('10.244.1.2')], 9090),
    line('10.96.0.10', 53, '10.244.1.2', 5353),
    true,
  ],
  ['to one that ends but answers', slice([draining]), line('10.96.0.10', 53, '10.244.1.3', 5353), false],
  ['to one that does not', slice([ready('10.244.1.2'), broken]), line('10.96.0.10', 53, '10.244.1.4', 5353), true],
  ['that began before there was any', slice([ready('10.244.1.2')]), line('10.96.0.10', 53, '10.96.0.10', 53), true],
  ['of a Service without endpoints', slice([]), line('10.96.0.10', 53, '10.244.1.7', 5353), false],
  ['by an external address', slice([ready('10.244.1.2')]), line('192.0.2.1', 53, '10.244.1.7', 5353), true],
  ['by a load balancer', slice([ready('10.244.1.2')]), line('192.0.2.2', 53, '10.244.1.7', 5353), true],
  ['by one that is a proxy', slice([ready('10.244.1.2')]), line('192.0.2.3', 53, '10.244.1.7', 5353), false],
  ['by a port of the nodes', slice([ready('10.244.1.2')]), line('172.31.0.2', 30053, '10.244.1.7', 5353), true],
  ['to somebody else', slice([ready('10.244.1.2')]), line('8.8.8.8', 53, '8.8.8.8', 53), false],
])('%s', (_, endpointSlice, text, stale) => {
  const flows = parseFlows(`${text}\n`)
  expect(flows).toHaveLength(1)
  expect(staleFlows(flows, udpEndpoints([service], [endpointSlice], 'ip', 'here'))).toHaveLength(stale ? 1 : 0)
})
