// Where a kind does not do as the others do: what its deletion leaves, how its name is made, what its status may change.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiRequest } from '../../src/client/transport.ts'
import { Cluster } from '../../src/cluster/cluster.ts'
import { wireClient } from './wire/wire-client.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutControllers: true, withoutScheduler: true })
})
afterAll(() => cluster.stop())

const send = async (method: ApiRequest['method'], path: string, body?: object, query = {}, type = '') => {
  const headers = type === '' ? {} : { headers: { 'content-type': type } }
  const answer = await cluster.client.transport.request({ method, path, query, ...(body && { body }), ...headers })
  return { ...answer, body: answer.body as any }
}

async function created(path: string, body: object): Promise<any> {
  const answer = await send('POST', path, body)
  expect(answer.body.message).toBeUndefined()
  return answer.body
}

describe('an Event', () => {
  const events = '/api/v1/namespaces/default/events'
  const event = {
    metadata: { name: 'e' },
    involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' },
    reason: 'Started',
  }
  const ofEvents = '/apis/events.k8s.io/v1/namespaces/default/events'

  test.each([
    [`${events}/e`, { propagationPolicy: 'Foreground' }],
    [`${events}/e`, { propagationPolicy: 'Orphan' }],
    [`${ofEvents}/e`, { orphanDependents: 'true' }],
  ])('goes at once: %s %j', async (path, query) => {
    await created(events, event)
    expect((await send('DELETE', path, undefined, query)).body).toMatchObject({ kind: 'Status', status: 'Success' })
    expect((await send('GET', path)).status).toBe(404)
  })

  test('is called the same in both groups when it is another', async () => {
    await created(events, { ...event, metadata: { name: 'other' } })
    const { body } = await send('DELETE', `${ofEvents}/other`, { preconditions: { uid: 'x' } })
    expect(body.message).toMatch(/^Operation cannot be fulfilled on Event "other": the UID in the precondition \(x\) /)
    expect(body.details).toEqual({ name: 'other', kind: 'Event' })
  })
})

describe('a Job', () => {
  const jobs = '/apis/batch/v1/namespaces/default/jobs'
  const job = {
    metadata: { name: 'j' },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
  }
  const warning =
    '299 - "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning"'

  test.each([
    [{}, warning],
    [{ propagationPolicy: 'Background' }, undefined],
    [{ orphanDependents: 'true' }, undefined],
  ])('warns of the pods that it leaves: %j', async (query, warned) => {
    await send('POST', jobs, job)
    for (const path of [`${jobs}/j`, jobs]) {
      const asked = `${path}?${new URLSearchParams({ ...query, dryRun: 'All' })}`
      expect((await wireClient(cluster).send('DELETE', asked)).headers['warning']).toEqual(warned)
    }
  })
})

test('a dry run of a deletion shows an autoscaler in the version that was asked', async () => {
  const path = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers'
  const spec = {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
    maxReplicas: 3,
    targetCPUUtilizationPercentage: 50,
  }
  await created(path, { metadata: { name: 'h' }, spec })
  const query = { dryRun: 'All', propagationPolicy: 'Foreground' }
  const { body } = await send('DELETE', `${path}/h`, undefined, query)
  expect(body.metadata.finalizers).toEqual(['foregroundDeletion'])
  expect(body.spec.targetCPUUtilizationPercentage).toBe(50)
})

test('the name of an IPAddress is never made for it', async () => {
  const parentRef = { group: '', resource: 'services', namespace: 'default', name: 's' }
  const { body } = await send('POST', '/apis/networking.k8s.io/v1/ipaddresses', {
    metadata: { generateName: 'a-' },
    spec: { parentRef },
  })
  expect(body.details.name).toBe('a-')
})

test('the status of a ServiceCIDR changes nothing else, and nobody comes to own that', async () => {
  const path = '/apis/networking.k8s.io/v1/servicecidrs'
  await created(path, { metadata: { name: 's', labels: { a: 'b' } }, spec: { cidrs: ['10.7.0.0/24'] } })
  const { body } = await send(
    'PATCH',
    `${path}/s/status`,
    { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: { labels: { a: 'c', d: 'e' } } },
    { fieldManager: 'm', force: 'true' },
    'application/apply-patch+yaml',
  )
  expect(body.metadata.labels).toEqual({ a: 'b' })
  expect(body.metadata.managedFields.map(({ manager }: any) => manager)).not.toContain('m')
})

test('a ResourceSlice has another generation when all that changed is dropped', async () => {
  const path = '/apis/resource.k8s.io/v1/resourceslices'
  const device = { name: 'one', attributes: { model: { string: 'a' } } }
  const pool = { name: 'p', generation: 1, resourceSliceCount: 1 }
  const slice = await created(path, {
    metadata: { name: 's' },
    spec: { driver: 'd.example.com', nodeName: 'n', pool, devices: [device] },
  })
  const devices = [{ ...device, attributes: { model: { string: 'a', ints: [1] } } }]
  const { body } = await send('PUT', `${path}/s`, { ...slice, spec: { ...slice.spec, devices } })
  expect(body.spec.devices[0].attributes.model).toEqual({ string: 'a' })
  expect(body.metadata.generation).toBe(2)
})

describe('what upstream looks at twice when it is updated has two causes', () => {
  test.each<[string, string, object, (spec: any) => object, string]>([
    [
      'of a Service',
      '/api/v1/namespaces/default/services',
      { clusterIP: 'None', ports: [{ port: 80 }] },
      spec => ({ ...spec, loadBalancerClass: 'example.com/a' }),
      'spec.loadBalancerClass',
    ],
    [
      'of a PersistentVolume',
      '/api/v1/persistentvolumes',
      { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/a' } },
      spec => ({ ...spec, accessModes: [] }),
      'spec.accessModes',
    ],
  ])('%s', async (_of, path, spec, change, field) => {
    const object = await created(path, { metadata: { name: 'twice' }, spec })
    const { body } = await send('PUT', `${path}/twice`, { ...object, spec: change(object.spec) })
    expect(body.details.causes.map((cause: any) => cause.field)).toEqual([field, field])
  })
})

test('a refused patch shows a reference in the order of its own kind', async () => {
  const path = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings'
  const group = 'rbac.authorization.k8s.io'
  await created(path, { metadata: { name: 'b' }, roleRef: { apiGroup: group, kind: 'Role', name: 'r' } })
  const { body } = await send(
    'PATCH',
    `${path}/b`,
    [{ op: 'add', path: '/unknown', value: 1 }],
    { fieldValidation: 'Strict' },
    'application/json-patch+json',
  )
  expect(body.message).toContain(String.raw`\"roleRef\":{\"apiGroup\":\"${group}\",\"kind\":\"Role\",\"name\":\"r\"}`)
})
