import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../../api/resource.ts'
import { MetricsRegistry } from '../../../machinery/metrics/metrics.ts'
import { metricsText } from '../../../machinery/metrics/text.ts'
import { cluster, pod, type Request } from '../testing/admission-cluster.ts'
import { podSecurityConfiguration } from './configuration.ts'
import { PodSecurityMetrics } from './metrics.ts'
import { podSecurity } from './pod-security.ts'

const prefix = 'pod-security.kubernetes.io/'
const labelled = (modes: Record<string, string>) =>
  Object.fromEntries(Object.entries(modes).map(([mode, value]) => [prefix + mode, value]))

function withLabels(modes: Record<string, string>, configuration = {}) {
  const fixture = cluster()
  fixture.objects.put('namespaces', '', 'dev', { metadata: { labels: labelled(modes) } })
  const metrics = new MetricsRegistry()
  const plugin = podSecurity(new PodSecurityMetrics(metrics), podSecurityConfiguration(configuration).configuration)
  const warnings: string[] = []
  const annotations: Record<string, string> = {}
  const ask = (request: Request): { code: number; message: string } | undefined => {
    const attributes = fixture.attributes({
      warn: text => warnings.push(text),
      annotate: (key, value) => {
        annotations[key.replace(prefix, '')] = value
      },
      ...request,
    })
    try {
      plugin.validate!(attributes)
      return undefined
    } catch (error) {
      return { code: (error as { code: number }).code, message: (error as Error).message }
    }
  }
  const counted = () =>
    metricsText(metrics)
      .split('\n')
      .filter(line => /^pod_security.* [1-9]/.test(line))
  return { ...fixture, ask, warnings, annotations, counted }
}

const shared = pod({ hostPID: true })
const violated = 'host namespaces (hostPID=true)'

describe('pods', () => {
  test('are refused where the namespace enforces', () => {
    const { ask, annotations, warnings } = withLabels({ enforce: 'baseline', 'enforce-version': 'v1.30' })
    expect(ask({ object: shared })).toEqual({
      code: 403,
      message: `pods "p" is forbidden: violates PodSecurity "baseline:v1.30": ${violated}`,
    })
    expect(annotations).toEqual({ 'enforce-policy': 'baseline:v1.30' })
    expect(warnings).toEqual([])
  })

  test('are let in, and spoken of, where it audits and warns', () => {
    const { ask, annotations, warnings } = withLabels({ audit: 'baseline', warn: 'restricted' })
    expect(ask({ object: shared })).toBeUndefined()
    expect(annotations).toEqual({
      'enforce-policy': 'privileged:latest',
      'audit-violations': `would violate PodSecurity "baseline:latest": ${violated}`,
    })
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(
      /^would violate PodSecurity "restricted:latest": host namespaces \(hostPID=true\), allowPriv/,
    )
  })

  test.each<[string, Partial<Request>, boolean]>([
    ['a new label', { operation: 'UPDATE', oldObject: shared }, true],
    [
      'another image',
      { operation: 'UPDATE', oldObject: pod({ hostPID: true, containers: [{ name: 'c', image: 'j' }] }) },
      false,
    ],
    [
      'a debugger',
      {
        operation: 'UPDATE',
        subresource: 'ephemeralcontainers',
        oldObject: shared,
        object: pod({ hostPID: true, ephemeralContainers: [{ name: 'e', image: 'i' }] }),
      },
      false,
    ],
    ['its status', { operation: 'UPDATE', subresource: 'status', oldObject: pod({ containers: [] }) }, true],
  ])('change: %s', (_, request, allowed) => {
    const { ask } = withLabels({ enforce: 'baseline' })
    expect(ask({ object: shared, ...request }) === undefined).toBe(allowed)
  })

  test.each([
    ['users', { usernames: ['alice'] }, 'user'],
    ['namespaces', { namespaces: ['dev'] }, 'namespace'],
    ['runtime classes', { runtimeClasses: ['kata'] }, 'runtimeClass'],
  ])('of exempt %s are let in', (_, exemptions, by) => {
    const { ask, annotations } = withLabels({ enforce: 'restricted' }, { exemptions })
    expect(ask({ object: pod({ hostPID: true, runtimeClassName: 'kata' }) })).toBeUndefined()
    expect(annotations).toEqual({ exempt: by })
  })

  test('in a namespace without labels get the defaults', () => {
    const { ask } = withLabels({}, { defaults: { enforce: 'baseline', 'enforce-version': 'v1.34' } })
    expect(ask({ object: shared })?.message).toContain('violates PodSecurity "baseline:v1.34"')
  })

  test('in a namespace whose labels cannot be read are held to the restricted level', () => {
    const { ask, annotations } = withLabels({ enforce: 'strict' })
    expect(ask({ object: shared })?.message).toContain('violates PodSecurity "restricted:latest"')
    expect(annotations['error']).toBe(
      'Failed to parse policy: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted',
    )
  })
})

