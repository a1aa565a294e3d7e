// `k8ts up`: a cluster on this machine, until it is told to stop.
//
// Comes in: the command's options. Goes out: a running cluster, progress on standard output, a kubeconfig in the data
// directory and (unless told not to) a context `k8ts` in the user's. State is kept over restarts. Everything that can be
// wrong (a port in use, a damaged directory, an unusable runtime) is one line and a non-zero exit, with nothing left
// half started.

import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir, hostname, networkInterfaces } from 'node:os'
import { join, resolve } from 'node:path'
import { parseTokenFile } from '../apiserver/authentication/static-token.ts'
import { criRuntime, probeRuntime } from '../kubelet/runtime/cri-runtime.ts'
import { SimulatedRuntime } from '../kubelet/runtime/simulated-runtime.ts'
import type { Env } from '../machinery/env/env.ts'
import { ControlPlane } from './control-plane.ts'
import { kubeconfigText, makeKubeconfig } from './kubeconfig/kubeconfig.ts'
import { mergeIntoUserKubeconfig, userKubeconfigPath } from './kubeconfig/user-kubeconfig.ts'
import { ClusterNode } from './node.ts'
import { nodeCIDR } from './node-cidr.ts'
import { type LogLevel, systemEnv } from './system-env.ts'
import { UserFacingError } from './user-facing-error.ts'

export interface UpOptions {
  readonly port: number
  readonly bindAddress: string
  readonly dataDir?: string
  readonly nodes: number
  readonly runtime: 'auto' | 'cri' | 'simulated'
  /** One for each node that runs real containers: two kubelets on one runtime would remove each other's pods. */
  readonly criEndpoint: readonly string[]
  readonly clusterCidr: string
  readonly serviceCidr: string
  readonly tokenAuthFile?: string
  readonly mergeKubeconfig: boolean
  readonly verbose: number
}

const levels: readonly LogLevel[] = ['warn', 'info', 'debug']

export async function up(options: UpOptions): Promise<void> {
  const env = systemEnv({ logLevel: levels[Math.min(options.verbose, levels.length - 1)] })
  const started = env.clock.monotonic()
  const say = (line: string) => process.stdout.write(`${line}\n`)
  const directory = resolve(options.dataDir ?? join(homedir(), '.k8ts', 'default'))
  prepareDirectory(directory)
  const runtime = await chooseRuntime(env, options)
  let stepStarted = started
  const step = (name: string) => {
    const now = env.clock.monotonic()
    say(` ✓ ${name.padEnd(14)} ${Math.round(now - stepStarted)} ms`)
    stepStarted = now
  }
  const stopped = stopSignal()
  const plane = await startControlPlane(env, options, directory, step)
  const nodes: ClusterNode[] = []
  const stop = async () => {
    for (const node of nodes) await node.stop()
    await plane.stop()
  }
  try {
    for (let number = 1; number <= options.nodes; number++)
      nodes.push(await startNode(plane, options, directory, runtime, number))
    step(options.nodes === 1 ? 'node' : `${options.nodes} nodes`)
    const kubeconfig = join(directory, 'kubeconfig')
    const server = `https://${reachable(options.bindAddress)}:${plane.port}`
    const config = makeKubeconfig({
      name: 'k8ts',
      server,
      certificateAuthority: plane.pki.certificateAuthority.certificate,
      credential: plane.pki.admin,
    })
    writeFileSync(kubeconfig, kubeconfigText(config), { mode: 0o600 })
    say(`\nReady in ${Math.round(env.clock.monotonic() - started)} ms: ${server}`)
    if (runtime.note) say(runtime.note)
    if (options.mergeKubeconfig) {
      const file = userKubeconfigPath(process.env)
      await mergeIntoUserKubeconfig(env, file, config)
      say(`\nThe context "k8ts" is in ${file}:\n  kubectl --context k8ts get nodes`)
    } else say(`\nUse it with:\n  export KUBECONFIG=${kubeconfig}\n  kubectl get nodes`)
    say('\nCtrl-C stops it; what it holds is kept.')
    await stopped
    say('\nStopping.')
  } finally {
    await stop()
  }
  process.exit(0)
}

function prepareDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    accessSync(directory, constants.W_OK | constants.R_OK)
    writeFileSync(join(directory, '.writable'), '')
  } catch (error) {
    throw new UserFacingError(
      `the data directory ${directory} cannot be written (${(error as NodeJS.ErrnoException).code}): make it writable or name another with --data-dir`,
    )
  }
}

