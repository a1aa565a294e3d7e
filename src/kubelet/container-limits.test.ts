// What of a container's resources and rights reaches the runtime.

import { describe, expect, test } from 'vitest'
import type { Pod } from '../api/core/v1/pod.ts'
import { linuxResources } from './container-resources.ts'
import { podQosClass } from './qos.ts'
import { containerSecurityContext } from './security-context.ts'
import { testPod } from './testing/node-bench.ts'

const machineMemory = 8 * 2 ** 30
const withResources = (resources: object, spec: object = {}): Pod => ({
  ...testPod('p', { containers: [{ resources }], ...spec }),
  status: {},
})

describe('limits', () => {
  test.each<[object, object]>([
    [{}, { cpuShares: 2, cpuQuota: 0, oomScoreAdj: 1000 }],
    [{ requests: { cpu: '250m' } }, { cpuShares: 256, cpuQuota: 0, oomScoreAdj: 999 }],
    [{ requests: { cpu: '1m' } }, { cpuShares: 2 }],
    [{ limits: { cpu: '500m' } }, { cpuShares: 512, cpuQuota: 50_000, cpuPeriod: 100_000 }],
    [{ limits: { cpu: '1m' } }, { cpuQuota: 1000 }],
    [{ requests: { cpu: '1000' } }, { cpuShares: 262_144 }],
    [{ limits: { memory: '64Mi' } }, { memoryLimitInBytes: 67_108_864 }],
    [{ requests: { memory: '2Gi' } }, { oomScoreAdj: 750 }],
    [{ requests: { memory: '8Gi' } }, { oomScoreAdj: 3 }],
    [
      { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } },
      { cpuShares: 1024, cpuQuota: 100_000, memoryLimitInBytes: 2 ** 30, oomScoreAdj: -997 },
    ],
  ])('%j', (resources, expected) => {
    const pod = withResources(resources)
    expect(linuxResources(pod, pod.spec.containers[0]!, machineMemory)).toMatchObject(expected)
  })
})

test.each<[object, string]>([
  [{}, 'BestEffort'],
  [{ requests: { cpu: '0' } }, 'BestEffort'],
  [{ requests: { cpu: '1' } }, 'Burstable'],
  [{ limits: { cpu: '1' } }, 'Burstable'],
  [{ limits: { cpu: '1', memory: '1Gi' } }, 'Guaranteed'],
  [{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m', memory: '1Gi' } }, 'Burstable'],
  [{ limits: { 'example.com/gpu': '1' } }, 'BestEffort'],
])('quality of service of %j is %s', (resources, qos) => expect(podQosClass(withResources(resources))).toBe(qos))

describe('rights', () => {
  const context = (own: object, ofPod: object = {}, image: { uid?: number; username: string } = { username: '' }) => {
    const pod = testPod('p', { containers: [{ securityContext: own }], securityContext: ofPod })
    return containerSecurityContext(pod, pod.spec.containers[0]!, image, '/seccomp')
  }

  test.each<[string, object, object, object]>([
    [
      'nothing said',
      {},
      {},
      { privileged: false, noNewPrivs: false, runAsUser: { value: 0 }, seccomp: { profileType: 'Unconfined' } },
    ],
    ['the pod’s user', {}, { runAsUser: 5, runAsGroup: 6 }, { runAsUser: { value: 5 }, runAsGroup: { value: 6 } }],
    ['the container’s own wins', { runAsUser: 7 }, { runAsUser: 5 }, { runAsUser: { value: 7 } }],
    ['groups', {}, { fsGroup: 9, supplementalGroups: [1, 2] }, { supplementalGroups: [9, 1, 2] }],
    ['no escalation', { allowPrivilegeEscalation: false }, {}, { noNewPrivs: true }],
    ['read-only', { readOnlyRootFilesystem: true }, {}, { readonlyRootfs: true }],
    [
      'capabilities',
      { capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] } },
      {},
      { capabilities: { addCapabilities: ['NET_ADMIN'], dropCapabilities: ['ALL'] } },
    ],
    [
      'seccomp of the pod',
      {},
      { seccompProfile: { type: 'RuntimeDefault' } },
      { seccomp: { profileType: 'RuntimeDefault' } },
    ],
    [
      'a seccomp file',
      { seccompProfile: { type: 'Localhost', localhostProfile: 'a.json' } },
      {},
      { seccomp: { profileType: 'Localhost', localhostRef: '/seccomp/a.json' } },
    ],
    [
      'privileged',
      { privileged: true },
      { seccompProfile: { type: 'RuntimeDefault' } },
      { privileged: true, seccomp: { profileType: 'Unconfined' } },
    ],
  ])('%s', (_, own, ofPod, expected) => expect(context(own, ofPod)).toMatchObject(expected))

  test('a privileged container sees all of /proc', () => {
    expect(context({ privileged: true }).maskedPaths).toBeUndefined()
    expect(context({}).maskedPaths).toContain('/proc/kcore')
  })

  test('the image’s user, by number or by name', () => {
    expect(context({}, {}, { uid: 101, username: '' })).toMatchObject({ runAsUser: { value: 101 } })
    expect(context({}, {}, { username: 'nginx' })).toMatchObject({ runAsUsername: 'nginx' })
  })

  test.each<[object, { uid?: number; username: string }, string | undefined]>([
    [{ runAsNonRoot: true }, { uid: 0, username: '' }, 'container has runAsNonRoot and image will run as root'],
    [{ runAsNonRoot: true }, { username: '' }, 'container has runAsNonRoot and image will run as root'],
    [
      { runAsNonRoot: true },
      { username: 'nginx' },
      'container has runAsNonRoot and image has non-numeric user (nginx), cannot verify user is non-root',
    ],
    [{ runAsNonRoot: true, runAsUser: 0 }, { username: '' }, "container's runAsUser breaks non-root policy"],
    [{ runAsNonRoot: true, runAsUser: 1 }, { username: '' }, undefined],
    [{ runAsNonRoot: true }, { uid: 101, username: '' }, undefined],
  ])('%j with an image of %j', (own, image, message) => {
    if (message === undefined) expect(() => context(own, {}, image)).not.toThrow()
    else expect(() => context(own, {}, image)).toThrow(`${message} (pod: "p_default(uid-of-p)", container: main)`)
  })
})
