// The plugins that are configured by a file: EventRateLimit, PodTolerationRestriction, ImagePolicyWebhook; and
// NamespaceAutoProvision, which writes.

import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../../api/resource.ts'
import { settledEnv } from '../../../client/testing/settled-env.ts'
import type { ApiRequest, ApiResponse } from '../../../client/transport.ts'
import { type VirtualEnv, virtualEnv } from '../../../machinery/env/virtual-env.ts'
import { alreadyExists, type StatusError } from '../../../machinery/status-error.ts'
import { ReviewWebhook } from '../../review-webhook.ts'
import type { AdmissionPlugin } from '../admission.ts'
import { cluster, pod, type Request, services } from '../testing/admission-cluster.ts'
import { type EventRateLimitConfiguration, eventRateLimit } from './event-rate-limit.ts'
import { type ImagePolicyConfiguration, imagePolicyWebhook } from './image-policy-webhook.ts'
import { namespaceAutoProvision } from './namespace-auto-provision.ts'
import { podTolerationRestriction } from './pod-toleration-restriction.ts'

describe('EventRateLimit', () => {
  interface Event {
    readonly namespace?: string
    readonly user?: string
    readonly about?: string
    readonly dryRun?: boolean
    readonly resource?: string
    readonly after?: number
  }
  /** What becomes of each event: '' for let through. */
  async function fates(configuration: EventRateLimitConfiguration, events: readonly Event[]): Promise<string[]> {
    const env = virtualEnv()
    const plugin = eventRateLimit(env.clock, configuration)
    const { attributes } = cluster()
    const found: string[] = []
    for (const {
      namespace = 'dev',
      user = 'alice',
      about = 'p',
      dryRun = false,
      resource = 'events',
      after,
    } of events) {
      if (after) await env.clock.advance(after)
      const object: KubeObject = {
        metadata: { name: 'e', namespace },
        source: { component: 'kubelet' },
        involvedObject: { kind: 'Pod', namespace, name: about },
      }
      try {
        plugin.validate!(attributes({ resource, namespace, user: { name: user, groups: [] }, dryRun, object }))
        found.push('')
      } catch (error) {
        expect((error as StatusError).code).toBe(429)
        found.push((error as StatusError).message)
      }
    }
    return found
  }
  const limit = (type: string, more: object = {}) => ({ limits: [{ type, qps: 1, burst: 2, ...more }] })
  const reached = (type: string, key: string) => `Too many requests: limit reached on type ${type} for key ${key}`

  test.each<[string, EventRateLimitConfiguration, Event[], string[]]>([
    ['the server’s', limit('Server'), [{}, { user: 'bob' }, {}], ['', '', reached('Server', '')]],
    [
      'refilled by the second',
      limit('Server'),
      [{}, {}, {}, { after: 1000 }, {}],
      ['', '', reached('Server', ''), '', reached('Server', '')],
    ],
    [
      'one for each namespace',
      limit('Namespace'),
      [{}, {}, { namespace: 'qa' }, {}],
      ['', '', '', reached('Namespace', 'dev')],
    ],
    ['one for each user', limit('User'), [{}, {}, { user: 'bob' }, {}], ['', '', '', reached('User', 'alice')]],
    [
      'one for each source and object',
      limit('SourceAndObject'),
      [{}, {}, { about: 'q' }, {}],
      ['', '', '', reached('SourceAndObject', 'kubeletPoddevp')],
    ],
    [
      'begun anew when too many others came between',
      limit('User', { cacheSize: 1 }),
      [{}, {}, { user: 'bob' }, {}],
      ['', '', '', ''],
    ],
    [
      'several, which all count',
      { limits: [limit('Server').limits[0]!, limit('User').limits[0]!] },
      [{}, {}, {}],
      ['', '', 'Too many requests: [limit reached on type Server for key , limit reached on type User for key alice]'],
    ],
    [
      'not for what is only tried',
      limit('Server'),
      [{ dryRun: true }, { dryRun: true }, { dryRun: true }],
      ['', '', ''],
    ],
    [
      'not for what is no event',
      limit('Server'),
      [{ resource: 'pods' }, { resource: 'pods' }, { resource: 'pods' }],
      ['', '', ''],
    ],
    [
      'also for events of the other group',
      limit('Server'),
      [{ resource: 'events.events.k8s.io' }, {}, {}],
      ['', '', reached('Server', '')],
    ],
  ])('a limit is %s', async (_name, configuration, events, expected) => {
    expect(await fates(configuration, events)).toEqual(expected)
  })
})

