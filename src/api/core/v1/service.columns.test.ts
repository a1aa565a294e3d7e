import { expect, test } from 'vitest'
import { serviceCells } from './service.columns.ts'

const now = Date.parse('2026-01-02T00:00:00Z')
const service = (spec: object, ingress?: object[]): any => ({
  metadata: { name: 's', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec,
  status: { loadBalancer: ingress ? { ingress } : {} },
})
const ip = { clusterIP: '10.96.0.5', clusterIPs: ['10.96.0.5'] }
const http = { port: 80, protocol: 'TCP' }

test.each<[string, any, unknown[]]>([
  [
    'inside the cluster',
    service({ type: 'ClusterIP', ...ip, ports: [http] }),
    ['ClusterIP', '10.96.0.5', '<none>', '80/TCP'],
  ],
  [
    'headless, without ports',
    service({ type: 'ClusterIP', clusterIP: 'None', clusterIPs: ['None'] }),
    ['ClusterIP', 'None', '<none>', '<none>'],
  ],
  [
    'with external addresses',
    service({ type: 'ClusterIP', ...ip, externalIPs: ['1.1.1.1', '2.2.2.2'], ports: [http] }),
    ['ClusterIP', '10.96.0.5', '1.1.1.1,2.2.2.2', '80/TCP'],
  ],
  [
    'on node ports',
    service({
      type: 'NodePort',
      ...ip,
      ports: [
        { ...http, nodePort: 30080 },
        { port: 53, protocol: 'UDP' },
      ],
    }),
    ['NodePort', '10.96.0.5', '<none>', '80:30080/TCP,53/UDP'],
  ],
  [
    'waiting for its load balancer',
    service({ type: 'LoadBalancer', ...ip, ports: [http] }),
    ['LoadBalancer', '10.96.0.5', '<pending>', '80/TCP'],
  ],
  [
    'behind a load balancer',
    service({ type: 'LoadBalancer', ...ip, ports: [http] }, [
      { ip: '3.3.3.3' },
      { hostname: 'a.example.com' },
      { ip: '3.3.3.3' },
    ]),
    ['LoadBalancer', '10.96.0.5', '3.3.3.3,a.example.com', '80/TCP'],
  ],
  [
    'behind a load balancer, with external addresses',
    service({ type: 'LoadBalancer', ...ip, externalIPs: ['1.1.1.1'], ports: [http] }, [{ ip: '3.3.3.3' }]),
    ['LoadBalancer', '10.96.0.5', '3.3.3.3,1.1.1.1', '80/TCP'],
  ],
  [
    'elsewhere',
    service({ type: 'ExternalName', externalName: 'example.com' }),
    ['ExternalName', '<none>', 'example.com', '<none>'],
  ],
])('a service %s', (_, object, cells) => {
  expect(serviceCells(object, now)).toEqual(['s', ...cells, '24h', '<none>'])
})

test('the wide column is the selector', () => {
  expect(serviceCells(service({ selector: { tier: 'web', app: 'x' } }), now).at(-1)).toBe('app=x,tier=web')
})
