// The flags of kube-controller-manager and kube-scheduler.

import { type Command, InvalidArgumentError, Option } from 'commander'

export interface Readers {
  readonly boolean: (text: string) => boolean
  readonly list: (text: string) => string[]
  readonly duration: (text: string) => number
  readonly count: (text: string) => number
  readonly port: (text: string) => number
}

interface Defaults {
  /** Upstream's name of the component, and of its lease. */
  readonly name: string
  readonly securePort: number
  readonly qps: number
  readonly burst: number
}

const everywhere = '0.0.0.0'
const tenSeconds = 10_000

/** What both have in common. */
export function addComponentFlags(command: Command, readers: Readers, defaults: Defaults): Command {
  const { boolean, list, duration, count, port } = readers
  command
    .option('--kubeconfig <file>', 'the API server to work with, and as whom')
    .option('--master <url>', 'its address, in place of what the kubeconfig says')
    .option('--kube-api-qps <count>', 'how many requests a second; 0: as many as there are', rate, defaults.qps)
    .option('--kube-api-burst <count>', 'how many at once', count, defaults.burst)
  grouped(command, 'Leader election:', () =>
    command
      .option('--leader-elect [boolean]', 'work only while holding the lease, so that several can run', boolean, true)
      .option(
        '--leader-elect-lease-duration <duration>',
        'how long others wait for a leader that is gone',
        duration,
        15_000,
      )
      .option('--leader-elect-renew-deadline <duration>', 'how long a leader tries to renew', duration, tenSeconds)
      .option('--leader-elect-retry-period <duration>', 'how long between tries', duration, 2000)
      .option('--leader-elect-resource-namespace <namespace>', 'where the lease is', 'kube-system')
      .option('--leader-elect-resource-name <name>', 'its name', defaults.name)
      .addOption(
        new Option('--leader-elect-resource-lock <resource>', 'what is held').choices(['leases']).default('leases'),
      ),
  )
  grouped(command, 'Serving:', () =>
    command
      .option('--secure-port <port>', 'where health and metrics are served; 0: not at all', port, defaults.securePort)
      .option('--bind-address <address>', 'the address it listens on', everywhere)
      .option('--tls-cert-file <file>', 'the certificate it shows (default: one made for this process)')
      .option('--tls-private-key-file <file>', 'and its key'),
  )
  grouped(command, 'Who may ask:', () =>
    command
      .option('--authentication-kubeconfig <file>', 'the API server to ask who somebody is')
      .option(
        '--authentication-skip-lookup [boolean]',
        "do not look for the cluster's authorities there",
        boolean,
        false,
      )
      .option('--authentication-tolerate-lookup-failure [boolean]', 'go on without them', boolean, false)
      .option('--authentication-token-webhook-cache-ttl <duration>', 'how long its word counts', duration, tenSeconds)
      .option('--client-ca-file <file>', "authorities that vouch for client certificates (default: the cluster's)")
      .option(
        '--requestheader-client-ca-file <file>',
        "authorities that vouch for front proxies (default: the cluster's)",
      )
      .option('--requestheader-allowed-names <names>', 'their names; any when empty', list, [])
      .option('--requestheader-username-headers <names>', 'where they say who asks', list, ['x-remote-user'])
      .option('--requestheader-uid-headers <names>', 'with which UID', list, [])
      .option('--requestheader-group-headers <names>', 'in which groups', list, ['x-remote-group'])
      .option('--requestheader-extra-headers-prefix <prefixes>', 'and what else', list, ['x-remote-extra-'])
      .option('--authorization-kubeconfig <file>', 'the API server to ask what they may do')
      .option('--authorization-always-allow-paths <paths>', 'what everybody may see', list, [
        '/healthz',
        '/readyz',
        '/livez',
      ])
      .option('--authorization-webhook-cache-authorized-ttl <duration>', 'how long its yes holds', duration, tenSeconds)
      .option(
        '--authorization-webhook-cache-unauthorized-ttl <duration>',
        'how long its no holds',
        duration,
        tenSeconds,
      ),
  )
  // What manifests for upstream's say, and has no counterpart here.
  return command.addOption(new Option('--profiling [boolean]').argParser(boolean).hideHelp())
}