describe('PodTolerationRestriction', () => {
  const gpu = { key: 'gpu', operator: 'Exists', effect: 'NoSchedule' }
  const spot = { key: 'spot', operator: 'Equal', value: 'yes', effect: 'NoSchedule' }
  const pressure = { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' }
  const annotation = (name: string, value: unknown) => ({
    [`scheduler.alpha.kubernetes.io/${name}`]: typeof value === 'string' ? value : JSON.stringify(value),
  })

  function admitted(
    annotations: object,
    configuration: object,
    spec: object = {},
    request: Partial<Request> = {},
  ): unknown {
    const { objects, attributes } = cluster()
    objects.put('namespaces', '', 'dev', { metadata: { annotations } })
    const asked = attributes({ object: pod(spec), ...request })
    podTolerationRestriction(configuration).admit!(asked)
    return asked.object!['spec'].tolerations
  }
  const burstable = { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] }

  test.each<[string, object, object, object, unknown]>([
    ['nothing where nobody says anything', {}, {}, {}, undefined],
    ['the cluster’s', {}, { default: [gpu] }, { tolerations: [spot] }, [spot, gpu]],
    ['the namespace’s instead', annotation('defaultTolerations', [spot]), { default: [gpu] }, {}, [spot]],
    ['none, where the namespace says so', annotation('defaultTolerations', ''), { default: [gpu] }, {}, undefined],
    [
      'no second one for what is tolerated',
      {},
      { default: [{ ...gpu, effect: '' }] },
      { tolerations: [gpu] },
      [{ ...gpu, effect: '' }],
    ],
    ['memory pressure, with a QoS class', {}, {}, burstable, [pressure]],
  ])('a new pod is given %s', (_name, annotations, configuration, spec, expected) => {
    expect(admitted(annotations, configuration, spec)).toEqual(expected)
  })

  test('an update is given no defaults', () => {
    const request = { operation: 'UPDATE', oldObject: pod() } as const
    expect(admitted({}, { default: [gpu] }, {}, request)).toBeUndefined()
  })

  const conflict = (scope: string) =>
    `pod tolerations (possibly merged with namespace default tolerations) conflict with its ${scope} whitelist`
  test.each<[string, object, object, object, string | undefined]>([
    ['allowed by the cluster', {}, { whitelist: [gpu] }, { tolerations: [gpu] }, undefined],
    ['allowed by less of a kind', {}, { whitelist: [{ operator: 'Exists' }] }, { tolerations: [spot] }, undefined],
    ['not allowed by the cluster', {}, { whitelist: [gpu] }, { tolerations: [spot] }, conflict('cluster')],
    [
      'for longer than allowed',
      {},
      { whitelist: [{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 }] },
      { tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 6 }] },
      conflict('cluster'),
    ],
    [
      'not allowed by the namespace',
      annotation('tolerationsWhitelist', [spot]),
      { whitelist: [gpu] },
      { tolerations: [gpu] },
      conflict('namespace'),
    ],
    [
      'allowed: the namespace allows all',
      annotation('tolerationsWhitelist', ''),
      { whitelist: [gpu] },
      { tolerations: [spot] },
      undefined,
    ],
  ])('a toleration %s', (_name, annotations, configuration, spec, problem) => {
    const admit = () => admitted(annotations, configuration, spec)
    if (problem === undefined) expect(admit).not.toThrow()
    else expect(admit).toThrow(problem)
  })
})

describe('NamespaceAutoProvision', () => {
  async function provisioned(request: Partial<Request>, failure?: Error): Promise<string[]> {
    const made: string[] = []
    const plugin = namespaceAutoProvision({
      ...services(virtualEnv()),
      async createNamespace(name) {
        if (failure) throw failure
        made.push(name)
      },
    })
    await plugin.admit!(cluster().attributes({ object: pod(), namespace: 'new', ...request }))
    return made
  }
  test.each<[string, Partial<Request>, string[]]>([
    ['a namespace that is not there', {}, ['new']],
    ['none that is', { namespace: 'dev' }, []],
    ['none when it is only tried', { dryRun: true }, []],
    ['none for what is in none', { namespace: '' }, []],
  ])('creates %s', async (_name, request, made) => {
    expect(await provisioned(request)).toEqual(made)
  })
  test('does not mind when another was faster, but what else goes wrong', async () => {
    expect(await provisioned({}, alreadyExists({ group: '', resource: 'namespaces' }, 'new'))).toEqual([])
    await expect(provisioned({}, new Error('no room'))).rejects.toThrow('pods "p" is forbidden: no room')
  })
})

