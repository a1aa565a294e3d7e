import { describe, expect, test } from 'vitest'
import { virtualEnv } from '../../machinery/env/virtual-env.ts'
import { type Histogram, MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import { StatusError } from '../../machinery/status-error.ts'
import type { AdmissionPlugin } from './admission.ts'
import { AdmissionMetrics } from './admission-metrics.ts'
import { AdmissionChain } from './chain.ts'
import { cluster, plain, pod, type Request, services } from './testing/admission-cluster.ts'

test('an ordinary pod is filled in without a promise, as upstream fills it in', () => {
  const { chain, attributes } = cluster()
  const request = attributes({ object: pod() })
  expect(chain.admit(request)).toBeUndefined()
  expect(chain.validate(request)).toBeUndefined()
  const name = request.object!['spec'].volumes[0].name
  expect(name).toMatch(/^kube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  expect(plain(request.object!)['spec']).toEqual({
    containers: [
      {
        name: 'c',
        image: 'i',
        volumeMounts: [{ name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
      },
    ],
    serviceAccount: 'default',
    serviceAccountName: 'default',
    priority: 0,
    preemptionPolicy: 'PreemptLowerPriority',
    tolerations: [
      { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
    ],
    volumes: [
      {
        name,
        projected: {
          defaultMode: 420,
          sources: [
            { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
            { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
            {
              downwardAPI: {
                items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
              },
            },
          ],
        },
      },
    ],
  })
})

describe('the chain', () => {
  const plugin = (name: string, log: string[], wait?: Promise<void>): AdmissionPlugin => ({
    name,
    handles: operation => operation === 'CREATE',
    admit: () => {
      log.push(name)
      return wait
    },
  })

  test('waits for a plugin that takes time before it asks the next', async () => {
    const log: string[] = []
    let release = () => {}
    const wait = new Promise<void>(resolve => {
      release = resolve
    })
    const { attributes, objects } = cluster()
    const chain = new AdmissionChain(
      [plugin('a', log), plugin('b', log, wait), plugin('c', log)],
      objects,
      services(virtualEnv()).metrics,
    )
    const done = chain.admit(attributes({ object: pod() }))
    expect(log).toEqual(['a', 'b'])
    release()
    await done
    expect(log).toEqual(['a', 'b', 'c'])
    expect(chain.admit(attributes({ operation: 'DELETE' }))).toBeUndefined()
    expect(log).toHaveLength(3)
  })

  test('asks plugins about the resources they know, and counts the others up to one that refuses', () => {
    const log: string[] = []
    const only = (name: string, ...resources: string[]): AdmissionPlugin => ({ ...plugin(name, log), resources })
    const refusing: AdmissionPlugin = {
      ...plugin('refusing', log),
      admit({ object }) {
        if (object?.metadata.name === 'bad') throw new Error('refused')
      },
    }
    const { attributes, objects } = cluster()
    const metrics = new MetricsRegistry()
    const chain = new AdmissionChain(
      [only('pods', 'pods'), plugin('all', log), only('nodes', 'nodes'), refusing, only('claims', 'claims')],
      objects,
      new AdmissionMetrics(metrics, virtualEnv().clock),
    )
    chain.admit(attributes({ object: pod() }))
    chain.admit(attributes({ resource: 'nodes', object: pod() }))
    expect(() => chain.admit(attributes({ object: { ...pod(), metadata: { name: 'bad' } } }))).toThrow('refused')
    expect(log).toEqual(['pods', 'all', 'all', 'nodes', 'pods', 'all'])
    const family = metrics
      .collect()
      .find(({ name }) => name === 'apiserver_admission_controller_admission_duration_seconds')!
    const counted = [...family.children()].map(({ values: [name, , , rejected], child }) => [
      `${name} ${rejected}`,
      (child as Histogram).counts.reduce((sum, count) => sum + count),
    ])
    expect(Object.fromEntries(counted)).toEqual({
      'pods false': 3,
      'all false': 3,
      'nodes false': 3,
      'refusing false': 2,
      'refusing true': 1,
      'claims false': 2,
    })
  })
})

describe('NamespaceLifecycle', () => {
  test.each<[string, Request]>([
    ['namespaces "gone" not found', { namespace: 'gone', object: pod() }],
    ['namespaces "gone" not found', { operation: 'UPDATE', namespace: 'gone', object: pod(), oldObject: pod() }],
    [
      'pods "p" is forbidden: unable to create new content in namespace going because it is being terminated',
      { namespace: 'going', object: pod() },
    ],
    [
      'namespaces "kube-system" is forbidden: this namespace may not be deleted',
      { operation: 'DELETE', resource: 'namespaces', namespace: '', name: 'kube-system' },
    ],
  ])('%s', async (message, request) => {
    const { objects, write } = cluster()
    objects.put('namespaces', '', 'going', { status: { phase: 'Terminating' } })
    await expect(write(request)).rejects.toThrow(message)
  })

  test('says in its details that the namespace is going', async () => {
    const { objects, write } = cluster()
    objects.put('namespaces', '', 'going', { status: { phase: 'Terminating' } })
    const error: StatusError = await write({ namespace: 'going', object: pod() }).then(
      () => expect.fail(),
      reason => reason,
    )
    expect(error).toBeInstanceOf(StatusError)
    expect(error.status).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      details: {
        name: 'p',
        kind: 'pods',
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: 'namespace going is being terminated',
            field: 'metadata.namespace',
          },
        ],
      },
    })
  })

  test.each<[string, Request]>([
    ['deleting in a namespace that is gone', { operation: 'DELETE', namespace: 'gone', name: 'p' }],
    ['deleting any other namespace', { operation: 'DELETE', resource: 'namespaces', namespace: '', name: 'dev' }],
    ['creating a namespace', { resource: 'namespaces', namespace: '', object: { metadata: { name: 'new' } } }],
    ['creating what has no namespace', { resource: 'nodes', namespace: '', object: { metadata: { name: 'n' } } }],
    [
      'asking about a namespace that may not exist',
      { resource: 'localsubjectaccessreviews.authorization.k8s.io', namespace: 'gone', object: { metadata: {} } },
    ],
    [
      'updating in a namespace that is going',
      { operation: 'UPDATE', resource: 'configmaps', namespace: 'going', object: pod(), oldObject: pod() },
    ],
  ])('allows %s', async (_name, request) => {
    const { objects, write } = cluster()
    objects.put('namespaces', '', 'going', { status: { phase: 'Terminating' } })
    await expect(write(request)).resolves.not.toThrow()
  })
})

describe('DefaultTolerationSeconds', () => {
  test.each<[number, object[]]>([
    [2, []],
    [1, [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' }]],
    [2, [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoSchedule' }]],
    [0, [{ operator: 'Exists' }]],
    [2, [{ operator: 'Exists', effect: 'NoSchedule' }]],
  ])('adds %i tolerations to %j', async (added, tolerations) => {
    const written = await cluster().write({ object: pod({ tolerations }) })
    expect(written['spec'].tolerations).toHaveLength(tolerations.length + added)
  })
})

test('TaintNodesByCondition: a node is born not ready', async () => {
  const { write } = cluster()
  const node = (taints?: object[]): Request => ({
    resource: 'nodes',
    namespace: '',
    object: { metadata: { name: 'n' }, spec: { taints } },
  })
  const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }
  expect((await write(node()))['spec'].taints).toEqual([notReady])
  expect((await write(node([notReady])))['spec'].taints).toEqual([notReady])
})

test('DefaultIngressClass: an ingress gets the default class', async () => {
  const { objects, write } = cluster()
  objects.put('ingressclasses.networking.k8s.io', '', 'nginx', {
    metadata: { annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
  })
  const ingress = (spec: object, annotations?: object): Request => ({
    resource: 'ingresses.networking.k8s.io',
    object: { metadata: { name: 'i', annotations }, spec },
  })
  expect((await write(ingress({})))['spec'].ingressClassName).toBe('nginx')
  expect((await write(ingress({ ingressClassName: 'x' })))['spec'].ingressClassName).toBe('x')
  expect((await write(ingress({}, { 'kubernetes.io/ingress.class': 'x' })))['spec'].ingressClassName).toBeUndefined()
})

describe('RuntimeClass', () => {
  test('brings its overhead and its nodes', async () => {
    const { objects, write } = cluster()
    objects.put('runtimeclasses.node.k8s.io', '', 'kata', {
      overhead: { podFixed: { cpu: '250m' } },
      scheduling: { nodeSelector: { kata: 'yes' }, tolerations: [{ key: 'kata', operator: 'Exists' }] },
    })
    const written = await write({ object: pod({ runtimeClassName: 'kata', nodeSelector: { disk: 'ssd' } }) })
    expect(written['spec']).toMatchObject({
      overhead: { cpu: '250m' },
      nodeSelector: { disk: 'ssd', kata: 'yes' },
      tolerations: expect.arrayContaining([{ key: 'kata', operator: 'Exists' }]),
    })
  })

  test.each<[string, object]>([
    ['pod rejected: RuntimeClass "x" not found', { runtimeClassName: 'x' }],
    ['pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead', { overhead: { cpu: '1' } }],
  ])('%s', async (message, spec) => {
    await expect(cluster().write({ object: pod(spec) })).rejects.toThrow(message)
  })
})
