// Stock Kubernetes under the same load, to compare with: kube-apiserver, controller manager and scheduler out of one
// directory, and etcd from the PATH. Nothing of it is tuned: durable writes, RBAC, the default admission plugins.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../test/e2e/environment/free-port.ts'
import { get, pause, type Server, token } from './server.ts'

const address = '127.0.0.1'
const longestStart = 60_000

/** Starts a whole control plane, and waits until its default ServiceAccount is there. */
export async function startStock(programs: string): Promise<Server> {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-bench-stock-'))
  const started: ChildProcess[] = []
  const run = (program: string, args: readonly string[]): ChildProcess => {
    const log = openSync(join(directory, 'log'), 'a')
    const child = spawn(program, args, { stdio: ['ignore', log, log] })
    closeSync(log)
    started.push(child)
    return child
  }
  const stop = async () => {
    for (const child of started.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const exited = new Promise(resolve => child.once('exit', resolve))
      child.kill('SIGKILL')
      await exited
    }
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    writeFileSync(join(directory, 'tokens.csv'), `${token},bench,bench,"system:masters"\n`)
    const key = join(directory, 'sa.key')
    spawnSync('openssl', ['genrsa', '-out', key, '2048'], { stdio: 'ignore' })
    const [client, peer, port] = [await freePort(), await freePort(), await freePort()]
    const etcd = `http://${address}:${client}`
    run('etcd', [
      ...['--data-dir', join(directory, 'etcd')],
      ...['--listen-client-urls', etcd, '--advertise-client-urls', etcd],
      ...['--listen-peer-urls', `http://${address}:${peer}`],
      ...['--initial-advertise-peer-urls', `http://${address}:${peer}`],
      ...['--initial-cluster', `default=http://${address}:${peer}`],
    ])
    const from = performance.now()
    const apiServer = run(join(programs, 'kube-apiserver'), [
      ...['--etcd-servers', etcd, '--secure-port', String(port), '--bind-address', address],
      ...['--cert-dir', join(directory, 'certs'), '--authorization-mode', 'Node,RBAC'],
      ...['--token-auth-file', join(directory, 'tokens.csv')],
      ...['--service-account-issuer', 'https://kubernetes.default.svc', '--service-account-key-file', key],
      ...['--service-account-signing-key-file', key, '--service-cluster-ip-range', '10.0.0.0/16'],
    ])
    const url = `https://${address}:${port}`
    await until(directory, apiServer, async () => (await get(url, '/readyz')) === 200)
    const readyMs = performance.now() - from
    const kubeconfig = join(directory, 'kubeconfig')
    writeFileSync(kubeconfig, kubeconfigOf(url))
    const quiet = ['--kubeconfig', kubeconfig, '--secure-port', '0', '--leader-elect=false']
    run(join(programs, 'kube-controller-manager'), [...quiet, '--service-account-private-key-file', key])
    run(join(programs, 'kube-scheduler'), quiet)
    const account = '/api/v1/namespaces/default/serviceaccounts/default'
    await until(directory, apiServer, async () => (await get(url, account)) === 200)
    return { url, ca: readFileSync(join(directory, 'certs/apiserver.crt'), 'utf8'), process: apiServer, readyMs, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function until(directory: string, server: ChildProcess, done: () => Promise<boolean>): Promise<void> {
  const last = performance.now() + longestStart
  while (!(await done().catch(() => false))) {
    if (server.exitCode !== null || performance.now() > last) {
      const log = join(directory, 'log')
      throw new Error(
        `stock Kubernetes did not start:\n${existsSync(log) ? readFileSync(log, 'utf8').slice(-2000) : ''}`,
      )
    }
    await pause(20)
  }
}

const kubeconfigOf = (server: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'stock', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'bench', user: { token } }],
    contexts: [{ name: 'stock', context: { cluster: 'stock', user: 'bench' } }],
    'current-context': 'stock',
  })
