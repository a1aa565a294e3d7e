import { expect, test } from 'vitest'
import { cronJobWarnings, jobWarnings, statefulSetWarnings, workloadWarnings } from './apps/v1/workload.warnings.ts'
import { nodeWarnings, secretWarnings, serviceAccountWarnings } from './core/v1/config.warnings.ts'
import { persistentVolumeClaimWarnings, persistentVolumeWarnings } from './core/v1/persistentvolumeclaim.warnings.ts'
import { endpointsWarnings, serviceWarnings } from './core/v1/service.warnings.ts'
import { endpointSliceWarnings, ingressWarnings, networkPolicyWarnings } from './networking/v1/networking.warnings.ts'
import { runtimeClassWarnings } from './node/v1/runtimeclass.warnings.ts'
import type { KubeObject } from './resource.ts'
import { csiStorageCapacityWarnings, storageClassWarnings } from './storage/v1/storage.warnings.ts'

type Warnings = (object: KubeObject, old: KubeObject | undefined) => string[]

const service = (spec: object) => ({ spec: { type: 'ClusterIP', sessionAffinity: 'None', ...spec } })
const recommended =
  'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]'

test.each<[string, Warnings, object, string[]]>([
  ['a Service that is right', serviceWarnings, service({ clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'] }), []],
  [
    'an address with zeros',
    serviceWarnings,
    service({ clusterIP: '10.0.0.01', clusterIPs: ['10.0.0.01'] }),
    ['spec.clusterIPs[0]: non-standard IP address "10.0.0.01" is invalid: use "10.0.0.1"'],
  ],
  [
    'a headless Service that says what nobody hears',
    serviceWarnings,
    service({ clusterIP: 'None', externalIPs: ['1.2.3.4'], sessionAffinity: 'ClientIP', loadBalancerIP: '1.2.3.4' }),
    [
      'spec.loadBalancerIP is ignored for headless services',
      'spec.externalIPs is ignored for headless services',
      'spec.SessionAffinity is ignored for headless services',
    ],
  ],
  [
    'external addresses',
    serviceWarnings,
    service({ externalIPs: ['1.2.3.4'] }),
    ['spec.externalIPs is deprecated and may no longer be implemented in some clusters'],
  ],
  [
    'ranges that mean two things',
    serviceWarnings,
    service({ type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.1/8', '2001:DB8::/32'] }),
    [
      'spec.loadBalancerSourceRanges[0]: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
      'spec.loadBalancerSourceRanges[1]: IPv6 CIDR value "2001:DB8::/32" should be in RFC 5952 canonical format ("2001:db8::/32")',
    ],
  ],
  [
    'names nobody asks for',
    serviceWarnings,
    service({ externalName: 'a.b', trafficDistribution: 'PreferClose' }),
    [
      'spec.externalName is ignored when spec.type is not "ExternalName"',
      'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    ],
  ],
  [
    'an annotation of old',
    serviceWarnings,
    { metadata: { annotations: { 'service.kubernetes.io/topology-aware-hints': 'auto' } }, ...service({}) },
    [
      'annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead',
    ],
  ],
  [
    'endpoints',
    endpointsWarnings,
    { subsets: [{ notReadyAddresses: [{ ip: '::ffff:1.2.3.4' }] }] },
    ['subsets[0].notReadyAddresses[0].ip: non-standard IP address "::ffff:1.2.3.4" is invalid: use "1.2.3.4"'],
  ],
  [
    'an endpoint slice of names',
    endpointSliceWarnings,
    { addressType: 'FQDN', endpoints: null },
    ['spec.addressType: FQDN endpoints are deprecated'],
  ],
  [
    'an Ingress of a class by annotation',
    ingressWarnings,
    { metadata: { annotations: { 'kubernetes.io/ingress.class': 'x' } }, spec: {} },
    [`annotation "kubernetes.io/ingress.class" is deprecated, please use 'spec.ingressClassName' instead`],
  ],
  [
    'a policy for an odd range',
    networkPolicyWarnings,
    { spec: { egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/08', except: ['10.0.0.1/24'] } }] }] } },
    [
      'spec.egress[0].to[0].ipBlock.cidr: non-standard CIDR value "10.0.0.0/08" is invalid: use "10.0.0.0/8"',
      'spec.egress[0].to[0].ipBlock.except[0]: CIDR value "10.0.0.1/24" is ambiguous in this context (should be "10.0.0.0/24" or "10.0.0.1/32"?)',
    ],
  ],
  [
    'a volume to be recycled',
    persistentVolumeWarnings,
    {
      metadata: { annotations: { 'volume.beta.kubernetes.io/mount-options': 'ro' } },
      spec: { persistentVolumeReclaimPolicy: 'Recycle', cephfs: {} },
    },
    [
      'metadata.annotations[volume.beta.kubernetes.io/mount-options]: deprecated since v1.31; use "mountOptions" attribute instead',
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
      'spec.cephfs: deprecated in v1.28, non-functional in v1.31+',
    ],
  ],
  [
    'a claim on a tenth of a byte',
    persistentVolumeClaimWarnings,
    {
      metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'x' } },
      spec: { resources: { requests: { storage: '100m' } } },
    },
    [
      'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
      'spec.resources.requests[storage]: fractional byte value "100m" is invalid, must be an integer',
    ],
  ],
  [
    'a node with fields of old',
    nodeWarnings,
    { spec: { externalID: 'x', configSource: {}, podCIDRs: ['10.0.0.1/24'] } },
    [
      'spec.configSource: deprecated in v1.22, support removal is planned in v1.23',
      'spec.externalID: this field is deprecated, and is unused by Kubernetes',
      'spec.podCIDRs[0]: CIDR value "10.0.0.1/24" is ambiguous in this context (should be "10.0.0.0/24" or "10.0.0.1/32"?)',
    ],
  ],
  [
    'a certificate that is none',
    secretWarnings,
    { type: 'kubernetes.io/tls', data: { 'tls.crt': 'eA==', 'tls.key': 'eA==' } },
    ['tls: failed to find any PEM data in certificate input'],
  ],
  ['other secrets', secretWarnings, { type: 'Opaque' }, []],
  [
    'an account whose secrets are counted',
    serviceAccountWarnings,
    { metadata: { annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } } },
    [
      'metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets',
    ],
  ],
  [
    'a Deployment with dots',
    workloadWarnings(),
    { metadata: { name: 'a.b' }, spec: { template: { spec: { nodeSelector: { 'beta.kubernetes.io/os': 'x' } } } } },
    [
      recommended,
      'spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
    ],
  ],
  [
    'a ReplicationController, whose template upstream finds elsewhere',
    workloadWarnings('template'),
    { metadata: { name: 'a' }, spec: { template: { spec: { terminationGracePeriodSeconds: -1 } } } },
    ['template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1'],
  ],
  [
    'a StatefulSet that forgets nothing',
    statefulSetWarnings,
    { metadata: { name: 'a' }, spec: { template: {}, revisionHistoryLimit: -1 } },
    ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended'],
  ],
  [
    'a Job of very many parts',
    jobWarnings,
    { metadata: { name: 'a' }, spec: { completionMode: 'Indexed', completions: 100001, parallelism: 10001 } },
    [
      'spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail',
    ],
  ],
  [
    'a CronJob with a zone in its schedule',
    cronJobWarnings,
    { metadata: { name: 'a' }, spec: { schedule: 'TZ=UTC 0 0 * * *' } },
    ['cannot use TZ or CRON_TZ in spec.spec.schedule, use spec.spec.timeZone instead'],
  ],
  [
    'a class of storage in old zones',
    storageClassWarnings,
    { allowedTopologies: [{ matchLabelExpressions: [{ key: 'failure-domain.beta.kubernetes.io/zone' }] }] },
    [
      'allowedTopologies[0].matchLabelExpressions[0].key: deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    ],
  ],
  [
    'capacity in old zones',
    csiStorageCapacityWarnings,
    { nodeTopology: { matchLabels: { 'failure-domain.beta.kubernetes.io/zone': 'a' } } },
    [
      'nodeTopology.matchLabels.failure-domain.beta.kubernetes.io/zone: deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    ],
  ],
  [
    'a runtime on the master',
    runtimeClassWarnings,
    { scheduling: { nodeSelector: { 'node-role.kubernetes.io/master': '' } } },
    ['scheduling.nodeSelector: use "node-role.kubernetes.io/control-plane" instead'],
  ],
])('%s', (_name, warnings, object, expected) => {
  expect(warnings({ metadata: {}, ...object }, undefined)).toEqual(expected)
})

test('an update that changes nothing is not warned of again', () => {
  const deployment = {
    metadata: { name: 'a.b', generation: 1 },
    spec: { template: { spec: { terminationGracePeriodSeconds: -1 } } },
  }
  expect(workloadWarnings()(deployment, deployment)).toEqual([])
  const next = { ...deployment, metadata: { ...deployment.metadata, generation: 2 } }
  // Its name cannot be helped any more.
  expect(workloadWarnings()(next, deployment)).toHaveLength(1)
})
