import { describe, expect, test } from 'vitest'
import { decodeObject } from '../machinery/codec/decode.ts'
import { customResourceDefinitions } from './apiextensions/v1/customresourcedefinition.ts'
import { daemonSets } from './apps/v1/daemonset.ts'
import { deployments } from './apps/v1/deployment.ts'
import { statefulSets } from './apps/v1/statefulset.ts'
import { horizontalPodAutoscalers } from './autoscaling/v2/horizontalpodautoscaler.ts'
import { cronJobs } from './batch/v1/cronjob.ts'
import { jobs } from './batch/v1/job.ts'
import { limitRanges } from './core/v1/limitrange.ts'
import { namespaces } from './core/v1/namespace.ts'
import { pods } from './core/v1/pod.ts'
import { secrets } from './core/v1/secret.ts'
import { services } from './core/v1/service.ts'
import { applyDefaults } from './defaults.ts'
import { networkPolicies } from './networking/v1/networkpolicy.ts'
import { roleBindings } from './rbac/v1/rolebinding.ts'
import type { ResourceDeclaration } from './resource.ts'

function defaulted(resource: ResourceDeclaration, object: object): any {
  const decoded = decodeObject(resource.schema, object).object
  applyDefaults(resource, decoded)
  // Without the notes of what was sent empty.
  return structuredClone(decoded)
}

const podDefaults = {
  dnsPolicy: 'ClusterFirst',
  restartPolicy: 'Always',
  schedulerName: 'default-scheduler',
  securityContext: {},
  terminationGracePeriodSeconds: 30,
}
const containerDefaults = {
  resources: {},
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
}

describe('a Pod', () => {
  const spec = (spec: object) => defaulted(pods, { spec }).spec
  const container = (container: object, rest: object = {}) =>
    spec({ ...rest, containers: [{ name: 'c', image: 'i:1', ...container }] }).containers[0]

  test('of one container', () => {
    expect(spec({ containers: [{ name: 'c', image: 'busybox' }] })).toEqual({
      ...podDefaults,
      enableServiceLinks: true,
      containers: [{ name: 'c', image: 'busybox', imagePullPolicy: 'Always', ...containerDefaults }],
    })
  })

  test.each([
    ['busybox', 'Always'],
    ['busybox:latest', 'Always'],
    ['busybox:1.36', 'IfNotPresent'],
    ['registry.example:5000/team/app', 'Always'],
    ['registry.example:5000/team/app:v1', 'IfNotPresent'],
    [`busybox@sha256:${'a'.repeat(64)}`, 'IfNotPresent'],
    [`busybox:latest@sha256:${'a'.repeat(64)}`, 'Always'],
    ['Not A Name', 'IfNotPresent'],
    ['', 'IfNotPresent'],
  ])('pulls %j with %s', (image, policy) => {
    expect(container({ image }).imagePullPolicy).toBe(policy)
  })

  test('keeps what is set', () => {
    const set = { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, enableServiceLinks: false }
    expect(spec({ ...set, containers: [] })).toMatchObject(set)
  })

  test('requests what is limited', () => {
    const resources = { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '100m' } }
    expect(container({ resources }).resources.requests).toEqual({ cpu: '100m', memory: '1Gi' })
  })

  test('rounds amounts up to thousandths', () => {
    expect(container({ resources: { requests: { cpu: '100100u' } } }).resources.requests).toEqual({ cpu: '101m' })
  })

  test('on the host network has its ports there', () => {
    const ports = [{ containerPort: 80 }, { containerPort: 81, hostPort: 8081 }]
    expect(container({ ports }, { hostNetwork: true }).ports).toEqual([
      { containerPort: 80, hostPort: 80, protocol: 'TCP' },
      { containerPort: 81, hostPort: 8081, protocol: 'TCP' },
    ])
  })

  test('probes', () => {
    expect(container({ livenessProbe: { httpGet: { port: 80 } } }).livenessProbe).toEqual({
      httpGet: { path: '/', port: 80, scheme: 'HTTP' },
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    })
  })

  test.each([
    [{}, { emptyDir: {} }],
    [{ hostPath: { path: '/x' } }, { hostPath: { path: '/x', type: '' } }],
    [{ secret: { secretName: 's' } }, { secret: { secretName: 's', defaultMode: 0o644 } }],
    [{ configMap: { name: 'c' } }, { configMap: { name: 'c', defaultMode: 0o644 } }],
    [
      { projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
      { projected: { sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 3600 } }], defaultMode: 0o644 } },
    ],
    [
      { downwardAPI: { items: [{ path: 'p', fieldRef: { fieldPath: 'metadata.name' } }] } },
      {
        downwardAPI: {
          items: [{ path: 'p', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } }],
          defaultMode: 0o644,
        },
      },
    ],
    [
      { ephemeral: { volumeClaimTemplate: { spec: {} } } },
      { ephemeral: { volumeClaimTemplate: { metadata: {}, spec: { resources: {}, volumeMode: 'Filesystem' } } } },
    ],
  ])('volume %j', (volume, expected) => {
    expect(spec({ containers: [], volumes: [{ name: 'v', ...volume }] }).volumes).toEqual([{ name: 'v', ...expected }])
  })

  test.each([
    [{ serviceAccount: 'a' }, 'a'],
    [{ serviceAccountName: 'b' }, 'b'],
    [{ serviceAccount: 'a', serviceAccountName: 'b' }, 'b'],
  ])('names its service account twice: %j', (names, name) => {
    expect(spec({ containers: [], ...names })).toMatchObject({ serviceAccount: name, serviceAccountName: name })
  })

  test('says its first address twice', () => {
    const addresses = (status: object) => defaulted(pods, { spec: { containers: [] }, status }).status
    expect(addresses({ podIP: '10.0.0.1' })).toEqual({ podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }] })
    expect(addresses({ podIPs: [{ ip: '10.0.0.1' }] })).toEqual({ podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }] })
  })

  describe('with resources of its own (KEP-2837)', () => {
    const containers = [
      { name: 'a', resources: { requests: { cpu: '100m' } } },
      { name: 'b', resources: { requests: { cpu: '200m' } } },
    ]
    test('requests what its containers request, else its limits', () => {
      expect(spec({ containers, resources: { limits: { cpu: '1', memory: '1Gi' } } }).resources).toEqual({
        limits: { cpu: '1', memory: '1Gi' },
        requests: { cpu: '300m', memory: '1Gi' },
      })
    })
    test('limits huge pages as its containers do', () => {
      const huge = { name: 'h', resources: { limits: { 'hugepages-2Mi': '4Mi' } } }
      expect(spec({ containers: [huge], resources: { limits: { cpu: '1' } } }).resources).toEqual({
        limits: { cpu: '1', 'hugepages-2Mi': '4Mi' },
        requests: { cpu: '1', 'hugepages-2Mi': '4Mi' },
      })
    })
  })
})

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [] } }

