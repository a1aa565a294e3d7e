import { afterEach, beforeEach, expect, test } from 'vitest'
import { customResourceDefinitions } from '../../api/apiextensions/v1/customresourcedefinition.ts'
import { configMaps } from '../../api/core/v1/configmap.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { resourceQuotas } from '../../api/core/v1/resourcequota.ts'
import { secrets } from '../../api/core/v1/secret.ts'
import { services } from '../../api/core/v1/service.ts'
import type { ResourceDeclaration } from '../../api/resource.ts'
import { createClient } from '../../client/rest-client.ts'
import { Cluster } from '../../cluster/cluster.ts'
import { ControllerManager } from '../controller-manager.ts'

// What a ResourceQuota says is used.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 1 })
  await cluster.clock.advance('1s')
})
afterEach(() => cluster.stop())

const inDefault = <T>(resource: ResourceDeclaration<T>) => cluster.client.resource(resource).namespace('default')
const quota = async (hard: Record<string, string>, rest: object = {}) => {
  await inDefault(resourceQuotas).create({ metadata: { name: 'q' }, spec: { hard, ...rest } as never })
  await cluster.clock.advance('1s')
}
const used = async () => (await inDefault(resourceQuotas).get('q')).status.used
const pod = (name: string, requests: Record<string, string> = { cpu: '500m', memory: '1Gi' }, extra: object = {}) =>
  inDefault(pods).create({
    metadata: { name },
    spec: { containers: [{ name: 'c', image: 'app', resources: { requests } }], ...extra } as never,
  })

test('what is there already is counted, and what nobody has is zero', async () => {
  await pod('one')
  await inDefault(services).create({
    metadata: { name: 's' },
    spec: { type: 'NodePort', ports: [{ port: 80 }] } as never,
  })
  await quota({ pods: '5', 'requests.cpu': '2', memory: '4Gi', services: '5', 'services.nodeports': '2', secrets: '3' })
  expect(await used()).toEqual({
    memory: '1Gi',
    pods: '1',
    'requests.cpu': '500m',
    secrets: '0',
    // With the one named kubernetes.
    services: '2',
    'services.nodeports': '1',
  })
  expect((await inDefault(resourceQuotas).get('q')).status.hard).toMatchObject({ pods: '5', secrets: '3' })
})

test('what goes is taken off', async () => {
  await inDefault(configMaps).create({ metadata: { name: 'a' } })
  await inDefault(secrets).create({ metadata: { name: 's' } })
  await quota({ configmaps: '5', 'count/secrets': '5' })
  // kube-root-ca.crt is one too.
  expect(await used()).toEqual({ configmaps: '2', 'count/secrets': '1' })
  await inDefault(configMaps).delete('a')
  await inDefault(secrets).delete('s')
  await cluster.clock.advance('1s')
  expect(await used()).toEqual({ configmaps: '1', 'count/secrets': '0' })
})

test('a pod that has finished uses nothing but its place', async () => {
  await pod('one')
  await quota({ pods: '5', 'count/pods': '5', 'requests.cpu': '2' })
  expect(await used()).toEqual({ 'count/pods': '1', pods: '1', 'requests.cpu': '500m' })
  await inDefault(pods).patch(
    'one',
    'application/merge-patch+json',
    { status: { phase: 'Succeeded' } },
    { subresource: 'status' },
  )
  await cluster.clock.advance('1s')
  expect(await used()).toEqual({ 'count/pods': '1', pods: '0', 'requests.cpu': '0' })
})

test.each([
  [['BestEffort'], '1'],
  [['NotBestEffort'], '2'],
  [['Terminating'], '1'],
  [['NotTerminating'], '2'],
  [['NotBestEffort', 'Terminating'], '1'],
])('within %j only pods of that kind count', async (scopes, expected) => {
  await pod('best', {})
  await pod('more')
  await pod('brief', undefined, { activeDeadlineSeconds: 3600 })
  await quota({ pods: '5' }, { scopes })
  expect(await used()).toEqual({ pods: expected })
})

test('a pod that gets a deadline leaves one scope for the other', async () => {
  const quotas = inDefault(resourceQuotas)
  for (const scope of ['Terminating', 'NotTerminating'])
    await quotas.create({
      metadata: { name: scope.toLowerCase() },
      spec: { hard: { pods: '5', 'requests.cpu': '2' }, scopes: [scope] } as never,
    })
  await cluster.clock.advance('1s')
  await pod('one')
  await inDefault(pods).patch('one', 'application/merge-patch+json', { spec: { activeDeadlineSeconds: 60 } })
  await cluster.clock.advance('1s')
  expect((await quotas.get('terminating')).status.used).toEqual({ pods: '1', 'requests.cpu': '500m' })
  expect((await quotas.get('notterminating')).status.used).toEqual({ pods: '0', 'requests.cpu': '0' })
})

test('custom resources are counted once they are served', async () => {
  await quota({ 'count/herds.example.com': '5' })
  expect((await used()) ?? {}).toEqual({})
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  await cluster.client.resource(customResourceDefinitions).create({
    metadata: { name: 'herds.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'herds', kind: 'Herd' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    } as never,
  })
  const path = '/apis/example.com/v1/namespaces/default/herds'
  const { transport } = cluster.client
  await cluster.until(async () => (await transport.request({ method: 'GET', path })).status === 200)
  const herd = { apiVersion: 'example.com/v1', kind: 'Herd', metadata: { name: 'h' } }
  // Until they are counted, none is let in.
  expect((await transport.request({ method: 'POST', path, body: herd })).status).toBe(403)
  await cluster.clock.advance('1m')
  expect(await used()).toEqual({ 'count/herds.example.com': '0' })
  expect((await transport.request({ method: 'POST', path, body: herd })).status).toBe(201)
  expect(await used()).toEqual({ 'count/herds.example.com': '1' })
  await transport.request({ method: 'DELETE', path: `${path}/h` })
  await cluster.clock.advance('1s')
  expect(await used()).toEqual({ 'count/herds.example.com': '0' })
})

test('a changed limit shows at once', async () => {
  await quota({ pods: '5' })
  await inDefault(resourceQuotas).patch('q', 'application/merge-patch+json', {
    spec: { hard: { pods: '7', secrets: '1' } },
  })
  await cluster.clock.advance('1s')
  expect((await inDefault(resourceQuotas).get('q')).status).toEqual({
    hard: { pods: '7', secrets: '1' },
    used: { pods: '0', secrets: '0' },
  })
})

test('a controller that waits for what cannot be read can be stopped', async () => {
  const { plane, env } = cluster
  const { transport } = plane.client()
  let asked = 0
  const client = createClient({
    ...transport,
    request: request => transport.request(request),
    watch: (request, stream) => {
      if (!request.path.endsWith('/configmaps')) return transport.watch(request, stream)
      asked++
      return Promise.reject(new Error('connect ECONNREFUSED'))
    },
  })
  const manager = new ControllerManager({
    env,
    client,
    clientFor: () => client,
    rootCA: '',
    clusterCIDR: '10.244.0.0/16',
    controllers: ['resourcequota-controller'],
  })
  await manager.start()
  await quota({ configmaps: '5' })
  expect(asked).toBeGreaterThan(0)
  await manager.stop()
})