async function startControlPlane(
  env: Env,
  options: UpOptions,
  directory: string,
  step: (name: string) => void,
): Promise<ControlPlane> {
  try {
    return await ControlPlane.start({
      env,
      storeDirectory: join(directory, 'etcd'),
      pkiDirectory: join(directory, 'pki'),
      serviceCIDR: options.serviceCidr,
      clusterCIDR: options.clusterCidr,
      listen: { address: options.bindAddress, port: options.port },
      staticTokens: options.tokenAuthFile ? parseTokenFile(readFileSync(options.tokenAuthFile, 'utf8')) : undefined,
      progress: step,
    })
  } catch (error) {
    throw explained(error, options)
  }
}

/** What a user can do about what went wrong; the error itself when that isn't known. */
function explained(error: unknown, options: UpOptions): unknown {
  const { code, name, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE')
    return new UserFacingError(
      `port ${options.port} on ${options.bindAddress} is in use: stop what uses it, or choose another with --port (0 picks a free one)`,
    )
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL')
    return new UserFacingError(
      `cannot listen on ${options.bindAddress}:${options.port} (${code}): choose another --bind-address or --port`,
    )
  if (name === 'StoreOpenError' || name === 'PkiError' || name === 'KubeconfigError')
    return new UserFacingError(message)
  return error
}

interface ChosenRuntime {
  /** The endpoints that answer: the first node's, the second's, … Nodes beyond them are simulated. */
  readonly endpoints: readonly string[]
  /** What to tell a user who may have expected something else. */
  readonly note?: string
}

const howToGetRuntime =
  'For real containers: apt-get install containerd runc containernetworking-plugins, then k8ts up --runtime cri'

async function chooseRuntime(env: Env, options: UpOptions): Promise<ChosenRuntime> {
  if (options.runtime === 'simulated') return { endpoints: [] }
  const asked = options.criEndpoint.slice(0, options.nodes)
  if (options.runtime === 'cri' && options.nodes > options.criEndpoint.length)
    throw new UserFacingError(
      `${options.nodes} nodes need ${options.nodes} container runtimes: give --cri-endpoint once for each node`,
    )
  const endpoints: string[] = []
  for (const endpoint of asked) {
    const probed = await probeRuntime(endpoint, env)
    if (!(probed instanceof Error)) endpoints.push(endpoint)
    else if (options.runtime === 'cri') throw new UserFacingError(probed.message)
  }
  if (endpoints.length === 0)
    return {
      endpoints,
      note: `No container runtime answers, so the nodes are simulated and their pods run nothing. ${howToGetRuntime}`,
    }
  if (endpoints.length === options.nodes) return { endpoints }
  return { endpoints, note: `Nodes without a container runtime of their own are simulated; their names say so.` }
}

async function startNode(
  plane: ControlPlane,
  options: UpOptions,
  directory: string,
  { endpoints }: ChosenRuntime,
  number: number,
): Promise<ClusterNode> {
  const podCIDR = nodeCIDR(options.clusterCidr, number)
  const { env } = plane
  const endpoint = endpoints[number - 1]
  const simulated = endpoint === undefined
  const host = hostname().toLowerCase()
  const name = simulated ? `simulated-${number}` : number === 1 ? host : `${host}-${number}`
  const runtime = simulated ? new SimulatedRuntime(env, { podCidr: podCIDR }) : await criRuntime(endpoint, env)
  return ClusterNode.start(plane, {
    name,
    runtime,
    simulated,
    rootDir: join(directory, 'nodes', name),
    podCIDR,
    address: simulated ? `192.168.${Math.floor(number / 256)}.${number % 256}` : machineAddress(),
    // The first kubelet has the usual port, if it is free; the API server of this process needs none.
    port: simulated ? undefined : number === 1 ? 10250 : 0,
  })
}

/** Where others reach this machine; itself only, when it has no network. */
function machineAddress(): string {
  for (const addresses of Object.values(networkInterfaces()))
    for (const { family, internal, address } of addresses ?? []) if (family === 'IPv4' && !internal) return address
  return '127.0.0.1'
}

const reachable = (bind: string): string => (bind === '0.0.0.0' || bind === '::' ? '127.0.0.1' : bind)

function stopSignal(): Promise<void> {
  return new Promise(resolveSignal => {
    process.once('SIGINT', () => resolveSignal())
    process.once('SIGTERM', () => resolveSignal())
  })
}
