import { describe, expect, test } from 'vitest'
import { sandboxConfig } from './sandbox-config.ts'
import { testPod } from './testing/node-bench.ts'

const make = (spec: object = {}, metadata: object = {}, more: object = {}) =>
  sandboxConfig({
    pod: testPod('web', spec, metadata),
    attempt: 2,
    dns: { servers: ['10.96.0.10'], domain: 'cluster.local' },
    hostResolver: { servers: [], searches: [], options: [] },
    podLogsDir: '/var/log/pods',
    owner: 'me',
    seccompRoot: '/seccomp',
    cgroupRoot: '',
    seenAt: '2026-01-01T00:00:00Z',
    ...more,
  })

test('says whose it is, as crictl reads it', () => {
  const { metadata, labels, annotations, logDirectory } = make({}, { labels: { app: 'x' }, annotations: { note: 'y' } })
  expect(metadata).toEqual({ name: 'web', namespace: 'default', uid: 'uid-of-web', attempt: 2 })
  expect(labels).toEqual({
    app: 'x',
    'io.kubernetes.pod.name': 'web',
    'io.kubernetes.pod.namespace': 'default',
    'io.kubernetes.pod.uid': 'uid-of-web',
    'k8ts.dev/kubelet': 'me',
  })
  expect(annotations).toEqual({
    note: 'y',
    'kubernetes.io/config.seen': '2026-01-01T00:00:00Z',
    'kubernetes.io/config.source': 'api',
  })
  expect(logDirectory).toBe('/var/log/pods/default_web_uid-of-web')
})

describe('namespaces', () => {
  test.each([
    [{}, { network: 'POD', pid: 'CONTAINER', ipc: 'POD' }],
    [{ shareProcessNamespace: true }, { network: 'POD', pid: 'POD', ipc: 'POD' }],
    [
      { hostNetwork: true, hostPID: true, hostIPC: true },
      { network: 'NODE', pid: 'NODE', ipc: 'NODE' },
    ],
  ])('%j', (spec, expected) => {
    expect(make(spec).linux?.securityContext?.namespaceOptions).toEqual(expected)
  })
})

test('a pod in the host network has neither a name nor port mappings of its own', () => {
  const containers = [{ ports: [{ containerPort: 80, hostPort: 8080, protocol: 'UDP' }] }]
  expect(make({ containers })).toMatchObject({
    hostname: 'web',
    portMappings: [{ protocol: 'UDP', containerPort: 80, hostPort: 8080, hostIp: '' }],
  })
  expect(make({ containers, hostNetwork: true })).toMatchObject({ hostname: '', portMappings: [] })
})

test('sysctls have dots', () => {
  const securityContext = { sysctls: [{ name: 'net/core/somaxconn', value: '1024' }] }
  expect(make({ securityContext }).linux?.sysctls).toEqual({ 'net.core.somaxconn': '1024' })
})

test.each([
  ['Guaranteed', '/kubepods/poduid-of-web'],
  ['Burstable', '/kubepods/burstable/poduid-of-web'],
  ['BestEffort', '/kubepods/besteffort/poduid-of-web'],
])('the cgroup of a %s pod', (qosClass, cgroup) => {
  const pod = { ...testPod('web'), status: { qosClass } }
  expect(make({}, {}, { pod, cgroupRoot: '/kubepods' }).linux?.cgroupParent).toBe(cgroup)
})
