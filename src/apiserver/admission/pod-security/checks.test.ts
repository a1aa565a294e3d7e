import { describe, expect, test } from 'vitest'
import type { PodLike } from './check.ts'
import { violations, violationsText } from './evaluate.ts'
import { type LevelVersion, parseVersion } from './policy.ts'

type Part = Record<string, any>

/** A pod that keeps to the restricted level, but for what is given. */
function pod({ annotations, container, ...spec }: Part = {}): PodLike {
  const { securityContext, ...others } = container ?? {}
  const base = {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  }
  const containers = [{ name: 'c', image: 'i', securityContext: { ...base, ...securityContext }, ...others }]
  return { metadata: { annotations }, spec: { containers, ...spec } } as unknown as PodLike
}

const by = (text: string): LevelVersion => {
  const [level, version = 'latest'] = text.split(':')
  return { level, version: parseVersion(version)! } as LevelVersion
}
const judged = (given: Part, level: string) => violationsText(violations(pod(given), by(level)))

test('a hardened pod keeps to every level', () => {
  for (const level of [
    'privileged',
    'baseline',
    'restricted',
    'restricted:v1.0',
    'restricted:v1.24',
    'restricted:v1.99',
  ])
    expect(judged({}, level)).toBe('')
})

test('the privileged level asks for nothing', () => {
  expect(judged({ hostNetwork: true, container: { securityContext: { privileged: true } } }, 'privileged')).toBe('')
})

const context = (securityContext: Part): Part => ({ container: { securityContext } })
const handler = { httpGet: { host: 'example.com', port: 80 } }
const appArmor = 'container.apparmor.security.beta.kubernetes.io/c'

describe('baseline, and with it restricted', () => {
  test.each<[string, Part, string]>([
    [
      'hostProcess',
      { securityContext: { windowsOptions: { hostProcess: true } } },
      'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)',
    ],
    [
      'hostProcess of a container',
      context({ windowsOptions: { hostProcess: true } }),
      'hostProcess (container "c" must not set securityContext.windowsOptions.hostProcess=true)',
    ],
    [
      'host namespaces',
      { hostNetwork: true, hostPID: true, hostIPC: true },
      'host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)',
    ],
    [
      'privileged',
      context({ privileged: true }),
      'privileged (container "c" must not set securityContext.privileged=true)',
    ],
    [
      'hostPort',
      {
        container: {
          ports: [
            { containerPort: 80, hostPort: 80 },
            { containerPort: 9, hostPort: 9 },
          ],
        },
      },
      'hostPort (container "c" uses hostPorts 80, 9)',
    ],
    [
      'a probed host',
      { container: { livenessProbe: handler, lifecycle: { preStop: { tcpSocket: { host: 'b', port: 1 } } } } },
      'probe or lifecycle host (container "c" uses probe or lifecycle hosts "b", "example.com")',
    ],
    [
      'AppArmor annotation',
      { annotations: { [appArmor]: 'unconfined' } },
      `forbidden AppArmor profile (annotation must not set AppArmor profile type to "${appArmor}="unconfined"")`,
    ],
    [
      'AppArmor field',
      { securityContext: { appArmorProfile: { type: 'Unconfined' } } },
      'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
    ],
    [
      'SELinux type, user and role',
      { securityContext: { seLinuxOptions: { type: 'x', user: 'u', role: 'r' } } },
      'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "x"; user may not be set; role may not be set)',
    ],
    [
      'procMount',
      context({ procMount: 'Unmasked' }),
      'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
    ],
    [
      'seccomp',
      { securityContext: { seccompProfile: { type: 'Unconfined' } } },
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      'sysctls',
      { securityContext: { sysctls: [{ name: 'a' }, { name: 'net.ipv4.tcp_rmem' }, { name: 'b' }] } },
      'forbidden sysctls (a, b)',
    ],
  ])('%s', (_, given, expected) => {
    expect(judged(given, 'baseline')).toBe(expected)
    expect(judged(given, 'restricted')).toContain(expected)
  })

  test.each<[string, Part]>([
    ['AppArmor of the runtime', { annotations: { [appArmor]: 'runtime/default' } }],
    ['AppArmor of the node', { securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'x' } } }],
    ['SELinux of containers', { securityContext: { seLinuxOptions: { type: 'container_engine_t', level: 's0' } } }],
    ['masked /proc', context({ procMount: 'Default' })],
    ['a probe of itself', { container: { livenessProbe: { httpGet: { port: 80 } } } }],
    ['harmless sysctls', { securityContext: { sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start' }] } }],
    ['hostPort 0', { container: { ports: [{ containerPort: 80, hostPort: 0 }] } }],
  ])('allows %s', (_, given) => {
    expect(judged(given, 'restricted')).toBe('')
  })

  test('default capabilities may be added at baseline only, others nowhere', () => {
    const adding = (...add: string[]) => context({ capabilities: { drop: ['ALL'], add } })
    expect(judged(adding('CHOWN', 'NET_BIND_SERVICE'), 'baseline')).toBe('')
    expect(judged(adding('CHOWN', 'NET_BIND_SERVICE'), 'restricted')).toBe(
      'unrestricted capabilities (container "c" must not include "CHOWN" in securityContext.capabilities.add)',
    )
    expect(judged(adding('SYS_ADMIN', 'NET_RAW'), 'baseline')).toBe(
      'non-default capabilities (container "c" must not include "NET_RAW", "SYS_ADMIN" in securityContext.capabilities.add)',
    )
  })

  test('hostPath volumes are one of the restricted types', () => {
    const volumes = [{ name: 'v', hostPath: { path: '/' } }]
    expect(judged({ volumes }, 'baseline')).toBe('hostPath volumes (volume "v")')
    expect(judged({ volumes: [...volumes, { name: 'n', nfs: {} }] }, 'restricted')).toBe(
      'restricted volume types (volumes "v", "n" use restricted volume types "hostPath", "nfs")',
    )
  })
})

describe('restricted', () => {
  const unset = {
    allowPrivilegeEscalation: undefined,
    runAsNonRoot: undefined,
    capabilities: undefined,
    seccompProfile: undefined,
  }

  test('names everything that a plain pod lacks', () => {
    expect(judged(context(unset), 'baseline')).toBe('')
    expect(judged(context(unset), 'restricted')).toBe(
      'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), ' +
        'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), ' +
        'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), ' +
        'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    )
  })

  test.each<[string, Part, string]>([
    [
      'root by the pod and a container',
      { securityContext: { runAsUser: 0, runAsNonRoot: true }, ...context({ runAsUser: 0 }) },
      'runAsUser=0 (pod and container "c" must not set runAsUser=0)',
    ],
    [
      'runAsNonRoot false',
      context({ runAsNonRoot: false }),
      'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)',
    ],
  ])('refuses %s', (_, given, expected) => {
    expect(judged(given, 'restricted')).toBe(expected)
    expect(judged(given, 'baseline')).toBe('')
  })

  test.each<[string, Part]>([
    [
      'what the pod says for its containers',
      {
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'Localhost' } },
        ...context({ runAsNonRoot: undefined, seccompProfile: undefined }),
      },
    ],
    [
      'windows pods without what only linux has',
      { os: { name: 'windows' }, ...context({ ...unset, runAsNonRoot: true }) },
    ],
    ['root in a user namespace', { hostUsers: false, ...context({ runAsUser: 0, runAsNonRoot: undefined }) }],
    [
      'volumes that are not of the node',
      {
        volumes: [
          'configMap',
          'csi',
          'downwardAPI',
          'emptyDir',
          'ephemeral',
          'image',
          'persistentVolumeClaim',
          'projected',
          'secret',
        ].map(kind => ({ name: kind, [kind]: {} })),
      },
    ],
  ])('allows %s', (_, given) => {
    expect(judged(given, 'restricted')).toBe('')
  })

  test('counts initial and ephemeral containers too, in that order', () => {
    const securityContext = { privileged: true }
    const lists = {
      initContainers: [{ name: 'a', securityContext }],
      ephemeralContainers: [{ name: 'e', securityContext }],
    }
    expect(judged(lists, 'baseline')).toBe(
      'privileged (containers "a", "e" must not set securityContext.privileged=true)',
    )
  })
})