describe('templates of pods', () => {
  const template = { metadata: {}, spec: shared['spec'] }
  test.each<[string, object]>([
    ['deployments.apps', { spec: { template } }],
    ['daemonsets.apps', { spec: { template } }],
    ['statefulsets.apps', { spec: { template } }],
    ['replicasets.apps', { spec: { template } }],
    ['replicationcontrollers', { spec: { template } }],
    ['podtemplates', { template }],
    ['jobs.batch', { spec: { template } }],
    ['cronjobs.batch', { spec: { jobTemplate: { spec: { template } } } }],
  ])('%s are warned of, never refused', (resource, object) => {
    const { ask, warnings, annotations } = withLabels({ enforce: 'baseline', audit: 'baseline' })
    expect(ask({ resource, object: { metadata: { name: 'x' }, ...object } })).toBeUndefined()
    // Who enforces warns.
    expect(warnings).toEqual([`would violate PodSecurity "baseline:latest": ${violated}`])
    expect(annotations).toEqual({ 'audit-violations': `would violate PodSecurity "baseline:latest": ${violated}` })
  })
})

describe('namespaces', () => {
  const namespace = (modes: Record<string, string>): KubeObject => ({
    metadata: { name: 'dev', labels: labelled(modes) },
  })
  const update = (before: Record<string, string>, after: Record<string, string>): Request => ({
    resource: 'namespaces',
    operation: 'UPDATE',
    namespace: '',
    object: namespace(after),
    oldObject: namespace(before),
  })

  test('have labels that can be read', () => {
    const { ask } = withLabels({})
    const created = {
      resource: 'namespaces',
      namespace: '',
      object: namespace({ enforce: 'x', 'warn-version': '1.30' }),
    }
    const refused = ask(created)
    expect(refused?.code).toBe(422)
    expect(refused?.message).toContain(
      'metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "x": must be one of privileged, baseline, restricted',
    )
    expect(refused?.message).toContain(
      'metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "1.30": must be "latest" or "v1.x"',
    )
    expect(ask(update({}, { audit: 'x' }))?.code).toBe(422)
    expect(ask(update({ audit: 'x' }, { audit: 'x' }))).toBeUndefined()
  })

  test('are told which of their pods would be refused', () => {
    const { ask, objects, warnings } = withLabels({})
    const owner = (uid: string) => [{ apiVersion: 'v1', kind: 'X', name: 'x', uid, controller: true }]
    const put = (name: string, spec: object, metadata = {}) =>
      objects.put('pods', 'dev', name, { ...pod(spec), metadata })
    put('b', { hostPID: true })
    put('a', { hostPID: true })
    put('good', {})
    put('c-2', { hostNetwork: true }, { ownerReferences: owner('1') })
    put('c-1', { hostNetwork: true }, { ownerReferences: owner('1') })
    put('c-3', { hostNetwork: true }, { ownerReferences: owner('1') })
    put('d', { hostNetwork: true, containers: [{ name: 'c', image: 'i', securityContext: { privileged: true } }] })
    expect(ask(update({}, { enforce: 'baseline' }))).toBeUndefined()
    expect(warnings).toEqual([
      'existing pods in namespace "dev" violate the new PodSecurity enforce level "baseline:latest"',
      'a (and 4 other pods): host namespaces',
      'd: host namespaces, privileged',
    ])
  })

  test('with too many pods are told how many were looked at', () => {
    const { ask, objects, warnings } = withLabels({})
    for (let index = 0; index < 3001; index++) objects.put('pods', 'dev', `p-${index}`, pod())
    ask(update({}, { enforce: 'baseline' }))
    expect(warnings).toEqual([
      'new PodSecurity enforce level only checked against the first 3000 of 3001 existing pods',
    ])
  })

  test.each<[string, Record<string, string>, Record<string, string>]>([
    ['nothing changes', { enforce: 'baseline' }, { enforce: 'baseline' }],
    ['the level is relaxed', { enforce: 'restricted' }, { enforce: 'baseline' }],
    ['nothing is enforced', { enforce: 'baseline' }, { enforce: 'privileged' }],
    ['only warnings change', {}, { warn: 'restricted' }],
  ])('are told nothing when %s', (_, before, after) => {
    const { ask, objects, warnings } = withLabels({})
    objects.put('pods', 'dev', 'p', shared)
    ask(update(before, after))
    expect(warnings).toEqual([])
  })

  test('that are exempt are told that their labels mean nothing', () => {
    const { ask, warnings } = withLabels({}, { exemptions: { namespaces: ['dev'] } })
    ask({ resource: 'namespaces', namespace: '', object: namespace({ enforce: 'baseline', audit: 'restricted' }) })
    expect(warnings).toEqual([
      'namespace "dev" is exempt from Pod Security, and the policy (enforce=baseline:latest, audit=restricted:latest) will be ignored',
    ])
  })
})

