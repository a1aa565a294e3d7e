// The two servers that are compared: a stock kube-apiserver with its etcd, and k8ts's API server alone. Both have the same
// certificates, users and ranges, and nothing else of a cluster: no controllers, no scheduler, no nodes.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ControlPlane, defaultServiceCIDR } from '../../src/cluster/control-plane.ts'
import { systemEnv } from '../../src/cluster/system-env.ts'
import { freePort } from '../e2e/environment/free-port.ts'
import { RunningProcess } from '../e2e/environment/process.ts'
import { Connection } from './connection.ts'

/** Who asks: --token-auth-file, and staticTokens. */
export const users = [
  { token: 'admin-token', name: 'admin', uid: 'u-admin', groups: ['system:masters'] },
  { token: 'somebody-token', name: 'somebody', uid: 'u-somebody', groups: ['people'] },
]

export interface Servers {
  readonly stock: Connection
  readonly k8ts: Connection
  stop(): Promise<void>
}

export interface Programs {
  readonly kubeApiserver: string
  readonly etcd: string
}

export async function startServers({ kubeApiserver, etcd }: Programs): Promise<Servers> {
  const directory = await mkdtemp(join(tmpdir(), 'k8ts-differential-'))
  const pki = join(directory, 'pki')
  const address = '127.0.0.1'
  const plane = await ControlPlane.start({
    env: systemEnv({ logLevel: 'silent' }),
    pkiDirectory: pki,
    listen: { address, port: 0 },
    withoutControllers: true,
    withoutScheduler: true,
    staticTokens: users.map(({ token, ...user }) => [token, user] as const),
  })
  await writeFile(
    join(directory, 'tokens.csv'),
    users.map(({ token, name, uid, groups }) => `${token},${name},${uid},"${groups.join(',')}"\n`).join(''),
  )
  const [clientPort, peerPort, port] = [await freePort(), await freePort(), await freePort()]
  const store = new RunningProcess(etcd, [
    ...['--data-dir', join(directory, 'etcd')],
    ...['--listen-client-urls', `http://${address}:${clientPort}`],
    ...['--advertise-client-urls', `http://${address}:${clientPort}`],
    ...['--listen-peer-urls', `http://${address}:${peerPort}`],
    '--unsafe-no-fsync',
  ])
  const server = new RunningProcess(kubeApiserver, [
    ...[`--etcd-servers=http://${address}:${clientPort}`],
    ...[`--secure-port=${port}`, `--bind-address=${address}`, `--advertise-address=10.9.8.7`],
    ...[`--tls-cert-file=${pki}/apiserver.crt`, `--tls-private-key-file=${pki}/apiserver.key`],
    `--client-ca-file=${pki}/ca.crt`,
    ...[`--service-account-key-file=${pki}/sa.pub`, `--service-account-signing-key-file=${pki}/sa.key`],
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--token-auth-file=${join(directory, 'tokens.csv')}`,
    ...['--authorization-mode=Node,RBAC', '--enable-bootstrap-token-auth'],
    `--service-cluster-ip-range=${defaultServiceCIDR}`,
    ...['--endpoint-reconciler-type=none', '--allow-privileged=true'],
    ...[`--requestheader-client-ca-file=${pki}/front-proxy-ca.crt`, '--requestheader-allowed-names=front-proxy-client'],
    ...['--requestheader-username-headers=X-Remote-User', '--requestheader-group-headers=X-Remote-Group'],
    ...['--requestheader-uid-headers=X-Remote-Uid', '--requestheader-extra-headers-prefix=X-Remote-Extra-'],
    ...[`--proxy-client-cert-file=${pki}/front-proxy-client.crt`],
    ...[`--proxy-client-key-file=${pki}/front-proxy-client.key`],
    '--profiling=false',
  ])
  const servers: Servers = {
    stock: new Connection(address, port),
    k8ts: new Connection(address, plane.port),
    async stop() {
      servers.stock.close()
      servers.k8ts.close()
      await plane.stop()
      await server.stop('SIGKILL')
      await store.stop('SIGKILL')
      await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  try {
    await ready(servers.stock, server)
    return servers
  } catch (error) {
    await servers.stop()
    throw error
  }
}

async function ready(connection: Connection, server: RunningProcess): Promise<void> {
  const deadline = Date.now() + 60_000
  for (;;) {
    const answer = await connection.send({ path: '/readyz' }).catch(() => undefined)
    if (answer?.status === 200) return
    if (Date.now() > deadline) throw new Error(`kube-apiserver does not become ready\n${server.stderr.slice(-4000)}`)
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}
