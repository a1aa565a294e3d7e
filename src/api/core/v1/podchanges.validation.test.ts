import { describe, expect, test } from 'vitest'
import { type FieldError, fieldErrorMessage } from '../../../machinery/field-error.ts'
import { applyDefaults } from '../../defaults.ts'
import type { KubeObject } from '../../resource.ts'
import { pods } from './pod.ts'
import { validatePod } from './pod.validation.ts'
import { validatePodResize } from './podresize.validation.ts'
import { validatePodStatusUpdate } from './podstatus.validation.ts'

const told = (errors: FieldError[]): string[] => errors.map(error => fieldErrorMessage(error).split('\n')[0]!)
const sized = (cpu: string, more: object = {}) => ({
  name: 'c',
  image: 'i',
  resources: { requests: { cpu, memory: '1Gi' } },
  ...more,
})

function pod(spec: object, status: object = {}, metadata: object = {}): KubeObject {
  const made = { metadata: { name: 'p', ...metadata }, spec: { containers: [sized('1')], ...spec } }
  applyDefaults(pods, made)
  return { ...made, status: { phase: 'Running', qosClass: 'Burstable', ...status } }
}

const sidecar = (cpu: string) => ({ ...sized(cpu), name: 's', restartPolicy: 'Always' })
const first = (cpu: string) => ({ ...sized(cpu), name: 'f' })
const whole = (cpu: string) => ({ resources: { requests: { cpu, memory: '4Gi' } } })
const onlySizes = 'only cpu and memory resources are mutable'

describe('a resize', () => {
  test.each<[string, KubeObject, KubeObject, string[]]>([
    ['of a container', pod({ containers: [sized('2')] }), pod({}), []],
    ['of a sidecar', pod({ initContainers: [sidecar('2')] }), pod({ initContainers: [sidecar('1')] }), []],
    ['of what runs first', pod({ initContainers: [first('2')] }), pod({ initContainers: [first('1')] }), []],
    ['of the pod as a whole', pod(whole('3')), pod(whole('2')), []],
    ['of a pod that had no size', pod(whole('3')), pod({}), []],
    [
      'to no size',
      pod({ containers: [{ ...sized('1'), resources: { requests: { memory: '1Gi' } } }] }),
      pod({}),
      ['spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed'],
    ],
    [
      'of a whole to no size',
      pod({}),
      pod(whole('2')),
      ['spec.resources: Forbidden: pod-level resources cannot be removed'],
    ],
    [
      'of something else',
      pod({ containers: [sized('1', { image: 'j' })] }),
      pod({}),
      [`spec: Forbidden: ${onlySizes}`],
    ],
    [
      'to more containers',
      pod({ containers: [sized('1'), { ...sized('1'), name: 'd' }] }),
      pod({}),
      ['spec.containers: Forbidden: containers may not be added or removed on resize'],
    ],
    [
      'of another container',
      pod({ containers: [{ ...sized('1'), name: 'd' }] }),
      pod({}),
      ['spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize'],
    ],
    [
      'to another class',
      pod({ containers: [{ ...sized('1'), resources: { limits: { cpu: '1', memory: '1Gi' } } }] }),
      pod({}),
      ['spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing'],
    ],
    [
      'on a node that cannot',
      pod({ containers: [sized('2')] }),
      pod({}, { containerStatuses: [{ name: 'c', state: { running: {} } }] }),
      ['spec: Forbidden: Pod running on node without support for resize'],
    ],
    [
      'of a static pod',
      pod({}),
      pod({ nodeName: 'n' }, {}, { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
      [': Forbidden: static pods cannot be resized'],
    ],
    ['on Windows', pod({}), pod({ os: { name: 'windows' } }), [': Forbidden: windows pods cannot be resized']],
  ])('%s', (_name, next, old, errors) => {
    expect(told(validatePodResize(next, old))).toEqual(errors)
  })
})

const ended = (exitCode: number) => ({ name: 'c', state: { terminated: { exitCode } } })
const running = { name: 'c', state: { running: {} } }
const restarts = {
  restartPolicy: 'Never',
  restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [3] } }],
}
const noReturn = 'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state'