describe('versions', () => {
  const seccomp = { annotations: { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' } }
  test.each<[string, Part, string, boolean]>([
    ['probed hosts before 1.34', { container: { livenessProbe: handler } }, 'baseline:v1.33', true],
    ['probed hosts since 1.34', { container: { livenessProbe: handler } }, 'baseline:v1.34', false],
    ['seccomp annotations before 1.19', seccomp, 'baseline:v1.18', false],
    ['seccomp annotations since 1.19', seccomp, 'baseline:v1.19', true],
    [
      'reserved ports before 1.27',
      { securityContext: { sysctls: [{ name: 'net.ipv4.ip_local_reserved_ports' }] } },
      'baseline:v1.26',
      false,
    ],
    [
      'reserved ports since 1.27',
      { securityContext: { sysctls: [{ name: 'net.ipv4.ip_local_reserved_ports' }] } },
      'baseline:v1.27',
      true,
    ],
    [
      'container_engine_t before 1.31',
      { securityContext: { seLinuxOptions: { type: 'container_engine_t' } } },
      'baseline:v1.30',
      false,
    ],
    [
      'unmasked /proc in a user namespace since 1.35',
      { hostUsers: false, ...context({ procMount: 'Unmasked' }) },
      'baseline:v1.35',
      true,
    ],
    [
      'but not at the restricted level',
      { hostUsers: false, ...context({ procMount: 'Unmasked' }) },
      'restricted',
      false,
    ],
    ['root before 1.23', context({ runAsUser: 0 }), 'restricted:v1.22', true],
    ['root since 1.23', context({ runAsUser: 0 }), 'restricted:v1.23', false],
    ['escalation before 1.8', context({ allowPrivilegeEscalation: true }), 'restricted:v1.7', true],
    ['capabilities not dropped before 1.22', context({ capabilities: undefined }), 'restricted:v1.21', true],
    [
      'windows before 1.25',
      { os: { name: 'windows' }, ...context({ capabilities: undefined }) },
      'restricted:v1.24',
      false,
    ],
  ])('%s', (_, given, level, allowed) => {
    expect(judged(given, level) === '').toBe(allowed)
  })
})
