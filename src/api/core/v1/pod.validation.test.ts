import { describe, expect, test } from 'vitest'
import { fieldErrorMessage } from '../../../machinery/field-error.ts'
import { applyDefaults } from '../../defaults.ts'
import type { KubeObject } from '../../resource.ts'
import { pods } from './pod.ts'
import { validatePod, validatePodEphemeralContainersUpdate, validatePodUpdate } from './pod.validation.ts'
import { validatePodResize } from './podresize.validation.ts'
import { validatePodStatusUpdate } from './podstatus.validation.ts'

const container = { name: 'c', image: 'i' }

function pod(spec: object, metadata: object = {}): KubeObject {
  const made = { metadata: { name: 'p', namespace: 'n', ...metadata }, spec: { containers: [container], ...spec } }
  applyDefaults(pods, made)
  return { status: { phase: 'Pending', qosClass: 'BestEffort' }, ...made }
}

const problems = (made: KubeObject) => validatePod(made).map(fieldErrorMessage)
const ofSpec = (spec: object) => problems(pod(spec))
const ofContainer = (more: object) => ofSpec({ containers: [{ ...container, ...more }] })

test('an empty pod lacks everything that has no default', () => {
  expect(problems({ metadata: {}, spec: {} })).toEqual([
    'spec.terminationGracePeriodSeconds: Required value',
    'spec.containers: Required value',
    'spec.restartPolicy: Required value',
    'spec.dnsPolicy: Required value',
  ])
  expect(ofSpec({ containers: [] })).toEqual(['spec.containers: Required value'])
})

const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"

