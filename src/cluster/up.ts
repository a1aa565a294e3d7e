// `k8ts up`: a cluster on this machine, until it is told to stop.
//
// Comes in: the command's options. Goes out: a running cluster, progress on standard output, a kubeconfig in the data
// directory and (unless told not to) a context `k8ts` in the user's. State is kept over restarts. Everything that can be
// wrong (a port in use, a damaged directory, an unusable runtime) is one line and a non-zero exit, with nothing left
// half started.

import { accessSync, constants, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, hostname } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { ContainerRuntime } from '../kubelet/runtime/container-runtime.ts'
import type { Env } from '../machinery/env/env.ts'
import { parseCIDR } from '../machinery/ip.ts'
import type { ServiceProxy } from '../proxy/proxy.ts'
import { type AuthenticationFlags, authenticationOptions } from './authentication-flags.ts'
import { ControlPlane } from './control-plane.ts'
import { collectLessWhileIdle } from './garbage-while-idle.ts'
import { type HostPathStorage, startHostPathStorage } from './host-path-provisioner.ts'
import { userKubeconfigPath } from './kubeconfig/user-kubeconfig-path.ts'
import { defaultBindAddress, loopbackAddress, machineAddress } from './machine-address.ts'
import type { MachineDns } from './machine-dns.ts'
import type { ClusterNode } from './node.ts'
import { nodeCIDR } from './node-cidr.ts'
import { storageOf } from './node-storage.ts'
import { removeDirectory } from './remove-directory.ts'
import { replaceFile } from './replace-file.ts'
import { type RequestFlags, requestOptions } from './request-options.ts'
import { explained, oneLine } from './startup-failure.ts'
import { logLevel, systemEnv } from './system-env.ts'
import { UserFacingError } from './user-facing-error.ts'

export interface UpOptions extends AuthenticationFlags, RequestFlags {
  readonly port: number
  /** Where the API server listens, if not where it is needed. */
  readonly bindAddress?: string
  readonly dataDir?: string
  readonly nodes: number
  readonly runtime: 'auto' | 'cri' | 'simulated'
  /** One for each node that runs real containers: two kubelets on one runtime would remove each other's pods. */
  readonly criEndpoint: readonly string[]
  readonly clusterCidr: string
  readonly serviceCidr: string
  readonly controllerManager: boolean
  readonly scheduler: boolean
  readonly metricsServer: boolean
  /** Where the controllers and the scheduler show their health and metrics, if anywhere. */
  readonly controllerManagerPort?: number
  readonly schedulerPort?: number
  /** Give Services of type LoadBalancer the addresses of the nodes. */
  readonly serviceLb: boolean
  readonly enableAdmissionPlugins?: readonly string[]
  readonly disableAdmissionPlugins?: readonly string[]
  readonly admissionControlConfigFile?: string
  readonly auditPolicyFile?: string
  readonly auditLogPath?: string
  readonly auditLogMaxage: number
  readonly auditLogMaxbackup: number
  readonly auditLogMaxsize: number
  readonly auditWebhookConfigFile?: string
  readonly maxRequestsInflight: number
  readonly maxMutatingRequestsInflight: number
  readonly corsAllowedOrigins?: readonly string[]
  /** Lead Services' addresses to their pods, where nodes are real. */
  readonly proxy: boolean
  /** Answer pods' questions for names, where Services have addresses. */
  readonly dns: boolean
  readonly mergeKubeconfig: boolean
  readonly verbose: number
}

export async function up(options: UpOptions): Promise<void> {
  const env = systemEnv({ logLevel: logLevel(options.verbose) })
  collectLessWhileIdle(env.clock)
  try {
    await run(env, options)
  } catch (error) {
    throw explained(error, options.port)
  }
  process.exit(0)
}

