import { expect, test } from 'vitest'
import { namespaces } from '../../api/core/v1/namespace.ts'
import { services } from '../../api/core/v1/service.ts'
import type { Client } from '../../client/client.ts'
import { MetricsClient } from './metrics-client.ts'

// Which paths are asked, and what is read from the answers.

function answering(answers: Readonly<Record<string, object>>) {
  const asked: string[] = []
  const transport = {
    async request({ path, query = {} }: { path: string; query?: Record<string, string> }) {
      const text = new URLSearchParams(query).toString()
      asked.push(text ? `${path}?${text}` : path)
      const body = answers[path]
      return body ? { status: 200, headers: {}, body } : { status: 404, headers: {}, text: '404 page not found' }
    },
  }
  return { asked, client: new MetricsClient({ transport } as unknown as Client) }
}

const custom = { '/apis/custom.metrics.k8s.io': { preferredVersion: { version: 'v1beta2' } } }
const timestamp = '2026-01-01T00:00:00Z'

test('a metric of each pod', async () => {
  const path = '/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/pods/*/packets'
  const items = [{ describedObject: { name: 'a' }, timestamp, windowSeconds: 30, value: '1500m' }]
  const { client, asked } = answering({ ...custom, [path]: { items } })
  expect([...(await client.pods('packets', 'default', 'app=web', 'verb=GET'))]).toEqual([
    ['a', { value: 1500, timestamp: Date.parse(timestamp), windowMs: 30_000 }],
  ])
  expect(asked[1]).toBe(`${path}?labelSelector=app%3Dweb&metricLabelSelector=verb%3DGET`)
})

test('a metric of one object', async () => {
  const path = '/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/services/web/hits'
  const { client } = answering({ ...custom, [path]: { items: [{ describedObject: {}, timestamp, value: '12' }] } })
  expect(await client.object('hits', 'default', { resource: services, name: 'web' }, '')).toBe(12_000)
})

test('a metric of the namespace, whichever namespace is named', async () => {
  const path = '/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/metrics/hits'
  const { client } = answering({ ...custom, [path]: { items: [{ describedObject: {}, timestamp, value: '12' }] } })
  expect(await client.object('hits', 'default', { resource: namespaces, name: 'other' }, '')).toBe(12_000)
})

test.each([[[]], [['1', '2']]])('a metric of one object has one value, not %j', async values => {
  const path = '/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/services/web/hits'
  const items = values.map(value => ({ describedObject: {}, timestamp, value }))
  const { client } = answering({ ...custom, [path]: { items } })
  await expect(client.object('hits', 'default', { resource: services, name: 'web' }, '')).rejects.toThrow(
    `unable to fetch metrics from custom metrics API: the custom metrics API server returned ${values.length} results when we asked for exactly one`,
  )
})

test('an external metric, of which there may be several', async () => {
  const path = '/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue'
  const { client } = answering({ [path]: { items: [{ value: '1' }, { value: '250m' }] } })
  expect(await client.external('queue', 'default', '')).toEqual([1000, 250])
})

test('a container of each pod, and pods of which a part is not known', async () => {
  const path = '/apis/metrics.k8s.io/v1beta1/namespaces/default/pods'
  const pod = (name: string, ...containers: object[]) => ({
    metadata: { name, namespace: 'default' },
    timestamp,
    window: '10s',
    containers,
  })
  const whole = pod('a', { name: 'c', usage: { cpu: '100m' } }, { name: 'd', usage: { cpu: '50m' } })
  const part = pod('b', { name: 'c', usage: { cpu: '100m' } }, { name: 'd', usage: {} })
  const { client } = answering({ [path]: { items: [whole, part, pod('none')] } })
  expect((await client.resource('cpu', 'default', '')).get('a')).toMatchObject({ value: 150, windowMs: 10_000 })
  expect([...(await client.resource('cpu', 'default', '')).keys()]).toEqual(['a'])
  expect((await client.resource('cpu', 'default', '', 'c')).get('b')!.value).toBe(100)
  expect((await client.resource('cpu', 'default', '', 'x')).size).toBe(0)
})

test.each([
  [
    'resource',
    (client: MetricsClient) => client.resource('cpu', 'default', ''),
    'unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)',
  ],
  [
    'external',
    (client: MetricsClient) => client.external('queue', 'default', ''),
    'unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)',
  ],
])('no %s metrics API', async (_, ask, message) => {
  await expect(ask(answering({}).client)).rejects.toThrow(message)
})