test('a configuration is checked', () => {
  const { errors } = podSecurityConfiguration({
    defaults: { enforce: 'x', 'audit-version': '2' },
    exemptions: { namespaces: ['A', 'b', 'b'], usernames: [''] },
  })
  expect(errors.map(({ field }) => field)).toEqual([
    'defaults.enforce',
    'defaults.audit-version',
    'exemptions.namespaces[0]',
    'exemptions.namespaces[2]',
    'exemptions.usernames[0]',
  ])
})

describe('what is counted', () => {
  const labels = (more: string) => `request_operation="create",resource="${more}",subresource=""`
  const evaluated = (decision: string, mode: string, policy: string, resource = 'pod') =>
    `pod_security_evaluations_total{decision="${decision}",mode="${mode}",${policy},${labels(resource)}} 1`
  const policy = (level: string, version = 'latest') => `policy_level="${level}",policy_version="${version}"`

  test.each<[string, Record<string, string>, Partial<Request>, string[]]>([
    ['nothing asked for', {}, {}, [evaluated('allow', 'enforce', policy('privileged'))]],
    ['refused', { enforce: 'baseline' }, {}, [evaluated('deny', 'enforce', policy('baseline'))]],
    [
      'let through with words',
      { audit: 'baseline', warn: 'restricted', 'warn-version': 'v1.30' },
      {},
      [
        evaluated('allow', 'enforce', policy('privileged')),
        evaluated('deny', 'audit', policy('baseline')),
        evaluated('deny', 'warn', policy('restricted', 'v1.30')),
      ],
    ],
    [
      'a version of the future',
      { enforce: 'baseline', 'enforce-version': 'v1.99' },
      {},
      [evaluated('deny', 'enforce', policy('baseline', 'future'))],
    ],
    [
      'exempt',
      { enforce: 'baseline' },
      { user: { name: 'root', groups: [] } },
      [`pod_security_exemptions_total{${labels('pod')}} 1`],
    ],
    [
      'labels that cannot be read',
      { enforce: 'strict' },
      {},
      [
        `pod_security_errors_total{fatal="false",${labels('pod')}} 1`,
        evaluated('deny', 'enforce', policy('restricted')),
      ],
    ],
    [
      'a namespace that is not there',
      {},
      { namespace: 'gone' },
      [`pod_security_errors_total{fatal="true",${labels('pod')}} 1`],
    ],
  ])('%s', (_name, modes, request, expected) => {
    const { ask, counted } = withLabels(modes, { exemptions: { usernames: ['root'] } })
    ask({ object: shared, ...request })
    expect(counted().sort()).toEqual([...expected].sort())
  })
})
