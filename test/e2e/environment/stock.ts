// Upstream's own kube-apiserver (with etcd), kube-controller-manager and kube-scheduler, and ours beside them: in
// processes of their own, on free ports, with the identities and rights that kubeadm gives them.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { httpsTransport } from '../../../src/client/https-transport.ts'
import { createClient } from '../../../src/client/rest-client.ts'
import { kubeconfigText, makeKubeconfig } from '../../../src/cluster/kubeconfig/kubeconfig.ts'
import { simulation } from '../../../src/cluster/node.ts'
import { type KeyAndCertificate, loadOrCreatePki, type Pki } from '../../../src/cluster/pki/pki.ts'
import { systemEnv } from '../../../src/cluster/system-env.ts'
import { Kubelet } from '../../../src/kubelet/kubelet.ts'
import { freePort } from './free-port.ts'
import { Kubectl } from './kubectl.ts'
import { eventually, RunningProcess, runOrThrow } from './process.ts'

const sources = new URL('../../stock', import.meta.url).pathname
const built = join(process.env['K8TS_E2E_CACHE'] ?? '/var/cache/k8ts-e2e', 'stock')
const ours = new URL('../../../dist/k8ts.js', import.meta.url).pathname
const program = (name: string) => join(process.env['K8TS_STOCK_BIN'] ?? join(built, 'bin'), name)

/** Some minutes the first time, seconds afterwards. */
export async function buildStock(): Promise<void> {
  if (process.env['K8TS_STOCK_BIN'] === undefined)
    await runOrThrow('bash', [join(sources, 'build.sh'), built], { timeout: 1_800_000 })
}

/** Who records everything that anybody asks of an API server, but for its bodies. */
export const auditPolicy =
  'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n'

export interface AuditEvent {
  readonly verb: string
  readonly requestURI: string
  readonly userAgent?: string
  readonly user: { readonly username: string }
  readonly objectRef?: {
    readonly resource?: string
    readonly subresource?: string
    readonly namespace?: string
    readonly name?: string
    readonly apiGroup?: string
  }
  readonly responseStatus?: { readonly code: number; readonly reason?: string; readonly message?: string }
}

export async function auditEvents(file: string): Promise<AuditEvent[]> {
  return (await readFile(file, 'utf8'))
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as AuditEvent)
}

/** Where a control plane's parts find each other. */
export interface ControlPlaneSite {
  readonly directory: string
  readonly server: string
  readonly pki: Pki
  /** Where `pki` is kept, in kubeadm's layout. */
  readonly pkiDirectory: string
}

export function sitePki(directory: string): Pki {
  return loadOrCreatePki({ env: systemEnv({ logLevel: 'silent' }), directory, serviceAddress: '10.96.0.1' })
}

async function writeKubeconfig(site: ControlPlaneSite, name: string, credential: KeyAndCertificate): Promise<string> {
  const file = join(site.directory, `${name}.kubeconfig`)
  const certificateAuthority = site.pki.certificateAuthority.certificate
  await writeFile(
    file,
    kubeconfigText(makeKubeconfig({ name: 'stock', server: site.server, certificateAuthority, credential })),
  )
  return file
}

/** Upstream's API server over an etcd of its own; every request is on record in `auditLog`. */
export class StockApiServer implements ControlPlaneSite {
  readonly directory: string
  readonly pkiDirectory: string
  readonly pki: Pki
  readonly auditLog: string
  #server = ''
  #kubeconfig = ''
  #processes: RunningProcess[] = []

  private constructor(directory: string) {
    this.directory = directory
    this.pkiDirectory = join(directory, 'pki')
    this.auditLog = join(directory, 'audit.log')
    this.pki = sitePki(this.pkiDirectory)
  }

  static async start(): Promise<StockApiServer> {
    const stock = new StockApiServer(await mkdtemp(join(tmpdir(), 'k8ts-stock-')))
    try {
      await stock.#start()
      return stock
    } catch (error) {
      await stock.stop()
      throw error
    }
  }

  get server(): string {
    return this.#server
  }

  get kubeconfig(): string {
    return this.#kubeconfig
  }

  kubectl(): Kubectl {
    return new Kubectl(this.#kubeconfig, this.directory)
  }

  async stop(): Promise<void> {
    for (const each of this.#processes.splice(0).reverse()) await each.stop('SIGTERM', 60_000).catch(() => {})
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 })
  }