async function run(env: Env, options: UpOptions): Promise<void> {
  const started = env.clock.monotonic()
  const say = (line: string) => process.stdout.write(`${line}\n`)
  // A terminal that was closed is no reason to fall over.
  process.stdout.on('error', () => {})
  // What can be known to be wrong is found out before anything is started or written.
  assertServiceCIDR(options.serviceCidr)
  const podCIDRs = Array.from({ length: options.nodes }, (_, index) => nodeCIDR(options.clusterCidr, index + 1))
  const authentication = authenticationOptions(options, env)
  const userKubeconfig = options.mergeKubeconfig ? userKubeconfigPath(process.env) : undefined
  const requests = await requestOptions(env, options)
  const runtime = await chooseRuntime(env, options)
  const hasRealNodes = runtime.endpoints.length > 0
  const bindAddress = options.bindAddress ?? defaultBindAddress(hasRealNodes)
  const directory = resolve(options.dataDir ?? join(homedir(), '.k8ts', 'default'))
  prepareDirectory(directory)
  let stepStarted = started
  const step = (name: string) => {
    const now = env.clock.monotonic()
    say(` ✓ ${name.padEnd(14)} ${Math.round(now - stepStarted)} ms`)
    stepStarted = now
  }
  const stopped = stopSignal()
  const plane = await ControlPlane.start({
    env,
    storeDirectory: join(directory, 'etcd'),
    pkiDirectory: join(directory, 'pki'),
    serviceCIDR: options.serviceCidr,
    clusterCIDR: options.clusterCidr,
    listen: { address: bindAddress, port: options.port },
    authentication,
    controllers: options.serviceLb ? ['*', 'service-lb-controller'] : ['*'],
    withoutControllers: !options.controllerManager,
    removeDirectory,
    withoutScheduler: !options.scheduler,
    controllerManagerPort: options.controllerManagerPort,
    schedulerPort: options.schedulerPort,
    metricsServer: options.metricsServer,
    requests,
    progress: step,
  })
  const nodes: ClusterNode[] = []
  let proxy: ServiceProxy | undefined
  let dns: MachineDns | undefined
  let storage: HostPathStorage | undefined
  try {
    if (options.proxy && hasRealNodes) {
      const { startServiceProxy } = await import('./service-proxy.ts')
      proxy = await startServiceProxy(plane, { nodeName: nodeName(runtime, 1), clusterCIDR: options.clusterCidr })
    }
    const address = machineAddress()
    // Behind a Service that leads nowhere, or on an address that is every pod's own, nobody would find it.
    if (options.dns && proxy && address !== loopbackAddress) {
      const { startMachineDns } = await import('./machine-dns.ts')
      dns = await startMachineDns(plane, { serviceCIDR: options.serviceCidr, address })
    }
    for (const [index, podCIDR] of podCIDRs.entries())
      nodes.push(await startNode(plane, directory, runtime, { podCIDR, number: index + 1, clusterDNS: dns?.servers }))
    storage = await startHostPathStorage(storageOf(plane, nodes))
    step(options.nodes === 1 ? 'node' : `${options.nodes} nodes`)
    const server = `https://${reachable(bindAddress)}:${plane.port}`
    const { kubeconfigText, makeKubeconfig } = await import('./kubeconfig/kubeconfig.ts')
    const config = makeKubeconfig({
      name: 'k8ts',
      server,
      certificateAuthority: plane.pki.certificateAuthority.certificate,
      credential: plane.pki.admin,
    })
    const kubeconfig = join(directory, 'kubeconfig')
    writeKubeconfig(kubeconfig, kubeconfigText(config))
    if (userKubeconfig) {
      const { mergeIntoUserKubeconfig } = await import('./kubeconfig/user-kubeconfig.ts')
      await mergeIntoUserKubeconfig(env, userKubeconfig, config)
    }
    say(`\nReady in ${Math.round(env.clock.monotonic() - started)} ms: ${server}`)
    if (runtime.note) say(runtime.note)
    if (userKubeconfig) say(`\nThe context "k8ts" is in ${userKubeconfig}:\n  kubectl --context k8ts get nodes`)
    else say(`\nUse it with:\n  export KUBECONFIG=${kubeconfig}\n  kubectl get nodes`)
    say('\nCtrl-C stops it; what it holds is kept.')
    await stopped
    say('\nStopping.')
  } finally {
    await storage?.stop()
    await dns?.stop()
    await proxy?.stop()
    for (const node of nodes) await node.stop()
    await plane.stop()
  }
}

