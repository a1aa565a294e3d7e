// Who manages which field, as clients see it: managedFields after every kind of write, and apply patches.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { controllerRevisions } from '../../src/api/apps/v1/controllerrevision.ts'
import { deployments } from '../../src/api/apps/v1/deployment.ts'
import { horizontalPodAutoscalers as autoscalersV1 } from '../../src/api/autoscaling/v1/horizontalpodautoscaler.ts'
import { horizontalPodAutoscalers } from '../../src/api/autoscaling/v2/horizontalpodautoscaler.ts'
import { configMaps } from '../../src/api/core/v1/configmap.ts'
import { services } from '../../src/api/core/v1/service.ts'
import type { KubeObject, ResourceDeclaration } from '../../src/api/resource.ts'
import { createClient } from '../../src/client/rest-client.ts'
import { Cluster } from '../../src/cluster/cluster.ts'
import type { Status, StatusError } from '../../src/machinery/status-error.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutControllers: true, withoutScheduler: true })
})
afterAll(() => cluster.stop())

type Options = { manager?: string; force?: boolean; subresource?: string; dryRun?: boolean; agent?: string }

const of = (declaration: ResourceDeclaration) => cluster.client.resource<any>(declaration).namespace('default')
const maps = () => of(configMaps)

function apply(declaration: ResourceDeclaration, object: object, options: Options = {}): Promise<any> {
  const { manager = 'applier', ...rest } = options
  const { name } = (object as KubeObject).metadata
  return of(declaration).patch(name!, 'application/apply-patch+yaml', object, { fieldManager: manager, ...rest })
}

async function refused(done: Promise<unknown>): Promise<Status> {
  try {
    await done
  } catch (error) {
    return (error as StatusError).status
  }
  throw new Error('it was not refused')
}

const managersOf = (object: any): any[] => object.metadata.managedFields ?? []
const managerOf = (object: any, manager: string, subresource?: string) =>
  managersOf(object).find(entry => entry.manager === manager && entry.subresource === subresource)
const withoutTimes = (object: any) => managersOf(object).map(({ time: _, ...entry }) => entry)

const map = (name: string, data: Record<string, string>, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
})

const deployment = (name: string, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'image:1', ports: [{ containerPort: 80 }] }] },
    },
    ...spec,
  },
})