describe('a container', () => {
  test.each<[string, object, string[]]>([
    ['that is right', {}, []],
    ['without a name', { name: '' }, ['name: Required value']],
    ['with a bad name', { name: 'A' }, [`name: Invalid value: "A": ${label}`]],
    ['without an image', { image: '' }, ['image: Required value']],
    [
      'with a padded image',
      { image: ' i' },
      ['image: Invalid value: " i": must not have leading or trailing whitespace'],
    ],
    [
      'of an unknown pull policy',
      { imagePullPolicy: 'Often' },
      ['imagePullPolicy: Unsupported value: "Often": supported values: "Always", "IfNotPresent", "Never"'],
    ],
    [
      'of an unknown message policy',
      { terminationMessagePolicy: 'x' },
      ['terminationMessagePolicy: Unsupported value: "x": supported values: "File", "FallbackToLogsOnError"'],
    ],
    [
      'with bad ports',
      {
        ports: [
          { containerPort: 0 },
          { containerPort: 70000, protocol: 'ICMP' },
          { containerPort: 1, name: 'a_b', hostPort: -1 },
        ],
      },
      [
        'ports[0].containerPort: Required value',
        'ports[1].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
        'ports[1].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
        'ports[2].name: Invalid value: "a_b": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
        'ports[2].hostPort: Invalid value: -1: must be between 1 and 65535, inclusive',
      ],
    ],
    [
      'with ports of one name',
      {
        ports: [
          { name: 'a', containerPort: 1 },
          { name: 'a', containerPort: 2 },
        ],
      },
      ['ports[1].name: Duplicate value: "a"'],
    ],
    [
      'with a host port twice',
      {
        ports: [
          { containerPort: 1, hostPort: 80 },
          { containerPort: 2, hostPort: 80 },
        ],
      },
      ['ports[1].hostPort: Duplicate value: "TCP//80"'],
    ],
    [
      'with bad variables',
      {
        env: [
          { name: '' },
          { name: 'a=b' },
          { name: 'c', valueFrom: {} },
          { name: 'd', value: 'v', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'e', valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } },
          { name: 'f', valueFrom: { fieldRef: { fieldPath: 'nowhere' } } },
          { name: 'g', valueFrom: { configMapKeyRef: { name: 'm' } } },
          { name: 'h', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '2' } } },
          { name: 'ok', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
        ],
      },
      [
        'env[0].name: Required value',
        `env[1].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than '='`,
        'env[2].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
        'env[3].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
        'env[4].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
        'env[5].valueFrom.fieldRef.fieldPath: Invalid value: "nowhere": error converting fieldPath: field label not supported: nowhere',
        'env[6].valueFrom.configMapKeyRef.key: Required value',
        `env[7].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource`,
      ],
    ],
    [
      'with bad sources of variables',
      { envFrom: [{}, { configMapRef: {} }] },
      [
        'envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
        'envFrom[1].configMapRef.name: Required value',
      ],
    ],
    [
      'that mounts what is not there',
      {
        volumeMounts: [
          { name: 'v', mountPath: '' },
          { name: 'v', mountPath: '', subPath: '../x' },
        ],
      },
      [
        'volumeMounts[0].name: Not found: "v"',
        'volumeMounts[0].mountPath: Required value',
        'volumeMounts[1].name: Not found: "v"',
        'volumeMounts[1].mountPath: Required value',
        'volumeMounts[1].mountPath: Invalid value: "": must be unique',
        `volumeMounts.subPath: Invalid value: "../x": must not contain '..'`,
      ],
    ],
    [
      'that asks for more than its limit',
      {
        resources: {
          limits: { cpu: '100m', 'example.com/gpu': '2' },
          requests: { cpu: '1', 'example.com/gpu': '1', memory: '-1' },
        },
      },
      [
        'resources.requests: Invalid value: "1": must be less than or equal to cpu limit of 100m',
        'resources.requests: Invalid value: "1": must be equal to example.com/gpu limit of 2',
        'resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0',
      ],
    ],
    [
      'that asks for what nobody knows',
      { resources: { requests: { pods: '1', 'hugepages-2Mi': '3Mi', 'example.com/x': '1.5' } } },
      [
        'resources.requests[pods]: Invalid value: "pods": must be a standard resource for containers',
        'resources.limits: Required value: Limit must be set for non overcommitable resources',
        'resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
        'resources.requests[example.com/x]: Invalid value: "1500m": must be an integer',
        'resources.limits: Required value: Limit must be set for non overcommitable resources',
        'resources: Forbidden: HugePages require cpu or memory',
      ],
    ],
    [
      'with bad probes',
      {
        livenessProbe: { successThreshold: 2, exec: {} },
        readinessProbe: { terminationGracePeriodSeconds: 0, httpGet: { path: '/', port: 0 }, tcpSocket: { port: 1 } },
        startupProbe: { periodSeconds: -1 },
      },
      [
        'livenessProbe.exec.command: Required value',
        'livenessProbe.successThreshold: Invalid value: 2: must be 1',
        'readinessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive',
        'readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type',
        'readinessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0',
        'readinessProbe.terminationGracePeriodSeconds: Invalid value: 0: must not be set for readinessProbes',
        'startupProbe: Required value: must specify a handler type',
        'startupProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0',
      ],
    ],
    [
      'that sleeps too long',
      { lifecycle: { preStop: { sleep: { seconds: 31 } } } },
      [
        'lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)',
      ],
    ],
    [
      'of contradicting privileges',
      { securityContext: { privileged: true, allowPrivilegeEscalation: false, runAsUser: -1 } },
      [
        'securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive',
        'securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false,"runAsUser":-1}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      ],
    ],
    [
      'with rules and no policy',
      { restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [1] } }] },
      ['restartPolicy: Required value: must specify restartPolicy when restart rules are used'],
    ],
  ])('%s', (_name, more, errors) => {
    expect(ofContainer(more)).toEqual(errors.map(error => `spec.containers[0].${error}`))
  })
})

