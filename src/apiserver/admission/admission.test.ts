import { describe, expect, test } from 'vitest'
import type { KubeObject, ResourceDeclaration } from '../../api/resource.ts'
import { type VirtualEnv, virtualEnv } from '../../machinery/env/virtual-env.ts'
import { StatusError } from '../../machinery/status-error.ts'
import type { AdmissionAttributes, AdmissionLister, AdmissionPlugin } from './admission.ts'
import { AdmissionChain } from './chain.ts'
import { defaultAdmissionPlugins } from './default-plugins.ts'

/** A cluster as admission sees it. */
class Objects implements AdmissionLister {
  readonly #objects = new Map<string, KubeObject>()

  put(resource: string, namespace: string, name: string, more: Record<string, any> = {}): void {
    const { metadata, ...rest } = more
    const object = {
      ...rest,
      metadata: { name, namespace: namespace || undefined, uid: `uid-of-${name}`, ...metadata },
    }
    this.#objects.set(`${resource} ${namespace}/${name}`, deepFrozen(object))
  }

  get(resource: string, namespace: string, name: string): KubeObject | undefined {
    return this.#objects.get(`${resource} ${namespace}/${name}`)
  }

  *list(resource: string, namespace: string): Generator<KubeObject> {
    for (const [key, object] of this.#objects) if (key.startsWith(`${resource} ${namespace}`)) yield object
  }
}

function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const each of Object.values(value)) deepFrozen(each)
    Object.freeze(value)
  }
  return value
}

interface Request extends Partial<Omit<AdmissionAttributes, 'resource'>> {
  readonly resource?: string
}

function cluster() {
  const env: VirtualEnv = virtualEnv()
  const objects = new Objects()
  objects.put('namespaces', '', 'dev', { status: { phase: 'Active' } })
  objects.put('serviceaccounts', 'dev', 'default')
  const chain = new AdmissionChain(defaultAdmissionPlugins(env), objects)

  function attributes(request: Request): AdmissionAttributes {
    const [resource = '', ...group] = (request.resource ?? 'pods').split('.')
    const name = request.object?.metadata.name ?? request.oldObject?.metadata.name ?? ''
    return {
      operation: 'CREATE',
      subresource: '',
      namespace: 'dev',
      name,
      object: undefined,
      oldObject: undefined,
      user: { name: 'alice', groups: [] },
      dryRun: false,
      options: undefined,
      lister: objects,
      warn: () => {},
      ...request,
      resource: { resource, group: group.join('.'), version: 'v1', kind: '' } as unknown as ResourceDeclaration,
    }
  }

  /** Both phases; the object as it would be written. */
  async function write(request: Request): Promise<KubeObject> {
    const written = attributes({ ...request, object: structuredClone(request.object) })
    await chain.admit(written)
    await chain.validate(written)
    return written.object!
  }
  return { env, objects, chain, attributes, write }
}

const pod = (spec: object = {}, metadata: object = {}): KubeObject => ({
  metadata: { name: 'p', namespace: 'dev', ...metadata },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
})
const plain = (object: KubeObject): KubeObject => JSON.parse(JSON.stringify(object))

test('the default plugins stand in upstream’s order', () => {
  expect(defaultAdmissionPlugins(virtualEnv()).map(({ name }) => name)).toEqual([
    'NamespaceLifecycle',
    'LimitRanger',
    'ServiceAccount',
    'NodeRestriction',
    'TaintNodesByCondition',
    'Priority',
    'DefaultTolerationSeconds',
    'DefaultStorageClass',
    'StorageObjectInUseProtection',
    'PersistentVolumeClaimResize',
    'RuntimeClass',
    'DefaultIngressClass',
  ])
})

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
    const chain = new AdmissionChain([plugin('a', log), plugin('b', log, wait), plugin('c', log)], objects)
    const done = chain.admit(attributes({ object: pod() }))
    expect(log).toEqual(['a', 'b'])
    release()
    await done
    expect(log).toEqual(['a', 'b', 'c'])
    expect(chain.admit(attributes({ operation: 'DELETE' }))).toBeUndefined()
    expect(log).toHaveLength(3)
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