describe('every write says who made it', () => {
  test('create: the fields of the object with its defaults, in upstream’s form', async () => {
    const created = await maps().create(
      map('created', { b: '1', a: '2' }, { labels: { x: 'y' }, finalizers: ['a/b'] }),
      {
        fieldManager: 'me',
      },
    )
    expect(managersOf(created)).toEqual([
      {
        manager: 'me',
        operation: 'Update',
        apiVersion: 'v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:data': { '.': {}, 'f:a': {}, 'f:b': {} },
          'f:metadata': { 'f:finalizers': { '.': {}, 'v:"a/b"': {} }, 'f:labels': { '.': {}, 'f:x': {} } },
        },
      },
    ])
    expect(JSON.stringify(managersOf(created)[0].fieldsV1)).toMatch(/^\{"f:data":\{"\.":\{\},"f:a"/)
    await maps().patch('created', 'application/merge-patch+json', { metadata: { finalizers: null } })
  })

  test.each([
    ['kubectl/v1.36.0 (linux/amd64) kubernetes/1234', 'kubectl'],
    ['plain', 'plain'],
    ['', 'unknown'],
    ['a\u0000b/1', 'ab'],
    [`${'x'.repeat(200)}/1`, 'x'.repeat(128)],
  ])('User-Agent %j makes %j of it', async (agent, manager) => {
    const client = createClient(cluster.plane.apiServer.transport(undefined, agent))
    const created = await client
      .resource<any>(configMaps)
      .create({ metadata: { generateName: 'agent-', namespace: 'default' }, data: { a: '1' } })
    expect(managersOf(created)[0].manager).toBe(manager)
  })

  test.each([
    ['application/merge-patch+json', { data: { b: '2' } }],
    ['application/strategic-merge-patch+json', { data: { b: '2' } }],
    ['application/json-patch+json', [{ op: 'replace', path: '/data/b', value: '2' }]],
  ] as const)('%s: what it changes', async (type, patch) => {
    const name = `patched-${type.split('/')[1]!.split('+')[0]}`
    await maps().create(map(name, { a: '1', b: '1' }), { fieldManager: 'creator' })
    const patched = await maps().patch(name, type, patch, { fieldManager: 'patcher' })
    expect(managerOf(patched, 'creator').fieldsV1).toEqual({ 'f:data': { '.': {}, 'f:a': {} } })
    expect(managerOf(patched, 'patcher').fieldsV1).toEqual({ 'f:data': { 'f:b': {} } })
  })

  test('update: what it changes; what it leaves out is nobody’s', async () => {
    const created = await maps().create(map('updated', { a: '1', b: '1' }), { fieldManager: 'creator' })
    const updated = await maps().update({ ...created, data: { b: '2' } }, { fieldManager: 'updater' })
    expect(managerOf(updated, 'creator').fieldsV1).toEqual({ 'f:data': {} })
    expect(managerOf(updated, 'updater').fieldsV1).toEqual({ 'f:data': { 'f:b': {} } })
  })

  test('a write that changes nothing writes nothing, whoever makes it and whenever', async () => {
    const created = await maps().create(map('same', { a: '1' }), { fieldManager: 'creator' })
    await cluster.clock.advance('10s')
    for (const fieldManager of ['creator', 'other']) {
      expect((await maps().update(created, { fieldManager })).metadata).toEqual(created.metadata)
      const patched = await maps().patch('same', 'application/merge-patch+json', { data: { a: '1' } }, { fieldManager })
      expect(patched.metadata).toEqual(created.metadata)
    }
  })

  test('status is managed apart', async () => {
    const created = await of(deployments).create(deployment('status'), { fieldManager: 'creator' })
    expect(managerOf(created, 'creator').fieldsV1['f:status']).toBe(undefined)
    const changed = await of(deployments).updateStatus(
      {
        ...created,
        spec: { ...created.spec, replicas: 7 },
        status: { replicas: 1, conditions: [{ type: 'Available', status: 'True' }] },
      },
      { fieldManager: 'controller' },
    )
    expect(managerOf(changed, 'controller', 'status').fieldsV1).toEqual({
      'f:status': {
        'f:conditions': {
          '.': {},
          'k:{"type":"Available"}': {
            '.': {},
            'f:lastTransitionTime': {},
            'f:lastUpdateTime': {},
            'f:status': {},
            'f:type': {},
          },
        },
        'f:replicas': {},
      },
    })
    const again = await of(deployments).update({ ...changed, status: {} }, { fieldManager: 'creator' })
    expect(withoutTimes(again)).toEqual(withoutTimes(changed))
  })

  test('beyond ten who update, the oldest are put together', async () => {
    await maps().create(map('crowded', { start: '1' }), { fieldManager: 'creator' })
    for (let index = 0; index < 12; index++) {
      await cluster.clock.advance('1s')
      await maps().patch(
        'crowded',
        'application/merge-patch+json',
        { data: { [`k${index}`]: '1' } },
        { fieldManager: `m${index}` },
      )
    }
    const object = await maps().get('crowded')
    const names = managersOf(object).map(({ manager }) => manager)
    expect(names).toHaveLength(10)
    expect(names).toContain('ancient-changes')
    expect(managerOf(object, 'ancient-changes').fieldsV1['f:data']).toMatchObject({
      '.': {},
      'f:start': {},
      'f:k0': {},
    })
    expect(names).toContain('m11')
  })
})

describe('managedFields in a request', () => {
  test.each([[[]], [[{}]]])('%j takes away what is known', async managedFields => {
    const created = await maps().create(map(`reset-${managedFields.length}`, { a: '1' }))
    const updated = await maps().update({ ...created, metadata: { ...created.metadata, managedFields } })
    expect(updated.metadata.managedFields).toBe(undefined)
    const changed = await maps().update({ ...updated, data: { a: '2' } })
    expect(changed.metadata.managedFields).toBe(undefined)
    const applied = await apply(configMaps, map(created.metadata.name, { b: '1' }))
    expect(managersOf(applied).map(({ manager, operation }) => [manager, operation])).toEqual([
      ['applier', 'Apply'],
      ['before-first-apply', 'Update'],
    ])
    expect(managerOf(applied, 'before-first-apply').fieldsV1).toEqual({ 'f:data': { '.': {}, 'f:a': {} } })
  })

  test('that mean nothing are not looked at', async () => {
    const created = await maps().create(map('nonsense', { a: '1' }))
    const managedFields = [{ manager: 'x', operation: 'Nonsense', apiVersion: 'v1', fieldsType: 'FieldsV1' }]
    const updated = await maps().update({
      ...created,
      metadata: { ...created.metadata, managedFields },
      data: { a: '2' },
    })
    expect(withoutTimes(updated)).toEqual(withoutTimes(created))
  })

  test('can hand fields over', async () => {
    const applied = await apply(configMaps, map('handed', { a: '1' }), { manager: 'first' })
    const managedFields = [{ ...managersOf(applied)[0], manager: 'second' }]
    const updated = await maps().update({ ...applied, metadata: { ...applied.metadata, managedFields } })
    expect(managersOf(updated).map(({ manager }) => manager)).toEqual(['second'])
  })
})

describe('apply', () => {
  test('owns data of another kind as one thing', async () => {
    const revision = { metadata: { name: 'kept', namespace: 'default' }, revision: 1, data: { a: { b: 1 } } }
    const applied = await apply(controllerRevisions, {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      ...revision,
    })
    expect(applied.data).toEqual({ a: { b: 1 } })
    expect(withoutTimes(applied)).toMatchObject([{ fieldsV1: { 'f:data': {}, 'f:revision': {} } }])
    expect(Object.keys(withoutTimes(applied)[0].fieldsV1['f:data'])).toEqual([])
  })

  test('creates what does not exist, and owns what it said, not the defaults', async () => {
    const applied = await apply(deployments, deployment('applied'))
    expect(applied.spec).toMatchObject({ replicas: 1, strategy: { type: 'RollingUpdate' } })
    expect(withoutTimes(applied)).toEqual([
      {
        manager: 'applier',
        operation: 'Apply',
        apiVersion: 'apps/v1',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:spec': {
            'f:selector': {},
            'f:template': {
              'f:metadata': { 'f:labels': { 'f:app': {} } },
              'f:spec': {
                'f:containers': {
                  'k:{"name":"main"}': {
                    '.': {},
                    'f:image': {},
                    'f:name': {},
                    'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
                  },
                },
              },
            },
          },
        },
      },
    ])
  })

  test('answers 201 for a new object, 200 for one that exists; reads YAML and JSON', async () => {
    const transport = cluster.plane.apiServer.transport()
    const send = (body: string) =>
      transport.request({
        method: 'PATCH',
        path: '/api/v1/namespaces/default/configmaps/yaml',
        query: { fieldManager: 'me' },
        headers: { 'content-type': 'application/apply-patch+yaml' },
        body: Buffer.from(body),
      })
    const first = await send('apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  a: "1"\n')
    expect([first.status, (first.body as any).data]).toEqual([201, { a: '1' }])
    const second = await send(JSON.stringify(map('yaml', { a: '2' })))
    expect([second.status, (second.body as any).data]).toEqual([200, { a: '2' }])
    const third = await send('a: b: c')
    expect(third.status).toBe(400)
    expect((third.body as Status).message).toMatch(/^error decoding YAML: error converting YAML to JSON: yaml: /)
  })

  test('is refused when another manages a field, and says which', async () => {
    await of(deployments).create(deployment('contested', { replicas: 2 }), { fieldManager: 'creator' })
    const one = await refused(apply(deployments, { ...deployment('contested'), spec: { replicas: 3 } }))
    expect(one).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "creator" using apps/v1: .spec.replicas',
      details: {
        causes: [
          { reason: 'FieldManagerConflict', message: 'conflict with "creator" using apps/v1', field: '.spec.replicas' },
        ],
      },
    })
    await apply(deployments, { ...deployment('contested'), spec: { minReadySeconds: 1 } }, { manager: 'third' })
    const several = await refused(
      apply(deployments, {
        ...deployment('contested'),
        spec: {
          replicas: 3,
          minReadySeconds: 2,
          template: { spec: { containers: [{ name: 'main', image: 'image:2' }] } },
        },
      }),
    )
    expect(several.message).toBe(
      [
        'Apply failed with 3 conflicts: conflicts with "creator" using apps/v1:',
        '- .spec.replicas',
        '- .spec.template.spec.containers[name="main"].image',
        'conflicts with "third":',
        '- .spec.minReadySeconds',
      ].join('\n'),
    )
    const forced = await apply(deployments, { ...deployment('contested'), spec: { replicas: 3 } }, { force: true })
    expect(forced.spec.replicas).toBe(3)
    expect(managerOf(forced, 'creator').fieldsV1['f:spec']['f:replicas']).toBe(undefined)
    expect(managerOf(forced, 'applier').fieldsV1).toEqual({ 'f:spec': { 'f:replicas': {} } })
  })

  test('shares a field with whoever says the same, and lets go of it', async () => {
    await apply(configMaps, map('shared', { a: '1' }), { manager: 'one' })
    const both = await apply(configMaps, map('shared', { a: '1', b: '1' }), { manager: 'two' })
    expect(managersOf(both)).toHaveLength(2)
    expect((await apply(configMaps, map('shared', {}), { manager: 'one' })).data).toEqual({ a: '1', b: '1' })
    const none = await apply(configMaps, map('shared', {}), { manager: 'two' })
    expect(none.data?.a).toBe(undefined)
  })

  test('removes what it no longer says, with a default key', async () => {
    const service = (ports: object[]) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'ports' },
      spec: { ports },
    })
    await apply(
      services,
      service([
        { name: 'a', port: 80 },
        { name: 'b', port: 81 },
      ]),
    )
    const fewer = await apply(services, service([{ name: 'b', port: 81 }]))
    expect(fewer.spec.ports).toEqual([{ name: 'b', port: 81, protocol: 'TCP', targetPort: 81 }])
  })

  test('again changes nothing, not even the time', async () => {
    const first = await apply(deployments, deployment('again'))
    await cluster.clock.advance('10s')
    expect(await apply(deployments, deployment('again'))).toEqual(first)
    await cluster.clock.advance('10s')
    expect(await apply(deployments, deployment('again'), { manager: 'other', dryRun: true })).not.toEqual(first)
    expect(await of(deployments).get('again')).toEqual(first)
  })

  test('with dryRun changes nothing', async () => {
    const tried = await apply(configMaps, map('tried', { a: '1' }), { dryRun: true })
    expect(tried.data).toEqual({ a: '1' })
    expect((await refused(maps().get('tried'))).code).toBe(404)
  })

  test.each<[string, object, Options & { query?: object }, number, string]>([
    [
      'no manager',
      map('bad', {}),
      { manager: '' },
      422,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    ],
    ['another kind', { ...map('bad', {}), kind: 'Secret' }, {}, 400, 'invalid object type: /v1, Kind=Secret'],
    ['another version', { ...map('bad', {}), apiVersion: 'v2' }, {}, 400, 'invalid object type: /v2, Kind=ConfigMap'],
    ['managedFields', map('bad', {}, { managedFields: [] }), {}, 400, 'metadata.managedFields must be nil'],
    [
      'another namespace',
      map('bad', {}, { namespace: 'other' }),
      {},
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    [
      'a uid of no object',
      map('bad', {}, { uid: 'abc' }),
      {},
      409,
      'Operation cannot be fulfilled on configmaps "bad": uid mismatch: the provided object specified uid abc, and no existing object was found',
    ],
    [
      'an unknown field',
      { ...map('bad', {}), nonsense: 1 },
      {},
      500,
      'failed to create typed patch object (/bad; /v1, Kind=ConfigMap): .nonsense: field not declared in schema',
    ],
    [
      'a value of another type',
      { ...map('bad', {}), data: { a: 1 } },
      {},
      500,
      'failed to create typed patch object (/bad; /v1, Kind=ConfigMap): .data.a: expected string, got &value.valueUnstructured{Value:1}',
    ],
    [
      'a status that does not exist',
      map('bad', {}),
      { subresource: 'status' },
      404,
      'the server could not find the requested resource',
    ],
  ])('refuses %s', async (_, object, options, code, message) => {
    const status = await refused(apply(configMaps, object, options))
    expect([status.code, status.message]).toEqual([code, message])
  })

  test('refuses another name than the path’s', async () => {
    const patch = (name: string, object: object) =>
      refused(maps().patch(name, 'application/apply-patch+yaml', object, { fieldManager: 'me' }))
    expect((await patch('here', map('there', {}))).message).toBe(
      'the name of the object (there) does not match the name on the URL (here)',
    )
    expect((await patch('here', { apiVersion: 'v1', kind: 'ConfigMap' })).message).toBe(
      'the name of the object (here based on URL) was undeterminable: name must be provided',
    )
  })

  test('insists on the version it names', async () => {
    const { metadata } = await apply(configMaps, map('versioned', { a: '1' }))
    await maps().patch('versioned', 'application/merge-patch+json', { data: { b: '1' } })
    const stale = await refused(
      apply(configMaps, map('versioned', { a: '2' }, { resourceVersion: metadata.resourceVersion })),
    )
    expect(stale.message).toBe(
      'Operation cannot be fulfilled on configmaps "versioned": the object has been modified; please apply your changes to the latest version and try again',
    )
  })

  test('force is for apply only', async () => {
    const merge = maps().patch('yaml', 'application/merge-patch+json', {}, { force: true })
    expect((await refused(merge)).message).toBe(
      'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    )
  })

  test('of a new object wants the right to create', async () => {
    const user = { name: 'alice', groups: ['system:authenticated'] }
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['patch', 'get'] }]
    const { roles } = await import('../../src/api/rbac/v1/role.ts')
    const { roleBindings } = await import('../../src/api/rbac/v1/rolebinding.ts')
    await of(roles).create({ metadata: { name: 'patcher' }, rules })
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'patcher' }
    await of(roleBindings).create({
      metadata: { name: 'patcher' },
      roleRef,
      subjects: [{ kind: 'User', name: 'alice', apiGroup: 'rbac.authorization.k8s.io' }],
    })
    const client = cluster.plane.client(user).resource<any>(configMaps).namespace('default')
    const send = (name: string) =>
      client.patch(name, 'application/apply-patch+yaml', map(name, { z: '1' }), { fieldManager: 'alice' })
    expect((await refused(send('not-there'))).message).toBe(
      'configmaps "not-there" is forbidden: User "alice" cannot create resource "configmaps" in API group "" in the namespace "default"',
    )
    expect((await send('yaml')).data).toMatchObject({ z: '1' })
  })

  test('keeps apart who applies in which version', async () => {
    const scaler = (apiVersion: string, spec: object) => ({
      apiVersion,
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'versions' },
      spec,
    })
    const target = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' }, maxReplicas: 3 }
    await apply(horizontalPodAutoscalers, scaler('autoscaling/v2', { ...target, minReplicas: 1 }), { manager: 'v2' })
    const status = await refused(
      apply(autoscalersV1, scaler('autoscaling/v1', { ...target, minReplicas: 2 }), { manager: 'v1' }),
    )
    expect(status.message).toBe('Apply failed with 1 conflict: conflict with "v2": .spec.minReplicas')
    const applied = await apply(autoscalersV1, scaler('autoscaling/v1', target), { manager: 'v1' })
    expect(managersOf(applied).map(({ manager, apiVersion }) => [manager, apiVersion])).toEqual([
      ['v1', 'autoscaling/v1'],
      ['v2', 'autoscaling/v2'],
    ])
  })
})

