// A control plane component in a process of its own: `k8ts controller-manager`, `k8ts scheduler`.
//
// Comes in: a kubeconfig and whether to elect a leader. Goes out: the component, from when this process leads until it is
// told to stop. A process that loses its lease ends, as upstream's do: whoever started it starts it again as a follower.

import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { legacyTokenIssuer } from '../apiserver/authentication/legacy-token-issuer.ts'
import type { Client } from '../client/client.ts'
import { ComponentEventRecorder } from '../client/event-recorder.ts'
import { httpsTransport } from '../client/https-transport.ts'
import {
  type ClientConfig,
  clientConfig,
  inClusterConfig,
  KubeconfigError,
  loadKubeconfig,
} from '../client/kubeconfig.ts'
import { LeaderElection } from '../client/leader-election.ts'
import { createClient } from '../client/rest-client.ts'
import { ControllerManager } from '../controllers/controller-manager.ts'
import { controllerList } from '../controllers/controller-names.ts'
import type { Env } from '../machinery/env/env.ts'
import { errorText } from '../machinery/error-text.ts'
import { Scheduler } from '../scheduler/scheduler.ts'
import { defaultClusterCIDR } from './control-plane.ts'
import { removeDirectory } from './remove-directory.ts'
import { serviceAccountToken } from './service-account-credentials.ts'
import { oneLine } from './startup-failure.ts'
import { logLevel, systemEnv } from './system-env.ts'
import { UserFacingError } from './user-facing-error.ts'

export interface ComponentOptions {
  /** The service account of the pod that this runs in when absent. */
  readonly kubeconfig?: string
  readonly leaderElect: boolean
  /** Durations in milliseconds. */
  readonly leaderElectLeaseDuration: number
  readonly leaderElectRenewDeadline: number
  readonly leaderElectRetryPeriod: number
  readonly leaderElectResourceNamespace: string
  readonly leaderElectResourceName: string
  readonly verbose: number
}

export interface ControllerManagerProcessOptions extends ComponentOptions {
  readonly controllers: readonly string[]
  readonly clusterCidr?: string
  readonly rootCaFile?: string
  readonly clusterSigningCertFile?: string
  readonly clusterSigningKeyFile?: string
  readonly serviceAccountPrivateKeyFile?: string
  readonly useServiceAccountCredentials: boolean
}

export interface SchedulerProcessOptions extends ComponentOptions {
  readonly schedulerName?: string
}

/** What runs while this process leads. */
interface Component {
  start(): Promise<void>
  stop(): Promise<void>
}

export function runControllerManager(options: ControllerManagerProcessOptions): Promise<void> {
  const connection = connect('kube-controller-manager', options)
  const { env, client, clientAs, ca } = connection
  const rootCA = options.rootCaFile === undefined ? ca : readPem('--root-ca-file', options.rootCaFile)
  const { clusterSigningCertFile, clusterSigningKeyFile, serviceAccountPrivateKeyFile } = options
  const certificateAuthority =
    clusterSigningCertFile === undefined || clusterSigningKeyFile === undefined
      ? undefined
      : {
          certificate: readPem('--cluster-signing-cert-file', clusterSigningCertFile),
          privateKey: readPem('--cluster-signing-key-file', clusterSigningKeyFile),
        }
  const issueLegacyToken =
    serviceAccountPrivateKeyFile === undefined
      ? undefined
      : legacyTokenIssuer(readPem('--service-account-private-key-file', serviceAccountPrivateKeyFile))
  const controllers = knownControllers(options.controllers)
  return run('kube-controller-manager', options, connection, () => {
    return new ControllerManager({
      env,
      client,
      clientFor: name =>
        options.useServiceAccountCredentials ? clientAs(serviceAccountToken(client, env, name), name) : client,
      rootCA,
      certificateAuthority,
      issueLegacyToken,
      removeDirectory,
      clusterCIDR: options.clusterCidr ?? defaultClusterCIDR,
      // As upstream: without a range there is nothing to give to nodes.
      controllers: [...(options.clusterCidr === undefined ? ['-node-ipam-controller'] : []), ...controllers],
    })
  })
}

function knownControllers(list: readonly string[]): readonly string[] {
  try {
    return controllerList(list)
  } catch (error) {
    throw new UserFacingError(errorText(error))
  }
}

export function runScheduler(options: SchedulerProcessOptions): Promise<void> {
  const connection = connect('kube-scheduler', options)
  const { env, client } = connection
  const { schedulerName } = options
  return run('kube-scheduler', options, connection, () => {
    return new Scheduler({ env, client, ...(schedulerName && { schedulerName }) })
  })
}

interface Connection {
  readonly env: Env
  readonly client: Client
  /** PEM. */
  readonly ca: string
  /** The same server, as whoever holds the token. */
  clientAs(token: () => Promise<string>, name: string): Client
  close(): void
}

function connect(component: string, options: ComponentOptions): Connection {
  const env = systemEnv({ logLevel: logLevel(options.verbose) })
  const { transport } = configuration(options, env)
  const opened: { close(): void }[] = []
  const open = (credentials: Partial<ClientConfig['transport']>, userAgent: string) => {
    const made = httpsTransport({ ...transport, ...credentials, env, userAgent })
    opened.push(made)
    return createClient(made)
  }
  const agent = `${component}/v1.36 (k8ts)`
  return {
    env,
    client: open({}, agent),
    clientAs: (token, name) => open({ token, cert: undefined, key: undefined, basic: undefined }, `${agent} ${name}`),
    ca: transport.ca === undefined ? '' : Buffer.from(transport.ca).toString(),
    close() {
      for (const each of opened) each.close()
    },
  }
}

function configuration({ kubeconfig }: ComponentOptions, env: Env): ClientConfig {
  try {
    if (kubeconfig !== undefined) return clientConfig(loadKubeconfig([kubeconfig], { required: true }), env)
  } catch (error) {
    if (error instanceof KubeconfigError) throw new UserFacingError(`--kubeconfig: ${oneLine(error.message)}`)
    throw error
  }
  const found = inClusterConfig(process.env, env)
  if (!found) throw new UserFacingError('no API server to work with: name its kubeconfig with --kubeconfig')
  return found
}

function readPem(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UserFacingError(`${flag} ${file}: cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

async function run(
  name: string,
  options: ComponentOptions,
  { env, client, close }: Connection,
  make: () => Component,
): Promise<void> {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort(new Error(signal)))
  let component: Component | undefined
  const start = async () => {
    component = make()
    await component.start()
  }
  if (!options.leaderElect) {
    await start()
    await new Promise(resolve => stopping.signal.addEventListener('abort', resolve, { once: true }))
  } else {
    const identity = `${hostname()}_${env.random.uuid()}`
    const events = new ComponentEventRecorder(client, env, { component: identity })
    const election = new LeaderElection({
      client,
      env,
      namespace: options.leaderElectResourceNamespace,
      name: options.leaderElectResourceName,
      identity,
      events,
      leaseDurationMs: options.leaderElectLeaseDuration,
      renewDeadlineMs: options.leaderElectRenewDeadline,
      retryPeriodMs: options.leaderElectRetryPeriod,
      releaseOnStop: true,
      lead: () => void start().catch(error => stopping.abort(error)),
      newLeader: leader => env.log.info('New leader elected', { identity: leader }),
    })
    await election.run(stopping.signal)
    events.stop()
  }
  await component?.stop()
  close()
  if (!stopping.signal.aborted) throw new UserFacingError(`${name} has lost its lease, and ends`)
  // Whatever still waits for an answer would keep the process.
  process.exit(0)
}
