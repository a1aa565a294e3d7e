// The control plane of a cluster, in one process: certificates, store, API server, controllers, scheduler.
//
// Comes in: where state is kept (or nowhere) and where to listen (or not at all). Goes out: a running control plane, its
// credentials, and clients of it. `up.ts` makes a cluster for people of it, `cluster.ts` one for tests.

import type { Duplex } from 'node:stream'
import { ApiServer, type RequestOptions } from '../apiserver/apiserver.ts'
import type { AuthenticationOptions } from '../apiserver/authentication/authentication-options.ts'
import { legacyTokenIssuer } from '../apiserver/authentication/legacy-token-issuer.ts'
import { firstServiceAddress } from '../apiserver/bootstrap/bootstrap-objects.ts'
import type { BackendTarget } from '../apiserver/proxy/kubelet-connection.ts'
import { inProcessDial, kubeletConnection, networkDial } from '../apiserver/proxy/node-connection.ts'
import type { HttpServer } from '../apiserver/serving/http-server.ts'
import { allAuthenticated, serviceAccountUsername, systemPrivilegedGroup, type UserInfo } from '../apiserver/user.ts'
import type { Client } from '../client/client.ts'
import { createClient } from '../client/rest-client.ts'
import type { Transport } from '../client/transport.ts'
import type { ControllerManager } from '../controllers/controller-manager.ts'
import { openEmbeddedStore } from '../etcd/embedded-store.ts'
import type { Store } from '../etcd/store.ts'
import type { Env } from '../machinery/env/env.ts'
import { MetricsRegistry } from '../machinery/metrics/metrics.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import { loadControllerManager, loadScheduler } from './components.ts'
import { machineAddress } from './machine-address.ts'
import type { MetricsServer } from './metrics-server/metrics-server.ts'
import { loadOrCreatePki, type Pki } from './pki/pki.ts'

export type Step = 'certificates' | 'store' | 'API server' | 'controllers' | 'scheduler' | 'node'

export interface ControlPlaneOptions {
  readonly env: Env
  /** Where the store is kept; nothing outlives the process when absent. */
  readonly storeDirectory?: string
  readonly pkiDirectory?: string
  /** Made before; in place of the directory's. Many clusters of one process may share one. */
  readonly pki?: Pki
  readonly serviceCIDR?: string
  readonly clusterCIDR?: string
  /** Serve HTTPS there; only callers in this process otherwise. */
  readonly listen?: { readonly address: string; readonly port: number }
  /** Bootstrap tokens are taken unless it says otherwise. */
  readonly authentication?: AuthenticationOptions
  /** Those of `authentication`, for short. */
  readonly staticTokens?: AuthenticationOptions['staticTokens']
  /** How the API server treats requests: what it records of them, how many run at once. */
  readonly requests?: RequestOptions
  /** Told as each part stands. */
  readonly progress?: (step: Step) => void
  readonly controllers?: readonly string[]
  /** Lets controllers remove directories of this machine. */
  readonly removeDirectory?: (path: string) => Promise<void>
  readonly withoutControllers?: boolean
  readonly withoutScheduler?: boolean
  /** Serve the components' health and metrics there, beside the API server's `listen`; 0 picks a port. */
  readonly controllerManagerPort?: number
  readonly schedulerPort?: number
  /** Serve metrics.k8s.io, as the metrics-server add-on does. */
  readonly metricsServer?: boolean
  /**
   * Stands between each component and the API server, for simulations of what goes wrong there. `connect` answers the
   * transport of the API server that runs at that moment. Components are named as they name themselves: kube-scheduler,
   * kube-controller-manager, kubelet/<node>.
   */
  readonly wrapTransport?: (component: string, connect: () => Transport) => Transport
}

/** What the components call themselves. */
const controllerManager = 'kube-controller-manager'
const scheduler = 'kube-scheduler'

export const defaultServiceCIDR = '10.96.0.0/12'
export const defaultClusterCIDR = '10.244.0.0/16'

export class ControlPlane {
  readonly env: Env
  readonly pki: Pki
  #apiServer: ApiServer
  readonly #store: Store
  readonly #options: ControlPlaneOptions
  readonly #kubelets = new Map<string, () => Duplex>()
  #controllers: ControllerManager | undefined
  #scheduler: Scheduler | undefined
  #metricsServer: MetricsServer | undefined
  readonly #ports = new Map<string, HttpServer>()

  private constructor(options: ControlPlaneOptions, store: Store, pki: Pki) {
    this.env = options.env
    this.#options = options
    this.#store = store
    this.pki = pki
    this.#apiServer = this.#makeApiServer()
  }