/** How many objects at a time: upstream's flags, and the controllers they are about. */
const concurrencyFlags: readonly (readonly [flag: string, controller: string])[] = [
  ['concurrent-cron-job-syncs', 'cronjob-controller'],
  ['concurrent-daemonset-syncs', 'daemonset-controller'],
  ['concurrent-deployment-syncs', 'deployment-controller'],
  ['concurrent-endpoint-syncs', 'endpoints-controller'],
  ['concurrent-ephemeralvolume-syncs', 'ephemeral-volume-controller'],
  ['concurrent-gc-syncs', 'garbage-collector-controller'],
  ['concurrent-horizontal-pod-autoscaler-syncs', 'horizontal-pod-autoscaler-controller'],
  ['concurrent-job-syncs', 'job-controller'],
  ['concurrent-namespace-syncs', 'namespace-controller'],
  ['concurrent-rc-syncs', 'replicationcontroller-controller'],
  ['concurrent-replicaset-syncs', 'replicaset-controller'],
  ['concurrent-resource-quota-syncs', 'resourcequota-controller'],
  ['concurrent-service-endpoint-syncs', 'endpointslice-controller'],
  ['concurrent-service-syncs', 'service-lb-controller'],
  ['concurrent-serviceaccount-token-syncs', 'serviceaccount-token-controller'],
  ['concurrent-statefulset-syncs', 'statefulset-controller'],
  ['concurrent-ttl-after-finished-syncs', 'ttl-after-finished-controller'],
  ['concurrent-validating-admission-policy-status-syncs', 'validatingadmissionpolicy-status-controller'],
  ['mirroring-concurrent-service-endpoint-syncs', 'endpointslice-mirroring-controller'],
]

export function addControllerManagerFlags(command: Command, { boolean, list, count }: Readers): Command {
  command
    .option('--controllers <list>', 'which: * for all that are on by default, foo for one, -foo for all but it', list, [
      '*',
    ])
    .option('--allocate-node-cidrs [boolean]', 'give every node a part of the cluster range', boolean, false)
    .option('--cluster-cidr <range>', 'the addresses of pods')
    .option('--service-cluster-ip-range <range>', 'the addresses of services, which no node is given')
    .option('--node-cidr-mask-size <bits>', 'how large a part of the range is (default: 24, or 64 of IPv6)', count)
    .option('--node-cidr-mask-size-ipv4 <bits>', 'of an IPv4 range, where there are both', count)
    .option('--node-cidr-mask-size-ipv6 <bits>', 'of an IPv6 range', count)
    .option('--root-ca-file <file>', "the certificate authority that pods are given (default: the kubeconfig's)")
    .option('--cluster-signing-cert-file <file>', 'what certificates are signed with: the authority')
    .option('--cluster-signing-key-file <file>', 'and its key')
    .option('--service-account-private-key-file <file>', 'what signs the tokens that live in Secrets')
    .option('--use-service-account-credentials [boolean]', 'each controller as its own service account', boolean, false)
    .addOption(new Option('--cluster-name <name>').hideHelp())
  return grouped(command, 'How many objects at a time:', () => {
    for (const [flag, controller] of concurrencyFlags)
      command.option(`--${flag} <count>`, controller, (text: string, before: Map<string, number> | undefined) => {
        const value = count(text)
        if (value === 0) throw new InvalidArgumentError('must be at least 1.')
        return (before ?? new Map()).set(controller, value)
      })
  })
}

/** What the flags above have said, by controller. */
export function concurrencyIn(options: Readonly<Record<string, unknown>>): Map<string, number> {
  return new Map(Object.values(options).flatMap(value => (value instanceof Map ? [...value] : [])))
}

function grouped(command: Command, heading: string, add: () => void): Command {
  const before = command.options.length
  add()
  for (const option of command.options.slice(before)) option.helpGroup(heading)
  return command
}

function rate(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value)) throw new InvalidArgumentError('must be a number.')
  return value
}