  async #start(): Promise<void> {
    const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()]
    const etcd = `http://127.0.0.1:${etcdPort}`
    const peer = `http://127.0.0.1:${peerPort}`
    this.#spawn('etcd', [
      ...['--data-dir', join(this.directory, 'etcd'), '--log-level', 'error', '--unsafe-no-fsync'],
      ...['--listen-client-urls', etcd, '--advertise-client-urls', etcd],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`],
    ])
    const policy = join(this.directory, 'audit-policy.yaml')
    await writeFile(policy, auditPolicy)
    const pki = (file: string) => join(this.pkiDirectory, file)
    this.#spawn(program('kube-apiserver'), [
      `--etcd-servers=${etcd}`,
      `--secure-port=${port}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--enable-bootstrap-token-auth',
      '--service-cluster-ip-range=10.96.0.0/12',
      `--client-ca-file=${pki('ca.crt')}`,
      `--tls-cert-file=${pki('apiserver.crt')}`,
      `--tls-private-key-file=${pki('apiserver.key')}`,
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${pki('sa.pub')}`,
      `--service-account-signing-key-file=${pki('sa.key')}`,
      `--requestheader-client-ca-file=${pki('front-proxy-ca.crt')}`,
      '--requestheader-allowed-names=front-proxy-client',
      '--requestheader-username-headers=X-Remote-User',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      `--proxy-client-cert-file=${pki('front-proxy-client.crt')}`,
      `--proxy-client-key-file=${pki('front-proxy-client.key')}`,
      `--audit-policy-file=${policy}`,
      `--audit-log-path=${this.auditLog}`,
    ])
    this.#server = `https://127.0.0.1:${port}`
    this.#kubeconfig = await writeKubeconfig(this, 'admin', this.pki.admin)
    await eventually(() => this.kubectl().output('get', '--raw', '/readyz'), 120_000)
  }

  #spawn(command: string, args: readonly string[]): void {
    this.#processes.push(new RunningProcess(command, args, { cwd: this.directory }))
  }
}

export interface Component {
  readonly name: string
  /** Where its own metrics and health are. */
  readonly port: number
  readonly log: string
  stop(): Promise<void>
}

export type Make = 'stock' | 'k8ts'

export async function startControllerManager(make: Make, site: ControlPlaneSite): Promise<Component> {
  const port = await freePort()
  const kubeconfig = await writeKubeconfig(site, 'controller-manager', site.pki.controllerManager)
  const pki = (file: string) => join(site.pkiDirectory, file)
  return start(
    make,
    'controller-manager',
    port,
    [
      ...delegating(kubeconfig, port),
      '--use-service-account-credentials=true',
      '--controllers=*,bootstrap-signer-controller,token-cleaner-controller',
      `--root-ca-file=${pki('ca.crt')}`,
      `--service-account-private-key-file=${pki('sa.key')}`,
      `--cluster-signing-cert-file=${pki('ca.crt')}`,
      `--cluster-signing-key-file=${pki('ca.key')}`,
      '--allocate-node-cidrs=true',
      '--cluster-cidr=10.244.0.0/16',
      '--service-cluster-ip-range=10.96.0.0/12',
    ],
    site.directory,
  )
}

export async function startScheduler(make: Make, site: ControlPlaneSite): Promise<Component> {
  const port = await freePort()
  const kubeconfig = await writeKubeconfig(site, 'scheduler', site.pki.scheduler)
  return start(make, 'scheduler', port, delegating(kubeconfig, port), site.directory)
}

const delegating = (kubeconfig: string, port: number) => [
  `--kubeconfig=${kubeconfig}`,
  `--authentication-kubeconfig=${kubeconfig}`,
  `--authorization-kubeconfig=${kubeconfig}`,
  '--bind-address=127.0.0.1',
  `--secure-port=${port}`,
]

async function start(
  make: Make,
  name: string,
  port: number,
  args: readonly string[],
  home: string,
): Promise<Component> {
  await mkdir(home, { recursive: true })
  const options = { cwd: home, env: { PATH: process.env['PATH'], HOME: home } }
  const child =
    make === 'stock'
      ? new RunningProcess(program(`kube-${name}`), args, options)
      : new RunningProcess(process.execPath, [ours, name, ...args], options)
  return {
    name,
    port,
    get log() {
      return child.stderr
    },
    stop: async () => void (await child.stop('SIGTERM', 60_000)),
  }
}

/** Simulated nodes, over the network, with nodes' own credentials. */
export async function startNodes(site: ControlPlaneSite, count: number): Promise<{ stop(): Promise<void> }> {
  const env = systemEnv({ logLevel: 'silent' })
  const running: { stop(): Promise<void> }[] = []
  for (let number = 1; number <= count; number++) {
    const nodeName = `simulated-${number}`
    const address = `192.168.0.${number}`
    const { client } = site.pki.node(nodeName, [address])
    const transport = httpsTransport({
      env,
      server: site.server,
      ca: site.pki.certificateAuthority.certificate,
      cert: client.certificate,
      key: client.privateKey,
      userAgent: 'kubelet',
    })
    const kubelet = new Kubelet({
      nodeName,
      ...simulation(env, `10.244.${number - 1}.0/24`),
      client: createClient(transport),
      env,
      rootDir: '/simulated',
      addresses: [{ type: 'InternalIP', address }],
    })
    await kubelet.start()
    running.push({
      stop: async () => {
        await kubelet.stop()
        transport.close()
      },
    })
  }
  return { stop: async () => void (await Promise.all(running.map(each => each.stop()))) }
}