describe('workloads', () => {
  test('Deployment', () => {
    expect(defaulted(deployments, { spec: { selector: {}, template } }).spec).toEqual({
      replicas: 1,
      selector: {},
      template: { metadata: { labels: { app: 'a' } }, spec: { ...podDefaults, containers: null } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
    })
    const recreate = defaulted(deployments, { spec: { template, strategy: { type: 'Recreate' } } }).spec
    expect(recreate.strategy).toEqual({ type: 'Recreate' })
  })

  test('DaemonSet', () => {
    expect(defaulted(daemonSets, { spec: { template } }).spec).toMatchObject({
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      revisionHistoryLimit: 10,
    })
  })

  test('StatefulSet', () => {
    expect(defaulted(statefulSets, { spec: { template, volumeClaimTemplates: [{}] } }).spec).toMatchObject({
      replicas: 1,
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      volumeClaimTemplates: [{ spec: { volumeMode: 'Filesystem' }, status: { phase: 'Pending' } }],
    })
    const named = defaulted(statefulSets, { spec: { template, updateStrategy: { type: 'RollingUpdate' } } }).spec
    expect(named.updateStrategy).toEqual({ type: 'RollingUpdate' })
  })

  test.each([
    [{}, { completions: 1, parallelism: 1, backoffLimit: 6, podReplacementPolicy: 'TerminatingOrFailed' }],
    [{ parallelism: 0 }, { completions: undefined, parallelism: 0 }],
    [{ completions: 3 }, { completions: 3, parallelism: 1 }],
    [{ backoffLimitPerIndex: 1 }, { backoffLimit: 2147483647 }],
    [{ podFailurePolicy: { rules: [] } }, { podReplacementPolicy: 'Failed' }],
  ])('Job %j', (spec, expected) => {
    const job = defaulted(jobs, { spec: { template, ...spec } })
    for (const [field, value] of Object.entries(expected)) expect(job.spec[field], field).toBe(value)
    expect(job.spec).toMatchObject({ completionMode: 'NonIndexed', suspend: false })
    expect(job.metadata.labels).toEqual({ app: 'a' })
  })

  test('CronJob', () => {
    const { spec } = defaulted(cronJobs, { spec: { schedule: '* * * * *', jobTemplate: { spec: { template } } } })
    expect(spec).toMatchObject({
      concurrencyPolicy: 'Allow',
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
      jobTemplate: { spec: { template: { spec: podDefaults } } },
    })
    expect(spec.jobTemplate.spec.completions).toBeUndefined()
  })

  test('HorizontalPodAutoscaler', () => {
    const spec = { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 3, behavior: { scaleDown: {} } }
    expect(defaulted(horizontalPodAutoscalers, { spec }).spec).toMatchObject({
      minReplicas: 1,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 80 } } }],
      behavior: {
        scaleUp: { selectPolicy: 'Max', stabilizationWindowSeconds: 0 },
        scaleDown: { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
      },
    })
  })

  test.each([
    [
      { 'autoscaling.alpha.kubernetes.io/metrics': '[]', mine: 'a' },
      { name: 'h', annotations: { mine: 'a' } },
    ],
    [{ 'autoscaling.alpha.kubernetes.io/scale-up-tolerance': '1' }, { name: 'h' }],
  ])("HorizontalPodAutoscaler, which has no annotations of autoscaling/v1's form: %o", (annotations, metadata) => {
    const autoscaler = { metadata: { name: 'h', annotations }, spec: { scaleTargetRef: { kind: 'D', name: 'd' } } }
    expect(defaulted(horizontalPodAutoscalers, autoscaler).metadata).toEqual(metadata)
  })
})