function assertServiceCIDR(text: string): void {
  if (!parseCIDR(text)) throw new UserFacingError(`--service-cidr ${text}: must be a range, such as 10.96.0.0/12`)
}

function prepareDirectory(directory: string): void {
  const trial = join(directory, '.writable')
  try {
    makeDirectories(directory)
    accessSync(directory, constants.W_OK | constants.R_OK)
    writeFileSync(trial, '')
    rmSync(trial)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UserFacingError(
      code === 'EEXIST' || code === 'ENOTDIR'
        ? `the data directory ${directory} is not a directory: name another with --data-dir`
        : `the data directory ${directory} cannot be written (${code}): make it writable or name another with --data-dir`,
    )
  }
}

/** Node's own way of making parents never ends where the system refuses with ENOENT, as in /proc. */
function makeDirectories(path: string): void {
  if (existsSync(path)) return
  makeDirectories(dirname(path))
  mkdirSync(path, { mode: 0o700 })
}

function writeKubeconfig(file: string, text: string): void {
  try {
    replaceFile(file, text, { mode: 0o600 })
  } catch (error) {
    throw new UserFacingError(`the kubeconfig ${file} cannot be written (${(error as NodeJS.ErrnoException).code})`)
  }
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
    const { probeRuntime } = await import('../kubelet/runtime/cri-runtime.ts')
    const probed = await probeRuntime(endpoint, env)
    if (!(probed instanceof Error)) endpoints.push(endpoint)
    else if (options.runtime === 'cri') throw new UserFacingError(oneLine(probed.message))
  }
  if (endpoints.length === 0)
    return {
      endpoints,
      note: `No container runtime answers, so the nodes are simulated and their pods run nothing. ${howToGetRuntime}`,
    }
  if (endpoints.length === options.nodes) return { endpoints }
  return { endpoints, note: `Nodes without a container runtime of their own are simulated; their names say so.` }
}

function nodeName({ endpoints }: ChosenRuntime, number: number): string {
  if (endpoints[number - 1] === undefined) return `simulated-${number}`
  const host = hostname().toLowerCase()
  return number === 1 ? host : `${host}-${number}`
}

interface NodePlan {
  readonly number: number
  readonly podCIDR: string
  readonly clusterDNS: readonly string[] | undefined
}

async function startNode(
  plane: ControlPlane,
  directory: string,
  runtime: ChosenRuntime,
  { number, podCIDR, clusterDNS }: NodePlan,
): Promise<ClusterNode> {
  const { env } = plane
  const endpoint = runtime.endpoints[number - 1]
  const simulated = endpoint === undefined
  const { ClusterNode, simulation } = await import('./node.ts')
  const name = nodeName(runtime, number)
  return ClusterNode.start(plane, {
    name,
    ...(simulated ? simulation(env, podCIDR) : { simulated, runtime: await realRuntime(endpoint, env) }),
    rootDir: join(directory, 'nodes', name),
    podCIDR,
    clusterDNS,
    address: simulated ? `192.168.${Math.floor(number / 256)}.${number % 256}` : machineAddress(),
    // The first kubelet has the usual port, if it is free; the API server of this process needs none.
    port: simulated ? undefined : number === 1 ? 10250 : 0,
  })
}

async function realRuntime(endpoint: string, env: Env): Promise<ContainerRuntime> {
  const { criRuntime } = await import('../kubelet/runtime/cri-runtime.ts')
  return criRuntime(endpoint, env)
}

const reachable = (bind: string): string => (bind === '0.0.0.0' || bind === '::' ? '127.0.0.1' : bind)

function stopSignal(): Promise<void> {
  return new Promise(resolveSignal => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolveSignal())
  })
}