describe('a status', () => {
  test.each<[string, object, object, object, string[]]>([
    ['of a container that starts again', {}, { containerStatuses: [running] }, { containerStatuses: [ended(1)] }, []],
    [
      'of a container that never does',
      { restartPolicy: 'Never' },
      { containerStatuses: [running] },
      { containerStatuses: [ended(1)] },
      [noReturn],
    ],
    [
      'of a container that failed',
      { restartPolicy: 'OnFailure' },
      { containerStatuses: [running] },
      { containerStatuses: [ended(0)] },
      [noReturn],
    ],
    [
      'of a container whose rule lets it',
      { containers: [sized('1', restarts)] },
      { containerStatuses: [running] },
      { containerStatuses: [ended(3)] },
      [],
    ],
    [
      'of a container whose rule does not',
      { containers: [sized('1', restarts)] },
      { containerStatuses: [running] },
      { containerStatuses: [ended(4)] },
      [noReturn],
    ],
    [
      'with odd conditions',
      {},
      { conditions: [{ type: 'a b', observedGeneration: -1 }], observedGeneration: -1 },
      {},
      [
        'status.conditions[0].observedGeneration: Invalid value: -1: must be a non-negative integer',
        "status.conditions[0].Type: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        'status.observedGeneration: Invalid value: -1: must be a non-negative integer',
      ],
    ],
    [
      'of another node than it runs on',
      { nodeName: 'n' },
      { nominatedNodeName: 'm' },
      {},
      ['status.nominatedNodeName: Forbidden: may not be set on pods that are already bound to a node'],
    ],
    [
      'of another class',
      {},
      { qosClass: 'Guaranteed' },
      {},
      ['status.qosClass: Invalid value: "Guaranteed": field is immutable'],
    ],
    [
      'with addresses twice',
      {},
      { podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.1' }] },
      {},
      [
        'status.podIPs: Invalid value: [{"ip":"10.0.0.1"},{"ip":"10.0.0.1"}]: may specify no more than one IP for each IP family',
      ],
    ],
    [
      'of claims it has not',
      { resourceClaims: [{ name: 'a', resourceClaimName: 'x' }] },
      { resourceClaimStatuses: [{ name: 'a' }, { name: 'a' }, { name: 'b' }] },
      {},
      [
        'status.resourceClaimStatuses[1].name: Duplicate value: "a"',
        'status.resourceClaimStatuses[2].name: Invalid value: "b": must match the name of an entry in `spec.resourceClaims`',
      ],
    ],
  ])('%s', (_name, spec, next, old, errors) => {
    expect(told(validatePodStatusUpdate(pod(spec, next), pod(spec, old)))).toEqual(errors)
  })
})

describe('of containers a status may not say', () => {
  const devices = (list: object[], name = 'c') => ({ containerStatuses: [{ name, allocatedResourcesStatus: list }] })
  const device = (health: string, more: object = {}) => ({ resourceID: 'a', health, ...more })
  const at = 'status.containerStatuses[0].allocatedResourcesStatus[0]'

  test.each<[string, object, string[]]>([
    ['of what it asks for', devices([{ name: 'cpu', resources: [device('Healthy')] }]), []],
    ['of a container that there is not', devices([{ name: 'gpu' }], 'other'), []],
    [
      'of what it does not ask for',
      devices([{ name: 'gpu' }]),
      [`${at}.name: Invalid value: "gpu": must match one of the container's resource requests`],
    ],
    [
      'of a claim that it does not have',
      devices([{ name: 'claim:x' }]),
      [
        `${at}.name: Invalid value: "claim:x": must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty`,
      ],
    ],
    [
      'another health, and one twice',
      devices([{ name: 'cpu', resources: [device('Ill'), device('Healthy', { message: '' })] }]),
      [
        `${at}.resources[0].health: Unsupported value: "Ill": supported values: "Healthy", "Unhealthy", "Unknown"`,
        `${at}.resources[1].message: Required value: must be non-empty if specified`,
        `${at}.resources[1].resourceID: Duplicate value: "a"`,
      ],
    ],
    [
      'devices of an ephemeral one',
      { ephemeralContainerStatuses: [{ name: 'e', allocatedResourcesStatus: [{ name: 'cpu' }] }] },
      [
        'status.ephemeralContainerStatuses[0].allocatedResourcesStatus: Forbidden: must not be specified in container status',
      ],
    ],
    [
      'users that there cannot be',
      { containerStatuses: [{ name: 'c', user: { linux: { uid: -1, gid: 0, supplementalGroups: [-2] } } }] },
      [
        'status.containerStatuses[0].user.linux.uid: Invalid value: -1: must be between 0 and 2147483647, inclusive',
        'status.containerStatuses[0].user.linux.supplementalGroups[0]: Invalid value: -2: must be between 0 and 2147483647, inclusive',
      ],
    ],
  ])('%s', (_name, next, errors) => {
    expect(told(validatePodStatusUpdate(pod({}, next), pod({})))).toEqual(errors)
  })
})

const profile = (type: string, localhostProfile?: string) => ({ type, ...(localhostProfile && { localhostProfile }) })
const seccomp = 'container.seccomp.security.alpha.kubernetes.io/c'
const appArmor = 'container.apparmor.security.beta.kubernetes.io/c'

describe('a new pod', () => {
  test.each<[string, object, object, string[]]>([
    [
      'whose annotation and field differ',
      { [seccomp]: 'unconfined', [appArmor]: 'localhost/a' },
      {
        containers: [
          sized('1', {
            securityContext: {
              seccompProfile: profile('RuntimeDefault'),
              appArmorProfile: profile('Localhost', 'b'),
            },
          }),
        ],
      },
      [
        'spec.containers[0].securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match',
        'spec.containers[0].securityContext.appArmorProfile.localhostProfile: Forbidden: apparmor profile in annotation and field must match',
      ],
    ],
    [
      'called otherwise',
      {},
      { hostnameOverride: 'A', setHostnameAsFQDN: true, hostNetwork: true },
      [
        'spec.hostnameOverride: Forbidden: may not be specified when setHostnameAsFQDN is true',
        'spec.hostnameOverride: Forbidden: may not be specified when hostNetwork is true',
        "spec.hostnameOverride: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      ],
    ],
    [
      'with variables from a file nowhere',
      {},
      {
        volumes: [{ name: 'v', configMap: { name: 'm' } }],
        containers: [
          sized('1', {
            env: ['v', 'w'].map(volumeName => ({
              name: 'A',
              valueFrom: { fileKeyRef: { volumeName, path: 'f', key: 'K' } },
            })),
          }),
        ],
      },
      [
        'spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Invalid value: "v": referenced volume must be of type emptyDir',
        'spec.containers[0].env[1].valueFrom.fileKeyRef.volumeName: Not found: "w"',
      ],
    ],
    [
      'smaller than its containers',
      {},
      whole('500m'),
      [
        'spec.resources.requests[cpu]: Invalid value: "500m": must be greater than or equal to aggregate container requests of 1',
      ],
    ],
    [
      'with users and devices of its own',
      {},
      {
        hostUsers: false,
        hostPID: true,
        volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }],
        containers: [sized('1', { volumeDevices: [{ name: 'v', devicePath: '/dev/a' }] })],
      },
      [
        'spec.HostPID: Forbidden: when `hostUsers` is false',
        'spec.containers[0].volumeDevices: Forbidden: when `hostUsers` is false',
      ],
    ],
    [
      'stopped by an unknown signal',
      {},
      { os: { name: 'windows' }, containers: [{ name: 'c', image: 'i', lifecycle: { stopSignal: 'SIGHUP' } }] },
      ['spec.containers[0].lifecycle.stopSignal: Unsupported value: "SIGHUP": supported values: "SIGKILL", "SIGTERM"'],
    ],
  ])('%s', (_name, annotations, spec, errors) => {
    expect(told(validatePod(pod(spec, {}, { annotations })))).toEqual(errors)
  })
})
