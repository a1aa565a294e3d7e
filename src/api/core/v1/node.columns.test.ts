import { expect, test } from 'vitest'
import { nodeCells } from './node.columns.ts'

const now = Date.parse('2026-01-02T00:00:00Z')
const ready = (status: string) => ({ conditions: [{ type: 'Ready', status }] })
const node = (of: { labels?: object; spec?: object; status?: object }): any => ({
  metadata: { name: 'n', creationTimestamp: '2026-01-01T00:00:00Z', labels: of.labels },
  spec: of.spec ?? {},
  status: { nodeInfo: { kubeletVersion: 'v1.36.0' }, ...of.status },
})

test.each<[object, string, string]>([
  [{ status: ready('True') }, 'Ready', '<none>'],
  [{ status: ready('False') }, 'NotReady', '<none>'],
  [{ status: ready('Unknown') }, 'NotReady', '<none>'],
  [{}, 'Unknown', '<none>'],
  [{ status: ready('True'), spec: { unschedulable: true } }, 'Ready,SchedulingDisabled', '<none>'],
  [{ labels: { 'node-role.kubernetes.io/control-plane': '' } }, 'Unknown', 'control-plane'],
  [
    {
      labels: {
        'node-role.kubernetes.io/worker': 'x',
        'kubernetes.io/role': 'db',
        'node-role.kubernetes.io/': '',
        a: 'b',
      },
    },
    'Unknown',
    'db,worker',
  ],
])('%j', (of, status, roles) => {
  expect(nodeCells(node(of), now).slice(0, 5)).toEqual(['n', status, roles, '24h', 'v1.36.0'])
})

test('the wide columns of a node', () => {
  expect(nodeCells(node({}), now).slice(5)).toEqual(['<none>', '<none>', '<unknown>', '<unknown>', '<unknown>'])
  const status = {
    addresses: [
      { type: 'Hostname', address: 'n' },
      { type: 'InternalIP', address: '10.0.0.1' },
      { type: 'ExternalIP', address: '1.2.3.4' },
    ],
    nodeInfo: {
      osImage: 'Debian',
      kernelVersion: '6.1',
      architecture: 'amd64',
      containerRuntimeVersion: 'containerd://1.6',
    },
  }
  expect(nodeCells(node({ status }), now).slice(4)).toEqual([
    '',
    '10.0.0.1',
    '1.2.3.4',
    'Debian',
    '6.1 (amd64)',
    'containerd://1.6',
  ])
})