describe('a Service', () => {
  const spec = (spec: object) => defaulted(services, { spec }).spec
  test('is a ClusterIP whose ports lead to the same port', () => {
    expect(spec({ ports: [{ port: 80 }] })).toEqual({
      type: 'ClusterIP',
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    })
  })
  test.each([
    ['NodePort', { externalTrafficPolicy: 'Cluster', internalTrafficPolicy: 'Cluster' }],
    ['LoadBalancer', { externalTrafficPolicy: 'Cluster', allocateLoadBalancerNodePorts: true }],
    ['ExternalName', { internalTrafficPolicy: undefined, externalTrafficPolicy: undefined }],
  ])('of type %s', (type, expected) => {
    const actual = spec({ type })
    for (const [field, value] of Object.entries(expected)) expect(actual[field], field).toBe(value)
  })
  test('with client affinity keeps it three hours', () => {
    expect(spec({ sessionAffinity: 'ClientIP' }).sessionAffinityConfig).toEqual({ clientIP: { timeoutSeconds: 10800 } })
  })
})

describe('others', () => {
  test('Namespace', () => {
    expect(defaulted(namespaces, { metadata: { name: 'n' } })).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'n' } },
      status: { phase: 'Active' },
    })
    expect(defaulted(namespaces, { metadata: { generateName: 'n-' } }).metadata.labels).toBeUndefined()
  })
  test('Secret', () => {
    expect(defaulted(secrets, {}).type).toBe('Opaque')
    const given = { data: { a: 'YQ==', b: 'Yg==' }, stringData: { b: 'text', c: 'ü' } }
    expect(defaulted(secrets, given)).toEqual({
      metadata: {},
      data: { a: 'YQ==', b: 'dGV4dA==', c: 'w7w=' },
      type: 'Opaque',
    })
  })
  test('LimitRange', () => {
    const limits = [{ type: 'Container', max: { cpu: '2' }, min: { cpu: '1', memory: '1Gi' } }]
    expect(defaulted(limitRanges, { spec: { limits } }).spec.limits[0]).toMatchObject({
      default: { cpu: '2' },
      defaultRequest: { cpu: '2', memory: '1Gi' },
    })
  })
  test('NetworkPolicy', () => {
    expect(defaulted(networkPolicies, { spec: { podSelector: {} } }).spec.policyTypes).toEqual(['Ingress'])
    const both = { podSelector: {}, egress: [{ ports: [{ port: 53 }] }] }
    expect(defaulted(networkPolicies, { spec: both }).spec).toMatchObject({
      policyTypes: ['Ingress', 'Egress'],
      egress: [{ ports: [{ port: 53, protocol: 'TCP' }] }],
    })
  })
  test('RoleBinding', () => {
    const subjects = [
      { kind: 'User', name: 'u' },
      { kind: 'ServiceAccount', name: 's', namespace: 'n' },
    ]
    const binding = defaulted(roleBindings, { roleRef: { kind: 'Role', name: 'r' }, subjects })
    expect(binding.roleRef.apiGroup).toBe('rbac.authorization.k8s.io')
    expect(binding.subjects.map((subject: any) => subject.apiGroup)).toEqual(['rbac.authorization.k8s.io', undefined])
  })
  test('CustomResourceDefinition', () => {
    const spec = { group: 'g', names: { kind: 'Foo', plural: 'foos' }, versions: [{ name: 'v1', storage: true }] }
    expect(defaulted(customResourceDefinitions, { spec })).toMatchObject({
      spec: { names: { singular: 'foo', listKind: 'FooList' }, conversion: { strategy: 'None' } },
      status: { storedVersions: ['v1'] },
    })
  })
})

test('defaulting twice changes nothing', () => {
  const once = defaulted(deployments, { spec: { template: { spec: { containers: [{ name: 'c', image: 'i' }] } } } })
  const twice = structuredClone(once)
  applyDefaults(deployments, twice)
  expect(twice).toEqual(once)
})