describe('the status subresource', () => {
  test('is applied with owners of its own', async () => {
    await apply(deployments, deployment('status-applied'))
    const status = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'status-applied' },
      spec: { replicas: 9 },
      status: { replicas: 4 },
    }
    const applied = await apply(deployments, status, { manager: 'controller', subresource: 'status' })
    expect([applied.status.replicas, applied.spec.replicas]).toEqual([4, 1])
    expect(managerOf(applied, 'controller', 'status').fieldsV1).toEqual({ 'f:status': { 'f:replicas': {} } })
    const conflict = await refused(
      apply(deployments, { ...status, status: { replicas: 5 } }, { manager: 'other', subresource: 'status' }),
    )
    expect(conflict.message).toBe(
      'Apply failed with 1 conflict: conflict with "controller" with subresource "status": .status.replicas',
    )
  })

  test('of an object that does not exist is not found', async () => {
    const status = await refused(apply(deployments, deployment('nowhere'), { subresource: 'status' }))
    expect(status.message).toBe('deployments.apps "nowhere" not found')
  })
})

describe('the scale subresource', () => {
  const scale = (name: string, replicas: number) => ({
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name },
    spec: { replicas },
  })

  test('takes the replicas over', async () => {
    await apply(deployments, deployment('scaled', { replicas: 1 }))
    await of(deployments).updateSubresource('scaled', 'scale', scale('scaled', 5), { fieldManager: 'autoscaler' })
    const scaled = await of(deployments).get('scaled')
    expect(scaled.spec.replicas).toBe(5)
    expect(managerOf(scaled, 'autoscaler', 'scale')).toMatchObject({
      operation: 'Update',
      apiVersion: 'apps/v1',
      fieldsV1: { 'f:spec': { 'f:replicas': {} } },
    })
    expect(managerOf(scaled, 'applier').fieldsV1['f:spec']['f:replicas']).toBe(undefined)
    const status = await refused(apply(deployments, deployment('scaled', { replicas: 1 })))
    expect(status.message).toBe(
      'Apply failed with 1 conflict: conflict with "autoscaler" with subresource "scale" using apps/v1: .spec.replicas',
    )
    await of(deployments).patch(
      'scaled',
      'application/merge-patch+json',
      { spec: { replicas: 6 } },
      { subresource: 'scale', fieldManager: 'patcher' },
    )
    const patched = await of(deployments).get('scaled')
    expect(managerOf(patched, 'autoscaler', 'scale')).toBe(undefined)
    expect(managerOf(patched, 'patcher', 'scale').fieldsV1).toEqual({ 'f:spec': { 'f:replicas': {} } })
  })

  test('is applied', async () => {
    await apply(deployments, deployment('scale-applied', { replicas: 1 }))
    const conflict = await refused(
      apply(deployments, scale('scale-applied', 2), { manager: 'other', subresource: 'scale' }),
    )
    expect(conflict.message).toBe('Apply failed with 1 conflict: conflict with "applier": .spec.replicas')
    await apply(deployments, scale('scale-applied', 2), { manager: 'other', subresource: 'scale', force: true })
    const scaled = await of(deployments).get('scale-applied')
    expect([scaled.spec.replicas, managerOf(scaled, 'other', 'scale').operation]).toEqual([2, 'Apply'])
  })
})