describe('a pod', () => {
  test.each<[string, object, string[]]>([
    [
      'of unknown policies',
      { restartPolicy: 'x', dnsPolicy: 'y' },
      [
        'spec.restartPolicy: Unsupported value: "x": supported values: "Always", "OnFailure", "Never"',
        'spec.dnsPolicy: Unsupported value: "y": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
      ],
    ],
    [
      'with its own DNS and none given',
      { dnsPolicy: 'None' },
      ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
    ],
    [
      'with containers of one name',
      { containers: [container, container], initContainers: [container] },
      ['spec.containers[1].name: Duplicate value: "c"', 'spec.initContainers[0].name: Duplicate value: "c"'],
    ],
    [
      'with a probed init container',
      { initContainers: [{ name: 'i', image: 'i', livenessProbe: { exec: { command: ['x'] } } }] },
      [
        'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
      ],
    ],
    [
      'with a sidecar',
      {
        initContainers: [
          { name: 'i', image: 'i', restartPolicy: 'Always', livenessProbe: { exec: { command: ['x'] } } },
        ],
      },
      [],
    ],
    [
      'with ephemeral containers',
      { ephemeralContainers: [{ name: 'e', image: 'i' }] },
      ['spec.ephemeralContainers: Forbidden: cannot be set on create'],
    ],
    [
      'with bad volumes',
      {
        volumes: [
          { name: 'V', emptyDir: {} },
          { name: 'a' },
          { name: 'b', emptyDir: {}, hostPath: { path: '/' } },
          { name: 'c', configMap: {} },
          { name: 'd', secret: { secretName: 's', items: [{ key: 'k', path: '/x' }] } },
          { name: 'e', hostPath: { path: '/a/../b' } },
        ],
      },
      [
        `spec.volumes[0].name: Invalid value: "V": ${label}`,
        'spec.volumes[2].hostPath: Forbidden: may not specify more than 1 volume type',
        'spec.volumes[3].configMap.name: Required value',
        'spec.volumes[4].secret.items[0].path: Invalid value: "/x": must be a relative path',
        `spec.volumes[5].hostPath.path: Invalid value: "/a/../b": must not contain '..'`,
      ],
    ],
    [
      'with volumes of one name',
      {
        volumes: [
          { name: 'a', emptyDir: {} },
          { name: 'a', emptyDir: {} },
        ],
      },
      ['spec.volumes[1].name: Duplicate value: "a"'],
    ],
    [
      'with host ports beside the host network',
      { hostNetwork: true, containers: [{ ...container, ports: [{ containerPort: 1, hostPort: 2 }] }] },
      ['spec.containers[0].ports[0].hostPort: Invalid value: 2: must match `containerPort` when `hostNetwork` is true'],
    ],
    [
      'with bad tolerations',
      {
        tolerations: [
          {},
          { key: 'a', operator: 'Exists', value: 'b' },
          { key: 'a', effect: 'NoSchedule', tolerationSeconds: 1 },
          { key: 'a', operator: 'Is', effect: 'No' },
        ],
      },
      [
        'spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"',
        'spec.tolerations[1].operator: Invalid value: "b": value must be empty when `operator` is \'Exists\'',
        'spec.tolerations[2].effect: Invalid value: "NoSchedule": effect must be \'NoExecute\' when `tolerationSeconds` is set',
        'spec.tolerations[3].operator: Unsupported value: "Is": supported values: "Equal", "Exists"',
        'spec.tolerations[3].effect: Unsupported value: "No": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      ],
    ],
    [
      'with bad affinity',
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] },
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 0, preference: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
            ],
          },
          podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: {}, topologyKey: '' }] },
        },
      },
      [
        'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term',
        'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100',
        "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty',
        'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: "": name part must be non-empty',
        `spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: "": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
      ],
    ],
    [
      'that spreads badly',
      {
        topologySpreadConstraints: [
          { maxSkew: 0, topologyKey: 'z', whenUnsatisfiable: 'ScheduleAnyway', minDomains: 1 },
          { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'ScheduleAnyway' },
        ],
      },
      [
        'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
        'spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{z, ScheduleAnyway}"',
        'spec.topologySpreadConstraints[0].minDomains: Invalid value: 1: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway',
      ],
    ],
    [
      'that is gated and placed',
      { nodeName: 'x', schedulingGates: [{ name: 'a' }] },
      ['spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared'],
    ],
    [
      'with a bad deadline',
      { activeDeadlineSeconds: 0 },
      ['spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive'],
    ],
  ])('%s', (_name, spec, errors) => {
    // A volume without a kind is an emptyDir by default.
    expect(ofSpec(spec)).toEqual(errors)
  })
})

describe('an update', () => {
  const change = (from: object, to: object) => validatePodUpdate(pod(to), pod(from)).map(fieldErrorMessage)

  test('may change images, the deadline and add tolerations', () => {
    expect(
      change(
        { activeDeadlineSeconds: 10 },
        {
          activeDeadlineSeconds: 5,
          containers: [{ ...container, image: 'j', imagePullPolicy: 'Always' }],
          tolerations: [{ operator: 'Exists' }],
        },
      ),
    ).toEqual([])
  })

  test('may change nothing else', () => {
    const [error, ...others] = change({}, { hostname: 'h' })
    expect(others).toEqual([])
    expect(error).toMatch(
      /^spec: Forbidden: pod updates may not change fields other than `spec\.containers\[\*\]\.image`,`spec\.initContainers\[\*\]\.image`,`spec\.activeDeadlineSeconds`,`spec\.tolerations` \(only additions to existing tolerations\),`spec\.terminationGracePeriodSeconds` \(allow it to be set to 1 if it was previously negative\)\n@@ /,
    )
    expect(error).toContain('\n+ "Hostname": "h"')
  })

  test.each<[string, object, object, string[]]>([
    [
      'containers',
      {},
      { containers: [container, { name: 'd', image: 'i' }] },
      ['spec.containers: Forbidden: pod updates may not add or remove containers'],
    ],
    [
      'tolerations',
      { tolerations: [{ key: 'a' }] },
      {},
      ['spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds'],
    ],
    [
      'the deadline',
      { activeDeadlineSeconds: 5 },
      { activeDeadlineSeconds: 6 },
      ['spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value'],
    ],
    [
      'gates',
      {},
      { schedulingGates: [{ name: 'g' }] },
      ["spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'g'"],
    ],
    ['the selector of a gated pod', { schedulingGates: [{ name: 'g' }] }, { nodeSelector: { a: 'b' } }, []],
  ])('of %s', (_name, from, to, errors) => {
    expect(change(from, to)).toEqual(errors)
  })

  test('of ephemeral containers may only add', () => {
    const first = { name: 'e', image: 'i' }
    const before = pod({ ephemeralContainers: [first] })
    const check = (list: object[]) =>
      validatePodEphemeralContainersUpdate(pod({ ephemeralContainers: list }), before).map(fieldErrorMessage)
    expect(check([first, { name: 'f', image: 'i', targetContainerName: 'c' }])).toEqual([])
    expect(check([])).toEqual([
      'spec.ephemeralContainers: Forbidden: existing ephemeral containers "e" may not be removed\n',
    ])
    expect(check([first, { name: 'g', image: 'i', ports: [{ containerPort: 1 }], targetContainerName: 'x' }])).toEqual([
      'spec.ephemeralContainers[1].targetContainerName: Not found: "x"',
      'spec.ephemeralContainers[1].ports: Forbidden: cannot be set for an Ephemeral Container',
    ])
  })

  test('of sizes may not take them away', () => {
    const sized = (resources: object) => pod({ containers: [{ ...container, resources }] })
    const check = (from: object, to: object) =>
      validatePodResize(sized(to), { ...sized(from), status: undefined }).map(fieldErrorMessage)
    expect(check({ requests: { cpu: '1' } }, { requests: { cpu: '2' } })).toEqual([])
    expect(check({ requests: { cpu: '1', memory: '1Gi' } }, { requests: { cpu: '2' } })).toEqual([
      'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
    ])
  })

  test('of the status keeps what ended ended', () => {
    const before = {
      ...pod({ restartPolicy: 'Never' }),
      status: { qosClass: 'BestEffort', containerStatuses: [{ name: 'c', state: { terminated: { exitCode: 0 } } }] },
    }
    const after = {
      ...before,
      status: {
        qosClass: 'Burstable',
        containerStatuses: [{ name: 'c', state: { running: {} } }],
        podIPs: [{ ip: 'x' }],
      },
    }
    expect(validatePodStatusUpdate(after as never, before as never).map(fieldErrorMessage)).toEqual([
      'status.qosClass: Invalid value: "Burstable": field is immutable',
      'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
      'status.podIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ])
  })
})
