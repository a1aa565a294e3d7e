// Containers of simulated nodes read the files that the kubelet mounts: `cat` shows them.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { configMaps } from '../../src/api/core/v1/configmap.ts'
import { pods } from '../../src/api/core/v1/pod.ts'
import { serviceAccounts } from '../../src/api/core/v1/serviceaccount.ts'
import { Cluster } from '../../src/cluster/cluster.ts'

let cluster: Cluster
const inDefault = (of: any) => cluster.client.resource<any>(of).namespace('default')

beforeAll(async () => {
  cluster = await Cluster.start({ withoutControllers: true, withoutScheduler: true })
  await inDefault(serviceAccounts).create({ metadata: { name: 'default' } })
  await inDefault(configMaps).create({
    metadata: { name: 'settings' },
    data: { greeting: 'hello\n', place: 'world\n' },
  })
  const script = 'cat /etc/settings/greeting /alone /projected/deep/where; sleep 100000'
  await inDefault(pods).create({
    metadata: { name: 'reader' },
    spec: {
      nodeName: cluster.nodes[0]!.name,
      automountServiceAccountToken: false,
      containers: [
        {
          name: 'main',
          image: 'busybox',
          command: ['sh', '-c', script],
          volumeMounts: [
            { name: 'settings', mountPath: '/etc/settings' },
            { name: 'settings', mountPath: '/alone', subPath: 'place' },
            { name: 'some', mountPath: '/projected' },
          ],
        },
      ],
      volumes: [
        { name: 'settings', configMap: { name: 'settings' } },
        { name: 'some', configMap: { name: 'settings', items: [{ key: 'place', path: 'deep/where' }] } },
      ],
    },
  })
  await cluster.until(async () => (await inDefault(pods).get('reader')).status?.phase === 'Running')
})
afterAll(() => cluster.stop())

test('a ConfigMap as a directory, as one file of it, and at a path of its own', async () => {
  await cluster.clock.advance('1s')
  let output = ''
  const path = '/api/v1/namespaces/default/pods/reader/log'
  await cluster.client.transport.stream({ method: 'GET', path }, bytes => {
    output += Buffer.from(bytes)
  })
  expect(output).toBe('hello\nworld\nworld\n')
})