describe('kubectl that applied by itself before', () => {
  const annotation = 'kubectl.kubernetes.io/last-applied-configuration'
  const applied = (name: string, data: Record<string, string>) => {
    const object = map(name, data, { annotations: {}, namespace: 'default' })
    return { ...object, metadata: { ...object.metadata, annotations: { [annotation]: `${JSON.stringify(object)}\n` } } }
  }

  test('may change what it applied, and the annotation follows', async () => {
    await maps().create(applied('upgraded', { a: '1', b: '1' }), { fieldManager: 'kubectl-client-side-apply' })
    expect((await refused(apply(configMaps, map('upgraded', { a: '2' }), { manager: 'someone' }))).code).toBe(409)
    const upgraded = await apply(configMaps, map('upgraded', { a: '2', b: '1' }), { manager: 'kubectl' })
    expect(upgraded.data).toEqual({ a: '2', b: '1' })
    expect(JSON.parse(upgraded.metadata.annotations[annotation])).toEqual(map('upgraded', { a: '2', b: '1' }))
  })

  test('but not what another has changed since', async () => {
    await maps().create(applied('changed', { a: '1' }), { fieldManager: 'kubectl-client-side-apply' })
    await maps().patch('changed', 'application/merge-patch+json', { data: { a: '2' } }, { fieldManager: 'other' })
    const status = await refused(apply(configMaps, map('changed', { a: '3' }), { manager: 'kubectl' }))
    expect(status.message).toBe('Apply failed with 1 conflict: conflict with "other" using v1: .data.a')
  })
})

test('components are called as upstream’s are', async () => {
  const whole = await Cluster.start({ nodes: 1 })
  await whole.client
    .resource<any>(deployments)
    .create({ ...deployment('web'), metadata: { name: 'web', namespace: 'default' } })
  await whole.clock.advance('30s')
  const names = async (resource: ResourceDeclaration) => {
    const { items } = await whole.client.resource<any>(resource).list()
    return [
      ...new Set(items.flatMap(managersOf).map(({ manager, subresource = '' }) => `${manager} ${subresource}`.trim())),
    ].sort()
  }
  const { pods } = await import('../../src/api/core/v1/pod.ts')
  const { nodes } = await import('../../src/api/core/v1/node.ts')
  const { clusterRoles } = await import('../../src/api/rbac/v1/clusterrole.ts')
  expect(await names(deployments)).toEqual(['k8ts', 'kube-controller-manager status'])
  expect(await names(pods)).toEqual(['kube-controller-manager', 'kubelet status'])
  expect(await names(nodes)).toContain('kubelet')
  expect(await names(clusterRoles)).toContain('kube-apiserver')
  await whole.stop()
})
