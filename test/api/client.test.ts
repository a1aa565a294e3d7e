// The client room against a real API server, directly and over HTTPS.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leases } from '../../src/api/coordination/v1/lease.ts'
import { type ConfigMap, configMaps } from '../../src/api/core/v1/configmap.ts'
import { events } from '../../src/api/core/v1/event.ts'
import { namespaces } from '../../src/api/core/v1/namespace.ts'
import { events as newEvents } from '../../src/api/events/v1/event.ts'
import type { Client } from '../../src/client/client.ts'
import { ComponentEventRecorder } from '../../src/client/event-recorder.ts'
import { ComponentSeriesEventRecorder } from '../../src/client/event-series.ts'
import { httpsTransport } from '../../src/client/https-transport.ts'
import { InformerFactory } from '../../src/client/informer.ts'
import { LeaderElection } from '../../src/client/leader-election.ts'
import { createClient } from '../../src/client/rest-client.ts'
import type { Transport } from '../../src/client/transport.ts'
import { Cluster } from '../../src/cluster/cluster.ts'

let cluster: Cluster
const transports: Transport[] = []
beforeAll(async () => {
  cluster = await Cluster.start({
    nodes: 0,
    withoutControllers: true,
    withoutScheduler: true,
    listen: { address: '127.0.0.1', port: 0 },
  })
})
afterAll(async () => {
  for (const transport of transports) transport.close()
  await cluster.stop()
})

function overHttps(): Client {
  const { pki, port } = cluster.plane
  const transport = httpsTransport({
    env: cluster.env,
    server: `https://127.0.0.1:${port}`,
    ca: pki.certificateAuthority.certificate,
    cert: pki.admin.certificate,
    key: pki.admin.privateKey,
  })
  transports.push(transport)
  return createClient(transport)
}

describe.each([
  { how: 'directly', plainList: false, client: () => cluster.client },
  { how: 'directly, listing plainly', plainList: true, client: () => cluster.client },
  { how: 'over HTTPS', plainList: false, client: overHttps },
  { how: 'over HTTPS, listing plainly', plainList: true, client: overHttps },
])('an informer $how', ({ how, plainList, client: connect }) => {
  const namespace = how.toLowerCase().replaceAll(/[^a-z]+/g, '-')

  test('has what the server has, and tells what changes', async () => {
    const client = connect()
    await client.resource(namespaces).create({ metadata: { name: namespace } })
    const maps = client.resource(configMaps).namespace(namespace)
    await maps.create({ metadata: { name: 'a' }, data: { value: '1' } })
    const factory = new InformerFactory(client, cluster.env)
    const informer = factory.informer(configMaps, { namespace, plainList })
    const seen: string[] = []
    const told = ({ metadata, data }: ConfigMap) => `${metadata.name}=${data?.['value']}`
    informer.addHandler({
      added: (object, initial) => seen.push(`${initial ? 'initial' : 'added'} ${told(object)}`),
      updated: (before, after) => seen.push(`updated ${told(before)} ${told(after)}`),
      deleted: object => seen.push(`deleted ${told(object)}`),
    })
    factory.start()
    await cluster.until(() => informer.hasSynced)
    expect(seen).toEqual(['initial a=1'])
    const a = informer.lister.get(`${namespace}/a`)!
    expect(a).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' })
    await maps.update({ ...a, data: { value: '2' } })
    await maps.create({ metadata: { name: 'b' }, data: { value: '1' } })
    await maps.delete('a')
    await cluster.until(() => seen.length === 4)
    expect(seen.slice(1)).toEqual(['updated a=1 a=2', 'added b=1', 'deleted a=2'])
    await factory.stop()
  })
})

test('Events are taken, counted and seen in both forms', async () => {
  const recorder = new ComponentEventRecorder(cluster.client, cluster.env, { component: 'tester' })
  const about = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'counted', uid: '1' }
  for (let times = 0; times < 3; times++) recorder.event(about, 'Warning', 'BackOff', 'again')
  const series = new ComponentSeriesEventRecorder(cluster.client, cluster.env, { name: 'tester', instance: 'tester-1' })
  for (let times = 0; times < 2; times++) series.eventf(about, undefined, 'Normal', 'Series', 'Testing', 'once more')
  await Promise.all([recorder.flushed(), series.flushed()])
  const fieldSelector = 'involvedObject.name=counted'
  const { items } = await cluster.client.resource(events).namespace('default').list({ fieldSelector })
  const byReason = <E extends { reason?: string }>(list: readonly E[]) =>
    list.toSorted((a, b) => a.reason!.localeCompare(b.reason!))
  expect(byReason(items)).toMatchObject([
    { reason: 'BackOff', count: 3, source: { component: 'tester' }, reportingComponent: 'tester' },
    { reason: 'Series', action: 'Testing', message: 'once more', series: { count: 2 } },
  ])
  const inNewForm = await cluster.client.resource(newEvents).namespace('default').list()
  expect(byReason(inNewForm.items)).toMatchObject([
    { reason: 'BackOff', deprecatedCount: 3, regarding: { name: 'counted' }, note: 'again' },
    { reason: 'Series', series: { count: 2 }, regarding: { name: 'counted' } },
  ])
  recorder.stop()
  series.stop()
})

test('a Lease has one leader', async () => {
  const abort = new AbortController()
  const leading: string[] = []
  const running = ['a', 'b'].map(identity =>
    new LeaderElection({
      client: cluster.client,
      env: cluster.env,
      namespace: 'kube-system',
      name: 'tester',
      identity,
      lead: () => void leading.push(identity),
    }).run(abort.signal),
  )
  await cluster.clock.advance('30s')
  expect(leading).toHaveLength(1)
  const lease = await cluster.client.resource(leases).namespace('kube-system').get('tester')
  expect(lease.spec).toMatchObject({ holderIdentity: leading[0], leaseDurationSeconds: 15, leaseTransitions: 0 })
  abort.abort(new Error('enough'))
  await Promise.all(running)
})
