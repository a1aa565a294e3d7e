// The `k8ts` command: reads its arguments and hands them on. What a command does is in the rooms.

import { Command, InvalidArgumentError, Option } from 'commander'
import { UserFacingError } from '../cluster/user-facing-error.ts'
import { addAuthenticationFlags } from './authentication-flags.ts'
import { addComponentFlags, addControllerManagerFlags, concurrencyIn } from './component-flags.ts'
import { flagValues } from './flag-values.ts'
import { kubectlCommand } from './kubectl.ts'
import { terminal } from './kubectl-world.ts'

function port(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value > 65535)
    throw new InvalidArgumentError('must be a port, from 0 to 65535.')
  return value
}

function count(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('must be a whole number.')
  return value
}

/** As Go's flags have it: `--flag`, `--flag=true`. */
function boolean(text: string): boolean {
  if (!['true', 'false'].includes(text)) throw new InvalidArgumentError('must be true or false.')
  return text === 'true'
}

const list = (text: string): string[] => text.split(',')

function duration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text)
  if (!match) throw new InvalidArgumentError('must be a duration, such as 15s.')
  return Number(match[1]) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match[2] as 's']
}

const verbosity = () =>
  new Option('-v, --verbose', 'log what happens, not only what goes wrong; twice for details')
    .argParser((_value, before: number) => before + 1)
    .default(0)

const program = new Command('k8ts')
  .description('Kubernetes, written whole in TypeScript.')
  .showHelpAfterError('(k8ts --help lists what there is)')
  .addHelpText(
    'after',
    '\nStart here:\n  k8ts up            a cluster on this machine, until Ctrl-C\n  kubectl get nodes  in another terminal',
  )

const up = program
  .command('up')
  .description('start a cluster: API server, controllers, scheduler and nodes, in this process')
  .option('--port <port>', 'where the API server listens; 0 picks a free port', port, 6443)
  .option(
    '--bind-address <address>',
    'the address it listens on (default: 127.0.0.1; with real containers 0.0.0.0, for their pods to reach it)',
  )
  .option('--data-dir <directory>', 'where the cluster is kept (default: ~/.k8ts/default)')
  .option('--nodes <count>', 'how many nodes', count, 1)
  .addOption(
    new Option('--runtime <kind>', 'what runs containers: a CRI runtime, nothing (simulated), or whichever there is')
      .choices(['auto', 'cri', 'simulated'])
      .default('auto'),
  )
  .option('--cri-endpoint <urls...>', 'the CRI runtime; one for each node', ['unix:///run/containerd/containerd.sock'])
  .option('--cluster-cidr <range>', 'the addresses of pods', '10.244.0.0/16')
  .option('--service-cidr <range>', 'the addresses of services', '10.96.0.0/12')
  .option('--no-controller-manager', 'leave the controllers to a process of their own: k8ts controller-manager')
  .option('--no-service-lb', 'leave Services of type LoadBalancer to somebody else: they get no addresses of nodes')
  .option('--no-scheduler', 'leave the scheduling to a process of its own: k8ts scheduler')
  .option(
    '--controller-manager-port <port>',
    "serve the controllers' health and metrics there (upstream's: 10257)",
    port,
  )
  .option('--scheduler-port <port>', "serve the scheduler's health and metrics there (upstream's: 10259)", port)
  .option('--no-metrics-server', 'do not serve metrics.k8s.io (kubectl top, autoscaling by use)')
  .option('--enable-admission-plugins <names>', 'admission plugins besides those that are on by default', list)
  .option('--disable-admission-plugins <names>', 'those that are on by default and should not be', list)
  .option('--admission-control-config-file <file>', 'how they are configured (AdmissionConfiguration)')
  .option('--audit-policy-file <file>', 'which requests are recorded, and how much of each (audit.k8s.io/v1 Policy)')
  .option('--audit-log-path <file>', 'where they are recorded, as lines of JSON; - is standard output')
  .option('--audit-log-maxage <days>', 'how long files put aside are kept; 0: for ever', count, 366)
  .option('--audit-log-maxbackup <count>', 'how many files put aside are kept; 0: all', count, 100)
  .option('--audit-log-maxsize <megabytes>', 'how large a file gets before it is put aside; 0: no limit', count, 100)
  .addOption(new Option('--audit-log-format <format>', 'the form of the record').choices(['json']).default('json'))
  .option('--audit-webhook-config-file <file>', 'a kubeconfig that says where they are sent')
  .option('--max-requests-inflight <count>', 'how many reading requests run at once', count, 400)
  .option('--max-mutating-requests-inflight <count>', 'how many changing requests run at once', count, 200)
  .option('--cors-allowed-origins <patterns...>', 'regular expressions of the origins that browsers may call from')
  .option('--authorization-mode <modes>', 'who decides, in order: Node,RBAC,ABAC,Webhook,AlwaysAllow,AlwaysDeny', list)
  .option('--authorization-policy-file <file>', 'the policy of mode ABAC: a line of JSON for each')
  .option('--authorization-webhook-config-file <file>', 'a kubeconfig that says where mode Webhook asks')
  .addOption(
    new Option('--authorization-webhook-version <version>', 'the form of its reviews')
      .choices(['v1', 'v1beta1'])
      .default('v1beta1'),
  )
  .option('--authorization-webhook-cache-authorized-ttl <duration>', 'how long its yes holds', duration, 300_000)
  .option('--authorization-webhook-cache-unauthorized-ttl <duration>', 'how long its no holds', duration, 30_000)
  .option('--authorization-config <file>', 'who decides (AuthorizationConfiguration), in place of the flags above')
  .option('--encryption-provider-config <file>', 'what is encrypted in the store (EncryptionConfiguration)')
  .option('--encryption-provider-config-automatic-reload [boolean]', 'follow changes of that file', boolean)
  .option('--no-proxy', 'do not lead Services to their pods with nftables (simulated nodes never do)')
  .option('--no-dns', 'let pods ask the resolvers of the machine; without the proxy they always do')
  .option('--no-merge-kubeconfig', "leave the user's kubeconfig alone")
  .addOption(verbosity())
  .action(async (options, command) => {
    const { up } = await import('../cluster/up.ts')
    await up({ ...options, flags: flagValues(command, duration) })
  })
