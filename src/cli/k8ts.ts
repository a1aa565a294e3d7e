// The `k8ts` command: reads its arguments and hands them on. What a command does is in the rooms.

import { Command, InvalidArgumentError, Option } from 'commander'
import { UserFacingError } from '../cluster/user-facing-error.ts'
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

const program = new Command('k8ts')
  .description('Kubernetes, written whole in TypeScript.')
  .showHelpAfterError('(k8ts --help lists what there is)')
  .addHelpText(
    'after',
    '\nStart here:\n  k8ts up            a cluster on this machine, until Ctrl-C\n  kubectl get nodes  in another terminal',
  )

program
  .command('up')
  .description('start a cluster: API server, controllers, scheduler and nodes, in this process')
  .option('--port <port>', 'where the API server listens; 0 picks a free port', port, 6443)
  .option('--bind-address <address>', 'the address it listens on', '127.0.0.1')
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
  .option('--token-auth-file <file>', 'static tokens: lines of token,user,uid,"group1,group2"')
  .option('--no-proxy', 'do not lead Services to their pods with nftables (simulated nodes never do)')
  .option('--no-merge-kubeconfig', "leave the user's kubeconfig alone")
  .option(
    '-v, --verbose',
    'log what happens, not only what goes wrong; twice for details',
    (_value, before: number) => before + 1,
    0,
  )
  .action(async options => {
    const { up } = await import('../cluster/up.ts')
    await up(options)
  })

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
