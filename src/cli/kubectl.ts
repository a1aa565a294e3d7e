// `k8ts kubectl`: the arguments, as kubectl takes them.

import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { ApplyOptions } from '../kubectl/apply.ts'
import type { Connection, Kubectl, Output } from '../kubectl/kubectl.ts'
import type { Clock } from '../machinery/env/env.ts'

export interface ConnectionOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly cluster?: string
  readonly user?: string
  readonly namespace?: string
}

export interface KubectlWorld extends Output {
  /** Where the options (and the kubeconfig) lead. */
  connect(options: ConnectionOptions): Promise<Connection>
  readonly clock: Pick<Clock, 'sleep'>
  readonly stdin?: () => string
  /** Ends what would go on forever. */
  readonly signal?: AbortSignal
  exit(code: number): void
}

type Action = (to: Kubectl, args: readonly string[], options: any) => Promise<void>

function whole(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value)) throw new InvalidArgumentError('must be a whole number.')
  return value
}

async function seconds(text: string): Promise<number> {
  const { durationMilliseconds } = await import('../machinery/duration.ts')
  return Math.ceil(durationMilliseconds(text) / 1000)
}

export function kubectlCommand(world: KubectlWorld): Command {
  const command = new Command('kubectl')
    .description('the Kubernetes command line client')
    .option('-n, --namespace <namespace>', 'where to look')
    .option('--kubeconfig <file>', 'which kubeconfig (default: $KUBECONFIG, or ~/.kube/config)')
    .option('--context <name>', 'which of its contexts')
    .option('--cluster <name>', 'which of its clusters')
    .option('--user <name>', 'which of its users')

  /** Runs it, and tells of what goes wrong as kubectl does. */
  const guarded = async (run: () => Promise<void>) => {
    try {
      await run()
    } catch (error) {
      const { errorText } = await import('../kubectl/kubectl.ts')
      world.stderr(errorText(error))
      world.exit(1)
    }
  }
  const connected = async (of: Command, run: (to: Kubectl) => Promise<void>) => {
    const { kubectl } = await import('../kubectl/kubectl.ts')
    const options = of.optsWithGlobals()
    const connection = await world.connect(options)
    try {
      await run(kubectl({ ...connection, namespaceGiven: options['namespace'] !== undefined }, world))
    } finally {
      connection.transport.close()
    }
  }
  const does = (of: Command, action: Action) =>
    of.action((args: string | string[]) =>
      guarded(() => connected(of, to => action(to, Array.isArray(args) ? args : [args], of.opts()))),
    )
  const manifests = async (files: readonly string[] = []) => {
    const { readManifests } = await import('../kubectl/manifests.ts')
    return readManifests(files, world.stdin ?? (() => readFileSync(0, 'utf8')))
  }

  does(
    command
      .command('get')
      .description('show one or many objects')
      .argument('[what...]', 'pods | pods a b | pod/a service/b | pods,services | all')
      .option('-A, --all-namespaces', 'in every namespace')
      .option('-o, --output <format>', 'json, yaml, name or wide', format)
      .option('-l, --selector <labels>', 'only objects with these labels')
      .option('--field-selector <fields>', 'only objects with these fields')
      .option('-w, --watch', 'then show changes')
      .option('--watch-only', 'show changes only')
      .option('--no-headers', 'without the line of headers')
      .option('--show-labels', 'with a column of labels')
      .option('--show-kind', 'with the kind before each name')
      .option('--show-managed-fields', 'do not hide metadata.managedFields')
      .option('--ignore-not-found', 'what is not there is no error')
      .option('--chunk-size <count>', 'how many at once', whole),
    async (to, args, { headers, ...options }) => {
      const { get } = await import('../kubectl/get.ts')
      await get(to, args, { ...options, noHeaders: headers === false, signal: world.signal })
    },
  )

  const writes = (name: string, description: string) =>
    command
      .command(name)
      .description(description)
      .requiredOption('-f, --filename <files...>', 'files, folders, or - for standard input')
      .option('--field-manager <name>', 'who is to have written it')
      .addOption(new Option('--dry-run <how>', 'only try it out').choices(['none', 'server']).default('none'))
      .option('--validate <how>', 'strict, warn or ignore', 'strict')
  const writeOptions = (options: any): ApplyOptions => ({
    ...options,
    dryRun: options.dryRun === 'server',
    validate: validation[options.validate as keyof typeof validation] ?? 'Strict',
  })
  const write = (of: Command, action: 'apply' | 'create') =>
    of.action(() =>
      guarded(() =>
        connected(of, async to => {
          const room = await import('../kubectl/apply.ts')
          await room[action](to, await manifests(of.opts()['filename']), writeOptions(of.opts()))
        }),
      ),
    )
  write(writes('create', 'create objects from files'), 'create')
  write(
    writes('apply', 'make objects be as files say')
      .option('--server-side', 'let the server merge')
      .option('--force-conflicts', "take over other managers' fields"),
    'apply',
  )

  does(
    command
      .command('delete')
      .description('delete objects, by name, label or file')
      .argument('[what...]', 'pod a b | pod/a service/b | pods --all')
      .option('-f, --filename <files...>', 'files, folders, or - for standard input')
      .option('-l, --selector <labels>', 'objects with these labels')
      .option('--field-selector <fields>', 'objects with these fields')
      .option('--all', 'every object of the resource')
      .option('-A, --all-namespaces', 'in every namespace')
      .option('--grace-period <seconds>', 'how long it may take to end', whole)
      .option('--now', 'as --grace-period=1')
      .option('--force', 'as --grace-period=0, without waiting')
      .option('--ignore-not-found', 'what is not there is no error')
      .option('-o, --output <format>', 'name', format)
      .option('--wait [yes]', 'until it is gone', (text: string) => text !== 'false')
      .addOption(new Option('--dry-run <how>', 'only try it out').choices(['none', 'server']).default('none'))
      .addOption(
        new Option('--cascade <how>', 'what happens to what it owns')
          .choices(['background', 'foreground', 'orphan'])
          .default('background'),
      ),
    async (to, args, { filename, dryRun, ...options }) => {
      const { deleteObjects } = await import('../kubectl/delete.ts')
      const what = { args, manifests: filename && (await manifests(filename)) }
      await deleteObjects(to, what, { ...options, dryRun: dryRun === 'server', clock: world.clock })
    },
  )

  does(
    command
      .command('logs')
      .description("print a container's output")
      .argument('<pod>')
      .option('-c, --container <name>', 'which of its containers')
      .option('-f, --follow', 'go on as more comes')
      .option('-p, --previous', 'of the container before the last restart')
      .option('--timestamps', 'with the time of each line')
      .option('--tail <lines>', 'only the last lines', whole)
      .option('--since <duration>', 'only what is newer, such as 5m')
      .option('--since-time <time>', 'only what is newer (RFC 3339)')
      .option('--limit-bytes <bytes>', 'at most', whole),
    async (to, [pod = ''], { since, ...options }) => {
      const { logs } = await import('../kubectl/logs.ts')
      await logs(to, pod, { ...options, since: since && (await seconds(since)) })
    },
  )

  const resourceList = command
    .command('api-resources')
    .description('what the server has')
    .option('--api-group <group>', 'only of this group')
    .option('--namespaced [yes]', 'only what is (or is not) in namespaces', (text: string) => text !== 'false')
    .option('--no-headers', 'without the line of headers')
    .option('-o, --output <format>', 'name or wide', format)
  resourceList.action(() =>
    guarded(() =>
      connected(resourceList, async to => {
        const { apiResources } = await import('../kubectl/about.ts')
        const { headers, ...options } = resourceList.opts()
        await apiResources(to, { ...options, noHeaders: headers === false })
      }),
    ),
  )

  const versions = command
    .command('version')
    .description('which versions client and server have')
    .option('--client', "the client's only")
    .option('-o, --output <format>', 'json or yaml', format)
  versions.action(() =>
    guarded(async () => {
      const { version } = await import('../kubectl/about.ts')
      if (versions.opts()['client']) return version(world, versions.opts())
      await connected(versions, to => version(to, versions.opts(), to))
    }),
  )
  return command
}

const validation = { strict: 'Strict', true: 'Strict', warn: 'Warn', ignore: 'Ignore', false: 'Ignore' } as const

/** `-o=yaml` is `-o yaml`. */
function format(text: string): string {
  return text.replace(/^=/, '')
}