  get apiServer(): ApiServer {
    return this.#apiServer
  }

  #makeApiServer(): ApiServer {
    const options = this.#options
    const pki = this.pki
    const { certificate: cert, privateKey: key } = pki.apiServer
    const kubeletClient = pki.apiServerKubeletClient
    const ca = pki.certificateAuthority.certificate
    return new ApiServer({
      env: options.env,
      store: this.#store,
      ...options.requests,
      serviceAccountKey: pki.serviceAccountKey,
      authentication: {
        bootstrapTokens: true,
        staticTokens: options.staticTokens,
        ...options.authentication,
      },
      serviceCIDR: options.serviceCIDR ?? defaultServiceCIDR,
      serviceNodePortRange: [30000, 32767],
      advertiseAddress: advertisedAddress(options.listen?.address),
      port: options.listen?.port ?? 6443,
      kubelets: kubeletConnection(
        inProcessDial(
          target => this.#kubeletOf(target),
          networkDial({ cert: kubeletClient.certificate, key: kubeletClient.privateKey, ca }),
        ),
      ),
      https: options.listen && {
        bindAddress: options.listen.address,
        port: options.listen.port,
        cert,
        key,
      },
      clientCA: ca,
      requestHeader: frontProxy(pki),
      components: {
        ...(!options.withoutControllers && { 'controller-manager': () => healthOf(this.#controllers) }),
        ...(!options.withoutScheduler && { scheduler: () => healthOf(this.#scheduler) }),
      },
      proxyClient: { cert: pki.frontProxyClient.certificate, key: pki.frontProxyClient.privateKey },
    })
  }

  static async start(options: ControlPlaneOptions): Promise<ControlPlane> {
    const progress = options.progress ?? (() => {})
    const serviceAddress = firstServiceAddress(options.serviceCIDR ?? defaultServiceCIDR)
    const pki =
      options.pki ??
      loadOrCreatePki({
        env: options.env,
        directory: options.pkiDirectory,
        serviceAddress,
        apiServerNames: options.listen ? namesFor(options.listen.address) : [],
      })
    progress('certificates')
    // Where nobody can ask before all stands, nothing is loaded between: what happens when is then always the same.
    if (!options.listen) {
      if (!options.withoutControllers) await loadControllerManager()
      if (!options.withoutScheduler) await loadScheduler()
    }
    const store = await openEmbeddedStore({ env: options.env, directory: options.storeDirectory })
    progress('store')
    const plane = new ControlPlane(options, store, pki)
    try {
      await plane.apiServer.start()
      progress('API server')
      await plane.#startComponents(progress)
    } catch (error) {
      await plane.stop()
      throw error
    }
    return plane
  }

  get port(): number {
    return this.apiServer.port
  }

  /** A client in this process with the rights of the administrator, or of someone else. */
  client(user?: UserInfo, userAgent?: string): Client {
    return createClient(this.apiServer.transport(user, userAgent))
  }

  /** A client with the rights of a controller's service account. */
  controllerClient(name: string): Client {
    const namespace = 'kube-system'
    const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, allAuthenticated]
    return this.#componentClient(controllerManager, { name: serviceAccountUsername(namespace, name), groups })
  }

  nodeClient(node: string): Client {
    const user = { name: `system:node:${node}`, groups: ['system:nodes', allAuthenticated] }
    return this.#componentClient(`kubelet/${node}`, user, 'kubelet')
  }

  #componentClient(component: string, user: UserInfo, userAgent = component): Client {
    const { wrapTransport } = this.#options
    if (!wrapTransport) return this.client(user, userAgent)
    return createClient(wrapTransport(component, () => this.apiServer.transport(user, userAgent)))
  }

  /** Lets the API server reach a kubelet of this process without a socket. */
  addKubelet(node: string, connect: () => Duplex): void {
    this.#kubelets.set(node, connect)
  }

  removeKubelet(node: string): void {
    this.#kubelets.delete(node)
  }

  async startControllers(): Promise<void> {
    const user = { name: 'system:kube-controller-manager', groups: [systemPrivilegedGroup] }
    const client = this.#componentClient(controllerManager, user)
    const { ControllerManager } = await loadControllerManager()
    this.#controllers = new ControllerManager({
      env: this.env,
      metrics: await this.#serve(controllerManager, this.#options.controllerManagerPort, client),
      client,
      clientFor: name => this.controllerClient(name),
      rootCA: this.pki.certificateAuthority.certificate,
      certificateAuthority: this.pki.certificateAuthority,
      issueLegacyToken: legacyTokenIssuer(this.pki.serviceAccountKey.privateKey),
      clusterCIDR: this.#options.clusterCIDR ?? defaultClusterCIDR,
      controllers: this.#options.controllers,
      removeDirectory: this.#options.removeDirectory,
    })
    await this.#controllers.start()
  }

  async stopControllers(): Promise<void> {
    const controllers = this.#controllers
    this.#controllers = undefined
    await this.#unserve(controllerManager)
    await controllers?.stop()
  }

  async startScheduler(): Promise<void> {
    const user = { name: 'system:kube-scheduler', groups: [allAuthenticated] }
    const client = this.#componentClient(scheduler, user)
    const metrics = await this.#serve(scheduler, this.#options.schedulerPort, client)
    const { Scheduler } = await loadScheduler()
    this.#scheduler = new Scheduler({ env: this.env, metrics, client })
    await this.#scheduler.start()
  }

  async stopScheduler(): Promise<void> {
    const running = this.#scheduler
    this.#scheduler = undefined
    await this.#unserve(scheduler)
    await running?.stop()
  }

  /** Another API server over the same store, as after a crash: nothing that the last one had in memory is left. */
  async replaceApiServer(): Promise<void> {
    await this.#metricsServer?.stop()
    await this.#apiServer.stop()
    this.#apiServer = this.#makeApiServer()
    await this.#apiServer.start()
    await this.#startMetricsServer()
  }

  async stop(): Promise<void> {
    await this.#metricsServer?.stop()
    await this.stopScheduler()
    await this.stopControllers()
    await this.apiServer.stop()
    await this.#store.close()
  }

  /** Where the component's health and metrics are served, if they are. */
  componentPort(name: 'kube-controller-manager' | 'kube-scheduler'): number | undefined {
    return this.#ports.get(name)?.port
  }

  /** What the component is to count on, if anybody can read it. */
  async #serve(name: string, port: number | undefined, client: Client): Promise<MetricsRegistry | undefined> {
    if (port === undefined) return undefined
    const { serveComponent } = await import('./component-ports.ts')
    const metrics = new MetricsRegistry()
    const bindAddress = this.#options.listen?.address ?? '127.0.0.1'
    const { apiServer: tls, certificateAuthority } = this.pki
    const served = await serveComponent({
      ...{ name, env: this.env, bindAddress, port, tls, client, metrics },
      clientCA: certificateAuthority.certificate,
      requestHeader: frontProxy(this.pki),
    })
    this.#ports.set(name, served)
    return metrics
  }