addAuthenticationFlags(up, { boolean, list, duration })

const readers = { boolean, list, duration, count, port }

const controllerManager = program
  .command('controller-manager')
  .description('run the controllers against an API server: kube-controller-manager')
  .addOption(verbosity())
  .action(async (options, command) => {
    const { runControllerManager } = await import('../cluster/controller-manager-process.ts')
    await runControllerManager({
      ...options,
      flags: flagValues(command, duration),
      concurrency: concurrencyIn(options),
    })
  })
addControllerManagerFlags(controllerManager, readers)
addComponentFlags(controllerManager, readers, {
  name: 'kube-controller-manager',
  securePort: 10257,
  qps: 20,
  burst: 30,
})

const scheduler = program
  .command('scheduler')
  .description('find nodes for the pods of an API server: kube-scheduler')
  .option('--scheduler-name <name>', 'the schedulerName of the pods it takes care of', 'default-scheduler')
  .addOption(verbosity())
  .action(async (options, command) => {
    const { runScheduler } = await import('../cluster/scheduler-process.ts')
    await runScheduler({ ...options, flags: flagValues(command, duration) })
  })
addComponentFlags(scheduler, readers, { name: 'kube-scheduler', securePort: 10259, qps: 50, burst: 100 })

program
  .command('version')
  .description('print what this is')
  .action(async () => {
    const { versionInfo } = await import('../apiserver/endpoints/version.ts')
    process.stdout.write(`k8ts, compatible with Kubernetes ${versionInfo.gitVersion}\n`)
  })

program.addCommand(kubectlCommand(terminal))

program.parseAsync().catch((error: unknown) => {
  if (error instanceof UserFacingError) process.stderr.write(`k8ts: ${error.message}\n`)
  else process.stderr.write(`k8ts: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exit(1)
})