describe('ImagePolicyWebhook', () => {
  const review = (status: object): ApiResponse => ({
    status: 200,
    headers: {},
    body: { kind: 'ImageReview', apiVersion: 'imagepolicy.k8s.io/v1alpha1', status },
  })
  function policy(answer: ApiResponse | Error, given: ImagePolicyConfiguration['imagePolicy'] = {}) {
    const env: VirtualEnv = settledEnv()
    const asked: ApiRequest[] = []
    const transport = {
      async request(request: ApiRequest): Promise<ApiResponse> {
        asked.push({ ...request, body: JSON.parse(Buffer.from(request.body as Uint8Array).toString()) })
        if (answer instanceof Error) throw answer
        return answer
      },
      close() {},
    }
    const plugin: AdmissionPlugin = imagePolicyWebhook(
      services(env),
      { imagePolicy: given },
      () => new ReviewWebhook({ env, transport, path: '/' }),
    )
    const annotations: Record<string, string> = {}
    const annotate = (key: string, value: string) => {
      annotations[key] = value
    }
    const validate = (object: KubeObject = pod(), more: Partial<Request> = {}) =>
      plugin.validate!(cluster().attributes({ object, annotate, ...more }))
    return { env, asked, annotations, validate }
  }

  test('asks about the images, and what annotations say about them', async () => {
    const { validate, asked } = policy(review({ allowed: true }))
    await validate(
      pod(
        { containers: [{ name: 'a', image: 'x' }], initContainers: [{ name: 'b', image: 'y' }] },
        { annotations: { 'mycluster.image-policy.k8s.io/ticket': '1', other: '2' } },
      ),
    )
    expect(asked[0]).toMatchObject({
      method: 'POST',
      body: {
        kind: 'ImageReview',
        apiVersion: 'imagepolicy.k8s.io/v1alpha1',
        spec: {
          containers: [{ image: 'x' }, { image: 'y' }],
          annotations: { 'mycluster.image-policy.k8s.io/ticket': '1' },
          namespace: 'dev',
        },
      },
    })
  })

  test('asks about ephemeral containers by themselves, and about nothing else', async () => {
    const { validate, asked } = policy(review({ allowed: true }))
    await validate(pod({ ephemeralContainers: [{ name: 'd', image: 'debug' }] }), {
      subresource: 'ephemeralcontainers',
    })
    await validate(pod(), { subresource: 'status' })
    await validate(pod(), { resource: 'configmaps' })
    expect(asked.map(({ body }) => (body as any).spec.containers)).toEqual([[{ image: 'debug' }]])
  })

  test.each<[string, ApiResponse | Error, string]>([
    [
      'with its reason',
      review({ allowed: false, reason: 'unsigned' }),
      'pods "p" is forbidden: image policy webhook backend denied one or more images: unsigned',
    ],
    ['without one', review({}), 'pods "p" is forbidden: one or more images rejected by webhook backend'],
    [
      'when it cannot be asked',
      new Error('dial tcp: refused'),
      'pods "p" is forbidden: Post "https://webhook/?timeout=30s": dial tcp: refused',
    ],
  ])('refuses %s', async (_name, answer, message) => {
    await expect(policy(answer).validate()).rejects.toThrow(message)
  })

  test('lets through what could not be asked about, where that is the default, and says so', async () => {
    const { validate, annotations } = policy(new Error('down'), { defaultAllow: true })
    await validate()
    expect(annotations).toEqual({ 'imagepolicywebhook.image-policy.k8s.io/failed-open': 'true' })
  })

  test('passes annotations on to the audit log', async () => {
    const { validate, annotations } = policy(review({ allowed: true, auditAnnotations: { why: 'signed' } }))
    await validate()
    expect(annotations).toEqual({ 'imagepolicywebhook.image-policy.k8s.io/why': 'signed' })
  })

  test.each<[string, object, number, number]>([
    ['for its time', { allowTTL: 10 }, 9_000, 1],
    ['no longer', { allowTTL: 10 }, 11_000, 2],
    ['not at all', { allowTTL: -1 }, 0, 2],
  ])('remembers an answer %s', async (_name, given, wait, expected) => {
    const { validate, asked, env } = policy(review({ allowed: true }), given)
    await validate()
    await env.clock.advance(wait)
    await validate()
    expect(asked.length).toBe(expected)
  })
})