  async #unserve(name: string): Promise<void> {
    const served = this.#ports.get(name)
    this.#ports.delete(name)
    await served?.close()
  }

  #kubeletOf(target: BackendTarget): Duplex | undefined {
    return target.node ? this.#kubelets.get(target.node)?.() : undefined
  }

  async #startComponents(progress: (step: Step) => void): Promise<void> {
    const { withoutControllers, withoutScheduler } = this.#options
    if (!withoutControllers) {
      await this.startControllers()
      progress('controllers')
    }
    if (!withoutScheduler) {
      await this.startScheduler()
      progress('scheduler')
    }
    await this.#startMetricsServer()
  }

  /** It is served by the API server, and goes with it. */
  async #startMetricsServer(): Promise<void> {
    if (!this.#options.metricsServer) return
    const { MetricsServer } = await import('./metrics-server/metrics-server.ts')
    this.#metricsServer = new MetricsServer({
      env: this.env,
      client: this.client({ name: 'system:metrics-server', groups: [systemPrivilegedGroup] }, 'metrics-server'),
      registry: this.apiServer.registry,
    })
    await this.#metricsServer.start()
  }
}

/** A component of this process has nothing to say but that it runs. */
const healthOf = (component: object | undefined) =>
  component ? { healthy: true, message: 'ok' } : { healthy: false, message: 'not started' }

/** kubeadm's --requestheader-* flags. */
const frontProxy = ({ frontProxyAuthority }: Pki) => ({
  clientCA: frontProxyAuthority.certificate,
  allowedNames: ['front-proxy-client'],
  usernameHeaders: ['X-Remote-User'],
  uidHeaders: ['X-Remote-Uid'],
  groupHeaders: ['X-Remote-Group'],
  extraHeaderPrefixes: ['X-Remote-Extra-'],
})

const meansAll = (bind: string): boolean => bind === '0.0.0.0' || bind === '::'

/** The address others are told: a bind address that means "all" is no place to go to. */
function advertisedAddress(bind: string | undefined): string {
  if (bind === undefined) return '127.0.0.1'
  return meansAll(bind) ? machineAddress() : bind
}

function namesFor(bind: string): string[] {
  return meansAll(bind) ? [machineAddress()] : [bind]
}