describe('ServiceAccount', () => {
  test('the account must exist', async () => {
    await expect(cluster().write({ object: pod({ serviceAccountName: 'x' }) })).rejects.toThrow(
      'pods "p" is forbidden: error looking up service account dev/x: serviceaccount "x" not found',
    )
    await expect(
      cluster().write({ object: pod({ serviceAccountName: 'x' }, { name: undefined, generateName: 'p-' }) }),
    ).rejects.toThrow('pods "p-" is forbidden')
  })

  test('the default one is waited for', async () => {
    const { env, objects, write } = cluster()
    objects.put('namespaces', '', 'new')
    const waiting = write({ namespace: 'new', object: pod() })
    await env.clock.advance(200)
    objects.put('serviceaccounts', 'new', 'default')
    await env.clock.advance(200)
    expect((await waiting)['spec'].serviceAccountName).toBe('default')

    objects.put('namespaces', '', 'empty')
    const vain = write({ namespace: 'empty', object: pod() })
    const refused = expect(vain).rejects.toThrow('serviceaccount "default" not found')
    await env.clock.advance(2000)
    await refused
  })

  test.each<[boolean, boolean | undefined, boolean | undefined]>([
    [true, undefined, undefined],
    [true, true, false],
    [false, false, true],
    [false, undefined, false],
    [true, undefined, true],
  ])('token mounted: %s when the pod says %s and the account %s', async (mounted, podSays, accountSays) => {
    const { objects, write } = cluster()
    objects.put('serviceaccounts', 'dev', 'default', { automountServiceAccountToken: accountSays })
    const { spec } = (await write({ object: pod({ automountServiceAccountToken: podSays }) })) as any
    expect(spec.volumes?.length ?? 0).toBe(mounted ? 1 : 0)
    expect(spec.containers[0].volumeMounts?.length ?? 0).toBe(mounted ? 1 : 0)
  })

  test('mounts into init containers too, and leaves mounts at the same path alone', async () => {
    const own = { name: 'own', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }
    const object = pod({
      initContainers: [{ name: 'i' }],
      containers: [
        { name: 'c', volumeMounts: [own] },
        { name: 'd', volumeMounts: [{ name: 'v', mountPath: '/v' }] },
      ],
    })
    const { spec } = (await cluster().write({ object })) as any
    expect(spec.initContainers[0].volumeMounts).toHaveLength(1)
    expect(spec.containers[0].volumeMounts).toEqual([own])
    expect(spec.containers[1].volumeMounts).toHaveLength(2)
  })

  test('uses a token volume that is there', async () => {
    const object = pod({ volumes: [{ name: 'kube-api-access-mine', projected: { sources: [] } }] })
    const { spec } = (await cluster().write({ object })) as any
    expect(spec.volumes).toHaveLength(1)
    expect(spec.containers[0].volumeMounts[0].name).toBe('kube-api-access-mine')
  })

  test('gives the account’s pull secrets to pods without', async () => {
    const { objects, write } = cluster()
    objects.put('serviceaccounts', 'dev', 'default', { imagePullSecrets: [{ name: 'a' }] })
    expect((await write({ object: pod() }))['spec'].imagePullSecrets).toEqual([{ name: 'a' }])
    const own = pod({ imagePullSecrets: [{ name: 'b' }] })
    expect((await write({ object: own }))['spec'].imagePullSecrets).toEqual([{ name: 'b' }])
  })

  test.each<[string, object]>([
    ['volume with secret.secretName="s" is not allowed', { volumes: [{ name: 'v', secret: { secretName: 's' } }] }],
    [
      'container c with envVar E referencing secret.secretName="s" is not allowed',
      { containers: [{ name: 'c', env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }] },
    ],
    [
      'imagePullSecrets[0].name="s" is not allowed because service account default does not reference that imagePullSecret',
      { imagePullSecrets: [{ name: 's' }] },
    ],
  ])('an account that enforces its secrets: %s', async (message, spec) => {
    const { objects, write } = cluster()
    objects.put('serviceaccounts', 'dev', 'default', {
      metadata: { annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
      secrets: [{ name: 'allowed' }],
    })
    await expect(write({ object: pod(spec) })).rejects.toThrow(message)
    await expect(
      write({ object: pod({ volumes: [{ name: 'v', secret: { secretName: 'allowed' } }] }) }),
    ).resolves.toBeDefined()
  })

  test('leaves mirror pods alone', async () => {
    const mirror = { annotations: { 'kubernetes.io/config.mirror': 'x' } }
    const written = await cluster().write({ object: pod({}, mirror) })
    expect(written['spec'].serviceAccountName).toBeUndefined()
    await expect(cluster().write({ object: pod({ serviceAccountName: 'default' }, mirror) })).rejects.toThrow(
      'a mirror pod may not reference service accounts',
    )
  })
})

describe('Priority', () => {
  test('is the class’s, or the default class’s', async () => {
    const { objects, write } = cluster()
    objects.put('priorityclasses.scheduling.k8s.io', '', 'high', { value: 1000, preemptionPolicy: 'Never' })
    expect((await write({ object: pod({ priorityClassName: 'high' }) }))['spec']).toMatchObject({
      priority: 1000,
      preemptionPolicy: 'Never',
    })
    objects.put('priorityclasses.scheduling.k8s.io', '', 'usual', { value: 7, globalDefault: true })
    expect((await write({ object: pod() }))['spec']).toMatchObject({ priority: 7, priorityClassName: 'usual' })
  })

  test.each<[string, object]>([
    ['pods "p" is forbidden: no PriorityClass with name x was found', { priorityClassName: 'x' }],
    [
      'the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
      { priority: 5 },
    ],
    [
      'the string value of PreemptionPolicy (Never) must not be provided in pod spec; priority admission controller computed PreemptLowerPriority from the given PriorityClass name',
      { preemptionPolicy: 'Never' },
    ],
  ])('%s', async (message, spec) => {
    await expect(cluster().write({ object: pod(spec) })).rejects.toThrow(message)
  })

  test('stays when an update leaves it out', async () => {
    const oldObject = deepFrozen(pod({ priority: 3, preemptionPolicy: 'Never', serviceAccountName: 'default' }))
    const written = await cluster().write({ operation: 'UPDATE', object: pod(), oldObject })
    expect(written['spec']).toMatchObject({ priority: 3, preemptionPolicy: 'Never' })
  })

  test('of all classes only one is the default', async () => {
    const { objects, write } = cluster()
    objects.put('priorityclasses.scheduling.k8s.io', '', 'usual', { value: 7, globalDefault: true })
    const request = (name: string): Request => ({
      resource: 'priorityclasses.scheduling.k8s.io',
      namespace: '',
      object: { metadata: { name }, value: 1, globalDefault: true },
    })
    await expect(write(request('other'))).rejects.toThrow(
      'priorityclasses.scheduling.k8s.io "other" is forbidden: PriorityClass usual is already marked as default. Only one default can exist',
    )
    await expect(write(request('usual'))).resolves.toBeDefined()
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

describe('LimitRanger', () => {
  const resources = (requests: object, limits: object = {}) => ({
    containers: [{ name: 'c', resources: { requests, limits } }],
  })
  const limitsOf = (...limits: object[]) => {
    const made = cluster()
    made.objects.put('limitranges', 'dev', 'l', { spec: { limits } })
    return made
  }

  test('gives defaults, and notes it', async () => {
    const { write } = limitsOf({
      type: 'Container',
      default: { cpu: '500m', memory: '1Gi' },
      defaultRequest: { cpu: '100m' },
    })
    const written = await write({ object: pod({ ...resources({ cpu: '200m' }), initContainers: [{ name: 'i' }] }) })
    expect(written['spec'].containers[0].resources).toEqual({
      requests: { cpu: '200m' },
      limits: { cpu: '500m', memory: '1Gi' },
    })
    expect(written.metadata['annotations']).toEqual({
      'kubernetes.io/limit-ranger':
        'LimitRanger plugin set: cpu, memory limit for container c; cpu request for init container i; cpu, memory limit for init container i',
    })
  })

  test.each<[string, object, object]>([
    [
      'minimum cpu usage per Container is 100m.  No request is specified',
      { type: 'Container', min: { cpu: '100m' } },
      {},
    ],
    [
      'minimum cpu usage per Container is 100m, but request is 50m',
      { type: 'Container', min: { cpu: '100m' } },
      resources({ cpu: '50m' }),
    ],
    [
      'maximum memory usage per Container is 1Gi, but limit is 2Gi',
      { type: 'Container', max: { memory: '1Gi' } },
      resources({}, { memory: '2Gi' }),
    ],
    [
      'maximum memory usage per Container is 1Gi.  No limit is specified',
      { type: 'Container', max: { memory: '1Gi' } },
      resources({ memory: '1Mi' }),
    ],
    [
      'cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000',
      { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
      resources({ cpu: '100m' }, { cpu: '300m' }),
    ],
    [
      'cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0',
      { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
      resources({ cpu: '100m' }),
    ],
    [
      '[maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Container is 1Gi, but limit is 2Gi]',
      { type: 'Container', max: { memory: '1Gi', cpu: '1' } },
      resources({}, { memory: '2Gi', cpu: '2' }),
    ],
    [
      'maximum cpu usage per Pod is 1, but limit is 1500m',
      { type: 'Pod', max: { cpu: '1' } },
      {
        containers: [
          { name: 'c', resources: { limits: { cpu: '700m' } } },
          { name: 'd', resources: { limits: { cpu: '800m' } } },
        ],
      },
    ],
    [
      'maximum cpu usage per Pod is 1, but limit is 1300m',
      { type: 'Pod', max: { cpu: '1' } },
      {
        initContainers: [
          { name: 's', restartPolicy: 'Always', resources: { limits: { cpu: '500m' } } },
          { name: 'i', resources: { limits: { cpu: '800m' } } },
        ],
        containers: [{ name: 'c', resources: { limits: { cpu: '100m' } } }],
      },
    ],
  ])('pods "p" is forbidden: %s', async (message, limit, spec) => {
    const { write } = limitsOf(limit)
    await expect(write({ object: pod(spec) })).rejects.toThrow(`pods "p" is forbidden: ${message}`)
  })

  test('claims have limits of their own', async () => {
    const { write } = limitsOf({ type: 'PersistentVolumeClaim', min: { storage: '2Gi' }, max: { storage: '5Gi' } })
    const claim = (storage: string): Request => ({
      resource: 'persistentvolumeclaims',
      object: { metadata: { name: 'c' }, spec: { resources: { requests: { storage } } } },
    })
    await expect(write(claim('1Gi'))).rejects.toThrow(
      'persistentvolumeclaims "c" is forbidden: minimum storage usage per PersistentVolumeClaim is 2Gi, but request is 1Gi',
    )
    await expect(write(claim('6Gi'))).rejects.toThrow('maximum storage usage per PersistentVolumeClaim is 5Gi')
    await expect(write(claim('2048Mi'))).resolves.toBeDefined()
  })

  test('of another namespace don’t count, nor for updates', async () => {
    const { objects, write } = cluster()
    objects.put('limitranges', 'prod', 'l', { spec: { limits: [{ type: 'Container', min: { cpu: '1' } }] } })
    await expect(write({ object: pod() })).resolves.toBeDefined()
    objects.put('limitranges', 'dev', 'l', { spec: { limits: [{ type: 'Container', min: { cpu: '1' } }] } })
    await expect(write({ operation: 'UPDATE', object: pod(), oldObject: pod() })).resolves.toBeDefined()
  })
})

describe('storage', () => {
  const claim = (spec: object = {}): Request => ({
    resource: 'persistentvolumeclaims',
    object: { metadata: { name: 'c' }, spec },
  })
  const storageClass = (creationTimestamp: string) => ({
    metadata: { creationTimestamp, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  })

  test('a claim gets the newest default class, unless it names one, or none', async () => {
    const { objects, write } = cluster()
    expect((await write(claim()))['spec'].storageClassName).toBeUndefined()
    objects.put('storageclasses.storage.k8s.io', '', 'new', storageClass('2026-02-01T00:00:00Z'))
    objects.put('storageclasses.storage.k8s.io', '', 'old', storageClass('2026-01-01T00:00:00Z'))
    objects.put('storageclasses.storage.k8s.io', '', 'plain')
    expect((await write(claim()))['spec'].storageClassName).toBe('new')
    expect((await write(claim({ storageClassName: '' })))['spec'].storageClassName).toBe('')
    expect((await write(claim({ storageClassName: 'plain' })))['spec'].storageClassName).toBe('plain')
  })

  test.each([
    ['persistentvolumeclaims', 'dev', 'kubernetes.io/pvc-protection'],
    ['persistentvolumes', '', 'kubernetes.io/pv-protection'],
    ['volumeattributesclasses.storage.k8s.io', '', 'kubernetes.io/vac-protection'],
  ])('%s are born protected', async (resource, namespace, finalizer) => {
    const written = await cluster().write({ resource, namespace, object: { metadata: { name: 'x' }, spec: {} } })
    expect(written.metadata['finalizers']).toEqual([finalizer])
  })
})

describe('PersistentVolumeClaimResize', () => {
  const claim = (storage: string, storageClassName = 'growing', phase = 'Bound'): KubeObject => ({
    metadata: { name: 'c' },
    spec: { storageClassName, resources: { requests: { storage } } },
    status: { phase },
  })
  const resize = (oldObject: KubeObject, object: KubeObject) => {
    const { objects, write } = cluster()
    objects.put('storageclasses.storage.k8s.io', '', 'growing', { allowVolumeExpansion: true })
    objects.put('storageclasses.storage.k8s.io', '', 'fixed')
    return write({ operation: 'UPDATE', resource: 'persistentvolumeclaims', oldObject, object })
  }

  test('a bound claim of a class that allows it grows; any may stay', async () => {
    await expect(resize(claim('1Gi'), claim('2Gi'))).resolves.toBeDefined()
    await expect(resize(claim('1Gi', 'fixed', 'Pending'), claim('1024Mi', 'fixed', 'Pending'))).resolves.toBeDefined()
  })

  test.each<[string, KubeObject, KubeObject]>([
    [
      'Only bound persistent volume claims can be expanded',
      claim('1Gi', 'growing', 'Pending'),
      claim('2Gi', 'growing', 'Pending'),
    ],
    ['the storageclass that provisions the pvc must support resize', claim('1Gi', 'fixed'), claim('2Gi', 'fixed')],
    ['only dynamically provisioned pvc can be resized', claim('1Gi', ''), claim('2Gi', '')],
    ['only dynamically provisioned pvc can be resized', claim('1Gi', 'gone'), claim('2Gi', 'gone')],
  ])('%s', async (message, old, grown) => {
    await expect(resize(old, grown)).rejects.toThrow(message)
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
