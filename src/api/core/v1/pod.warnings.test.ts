import { expect, test } from 'vitest'
import { applyDefaults } from '../../defaults.ts'
import { pods } from './pod.ts'
import { type PodLike, podWarnings } from './pod.warnings.ts'

const container = { name: 'c', image: 'i' }

function warnings(spec: object, metadata: object = {}, prefix = ''): string[] {
  const pod = { metadata: { name: 'p', ...metadata }, spec: { containers: [container], ...spec } }
  applyDefaults(pods, pod)
  return podWarnings(pod as unknown as PodLike, prefix)
}

const node = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'
const arch = 'beta.kubernetes.io/arch'
const nothing = 'a null labelSelector results in matching no pod'
const token = { serviceAccountToken: { path: 'token' } }

test.each<[string, object, string[]]>([
  ['a plain pod', {}, []],
  [
    'an old label to select nodes by',
    { nodeSelector: { [arch]: 'amd64' } },
    [`spec.nodeSelector[${arch}]: deprecated since v1.14; use "kubernetes.io/arch" instead`],
  ],
  [
    'old labels in affinity, and a value no label has',
    {
      affinity: {
        nodeAffinity: {
          [node]: { nodeSelectorTerms: [{ matchExpressions: [{ key: arch, operator: 'Exists' }] }] },
          [preferred]: [{ weight: 1, preference: { matchExpressions: [{ key: 'a', operator: 'In', values: ['-'] }] } }],
        },
        podAffinity: { [node]: [{ topologyKey: 'a' }] },
        podAntiAffinity: { [preferred]: [{ weight: 1, podAffinityTerm: { topologyKey: 'a' } }] },
      },
    },
    [
      `spec.affinity.nodeAffinity.${node}.nodeSelectorTerms[0].matchExpressions[0].key: ${arch} is deprecated since v1.14; use "kubernetes.io/arch" instead`,
      `spec.affinity.nodeAffinity.${preferred}[0].preference.matchExpressions[0].values[0]: - is invalid, a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
      `spec.affinity.podAffinity.${node}[0].labelSelector: ${nothing}`,
      `spec.affinity.podAntiAffinity.${preferred}[0].podAffinityTerm.labelSelector: ${nothing}`,
    ],
  ],
  [
    'spreading nothing',
    {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'failure-domain.beta.kubernetes.io/zone',
          whenUnsatisfiable: 'DoNotSchedule',
        },
      ],
    },
    [
      'spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
      `spec.topologySpreadConstraints[0].labelSelector: ${nothing}`,
    ],
  ],
  [
    'volumes nobody provides',
    {
      volumes: [
        { name: 'a', gitRepo: { repository: 'x' } },
        { name: 'b', glusterfs: { endpoints: 'x', path: 'y' } },
        { name: 'c', rbd: { monitors: ['x'], image: 'y' } },
        { name: 'd', ephemeral: { volumeClaimTemplate: { spec: { resources: { requests: { storage: '100m' } } } } } },
      ],
    },
    [
      'spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+',
      'spec.volumes[1].glusterfs: deprecated in v1.25, non-functional in v1.26+',
      'spec.volumes[2].rbd: deprecated in v1.28, non-functional in v1.31+',
      'spec.volumes[3].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: fractional byte value "100m" is invalid, must be an integer',
    ],
  ],
  [
    'a file over the token',
    {
      volumes: [
        { name: 'a', projected: { sources: [token, { secret: { name: 's', items: [{ key: 'k', path: 'token' }] } }] } },
      ],
    },
    ['spec.volumes[0].projected.sources.secrets[0]: has duplicated path with ServiceAccountToken "token"'],
  ],
  [
    'hosts and secrets twice',
    {
      hostAliases: [{ ip: '1.2.3.4' }, { ip: '1.2.3.4' }],
      imagePullSecrets: [{ name: 'a' }, { name: 'a' }, { name: '' }],
    },
    [
      'spec.hostAliases[1].ip: duplicate ip "1.2.3.4"',
      'spec.imagePullSecrets[1].name: duplicate name "a"',
      'spec.imagePullSecrets[2].name: invalid empty name ""',
    ],
  ],
  [
    'a tenth of a byte',
    { containers: [{ ...container, resources: { limits: { memory: '100m' } } }] },
    [
      'spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer',
      'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer',
    ],
  ],
  [
    'hidden variables',
    {
      containers: [
        {
          ...container,
          env: [
            { name: 'A', value: '1' },
            { name: 'A', value: '$(A)2' },
            { name: 'A', value: '3' },
          ],
        },
      ],
    },
    ['spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply'],
  ],
  [
    'ports twice, and of an address without one',
    {
      containers: [
        {
          ...container,
          ports: [
            { containerPort: 80 },
            { containerPort: 80 },
            { containerPort: 80, hostPort: 8080 },
            { containerPort: 81, hostIP: '1.2.3.4' },
          ],
        },
      ],
    },
    [
      'spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]',
      'spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[0]',
      'spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[1]',
      'spec.containers[0].ports[3]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:81 Protocol:TCP HostIP:1.2.3.4}',
    ],
  ],
  ['time that is over before it begins: it is one second by then', { terminationGracePeriodSeconds: -1 }, []],
  [
    'addresses written oddly',
    { dnsConfig: { nameservers: ['FE80::1'] } },
    ['spec.dnsConfig.nameservers[0]: IPv6 address "FE80::1" should be in RFC 5952 canonical format ("fe80::1")'],
  ],
])('%s', (_name, spec, expected) => {
  expect(warnings(spec)).toEqual(expected)
})

test('annotations of old', () => {
  const annotations = {
    'scheduler.alpha.kubernetes.io/critical-pod': '',
    'seccomp.security.alpha.kubernetes.io/pod': 'unconfined',
    'container.seccomp.security.alpha.kubernetes.io/c': 'unconfined',
    'container.apparmor.security.beta.kubernetes.io/c': 'unconfined',
  }
  const said = [
    'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
    'metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the "seccompProfile" field instead',
    'metadata.annotations[container.seccomp.security.alpha.kubernetes.io/c]: non-functional in v1.27+; use the "seccompProfile" field instead',
  ]
  expect(warnings({}, { annotations })).toEqual(said)
  // Of a template AppArmor's, too; of pods the server says it when it writes the field.
  expect(warnings({}, { annotations }, 'spec.template.')).toEqual([
    ...said.map(text => `spec.template.${text}`),
    'spec.template.metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the "appArmorProfile" field instead',
  ])
  const seccompProfile = { type: 'Unconfined' }
  expect(
    warnings(
      { securityContext: { seccompProfile } },
      { annotations: { 'seccomp.security.alpha.kubernetes.io/pod': '' } },
    ),
  ).toEqual([])
})
