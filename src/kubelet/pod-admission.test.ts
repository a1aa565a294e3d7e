import { describe, expect, test } from 'vitest'
import type { Pod } from '../api/core/v1/pod.ts'
import { admitPod } from './pod-admission.ts'
import { testPod } from './testing/node-bench.ts'

const node = {
  name: 'n1',
  labels: { zone: 'a' },
  allocatable: { cpu: '2', memory: '1Gi', pods: '3', 'example.com/gpu': '2' },
  operatingSystem: 'linux',
  kernelVersion: '4.9.0-generic',
}

const asking = (name: string, requests: Record<string, string>, spec = {}) =>
  testPod(name, { containers: [{ resources: { requests } }], ...spec })
const sysctl = (name: string, spec = {}) =>
  testPod('p', { securityContext: { sysctls: [{ name, value: '1' }] }, ...spec })
const port = (name: string, hostPort: number, more = {}) =>
  testPod(name, { containers: [{ ports: [{ containerPort: 80, hostPort, protocol: 'TCP', ...more }] }] })

describe('admission', () => {
  test.each<[string, Pod, Pod[], string | undefined]>([
    ['room for it', asking('p', { cpu: '1500m' }), [asking('o', { cpu: '500m' })], undefined],
    [
      'too much CPU',
      asking('p', { cpu: '1501m' }),
      [asking('o', { cpu: '500m' })],
      "OutOfcpu: Node didn't have enough resource: cpu, requested: 1501, used: 500, capacity: 2000",
    ],
    [
      'too much memory',
      asking('p', { memory: '2Gi' }),
      [],
      "OutOfmemory: Node didn't have enough resource: memory, requested: 2147483648, used: 0, capacity: 1073741824",
    ],
    [
      'too many pods',
      testPod('p'),
      [testPod('a'), testPod('b'), testPod('c')],
      "OutOfpods: Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
    ],
    [
      'ended pods take nothing',
      testPod('p'),
      ['a', 'b', 'c'].map(name => ({ ...testPod(name), status: { phase: 'Succeeded' } })),
      undefined,
    ],
    ['a node selector that matches', testPod('p', { nodeSelector: { zone: 'a' } }), [], undefined],
    [
      'one that does not',
      testPod('p', { nodeSelector: { zone: 'b' } }),
      [],
      "NodeAffinity: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    ],
    ...(
      [
        ['a name that is required', ['n1'], undefined],
        [
          'another',
          ['n2'],
          "NodeAffinity: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
        ],
      ] as const
    ).map(([what, values, rejection]): [string, Pod, Pod[], string | undefined] => [
      what,
      testPod('p', {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values }] }],
            },
          },
        },
      }),
      [],
      rejection,
    ]),
    [
      'resources are looked at first',
      asking('p', { cpu: '3' }, { nodeSelector: { zone: 'b' } }),
      [],
      "OutOfcpu: Node didn't have enough resource: cpu, requested: 3000, used: 0, capacity: 2000",
    ],
    ['a resource of the cluster, which no node counts', asking('p', { 'example.com/licence': '1' }), [], undefined],
    [
      'a resource of the node that is used up',
      asking('p', { 'example.com/gpu': '1' }),
      [asking('o', { 'example.com/gpu': '2' })],
      "OutOfexample.com/gpu: Node didn't have enough resource: example.com/gpu, requested: 1, used: 2, capacity: 2",
    ],
    [
      'a host port that is taken',
      port('p', 8080),
      [port('o', 8080)],
      "NodePorts: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    ],
    ['the same of another protocol', port('p', 8080, { protocol: 'UDP' }), [port('o', 8080)], undefined],
    ['a setting of its own', sysctl('net.ipv4.ip_local_port_range'), [], undefined],
    ['the same written with slashes', sysctl('net/ipv4/ip_local_port_range'), [], undefined],
    [
      'a setting that concerns others',
      sysctl('kernel.msgmax'),
      [],
      'SysctlForbidden: forbidden sysctl: "kernel.msgmax" not allowlisted',
    ],
    [
      'one that the kernel has for all pods together',
      sysctl('net.ipv4.tcp_rmem'),
      [],
      'SysctlForbidden: forbidden sysctl: "net.ipv4.tcp_rmem" not allowlisted',
    ],
    [
      'one of the network that it shares with the host',
      sysctl('net.ipv4.tcp_syncookies', { hostNetwork: true }),
      [],
      'SysctlForbidden: forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host Net enabled',
    ],
    [
      'another operating system',
      testPod('p', { os: { name: 'windows' } }),
      [],
      "PodOSNotSupported: Failed to admit pod as the OS field doesn't match node OS",
    ],
  ])('%s', (_, pod, others, expected) => {
    const rejection = admitPod(pod, others, node)
    expect(rejection && `${rejection.reason}: ${rejection.message}`).toBe(expected)
  })
})
