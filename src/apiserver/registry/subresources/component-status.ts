// componentstatuses: how the control plane's other parts are, asked when somebody asks. Deprecated since 1.19.

import type { KubeObject } from '../../../api/resource.ts'
import { quote } from '../../../machinery/go-text.ts'
import { notFound } from '../../../machinery/status-error.ts'
import { dialTls, hostHeader, kubeletConnection } from '../../proxy/kubelet-connection.ts'
import type { ServerContext } from '../../server-context.ts'
import { encodeForStore, StoredObject } from '../../watchcache/stored-object.ts'
import { answerList, answerObject } from '../answers.ts'
import type { SubresourceHandler } from '../registry.ts'
import { selectionOf } from '../selection.ts'
import type { Handlers } from './subresources.ts'

export interface ComponentHealth {
  readonly healthy: boolean
  readonly message: string
}

/** Components that answer for themselves; the others are looked for where they usually are. */
export type ComponentChecks = Readonly<Partial<Record<ComponentName, () => ComponentHealth>>>

type ComponentName = 'controller-manager' | 'scheduler' | 'etcd-0'

const names: readonly ComponentName[] = ['controller-manager', 'scheduler', 'etcd-0']
const ports: Readonly<Record<string, number>> = { 'controller-manager': 10257, scheduler: 10259 }
const probeTimeout = 20_000

async function statusOf(server: ServerContext, name: ComponentName): Promise<StoredObject> {
  const { healthy, message } = await healthOf(server, name)
  const object: KubeObject = {
    kind: 'ComponentStatus',
    apiVersion: 'v1',
    metadata: { name },
    conditions: [{ type: 'Healthy', status: healthy ? 'True' : 'False', ...(message !== '' && { message }) }],
  }
  return StoredObject.dryRun(name, encodeForStore(object), object)
}

function healthOf(server: ServerContext, name: ComponentName): ComponentHealth | Promise<ComponentHealth> {
  const own = server.components?.[name]
  if (own) return own()
  if (name === 'etcd-0') return { healthy: server.store.revision > 0, message: 'ok' }
  return probe(server, ports[name]!)
}

/** `GET https://127.0.0.1:<port>/healthz`, whoever vouches for the certificate. */
async function probe({ env }: ServerContext, port: number): Promise<ComponentHealth> {
  const target = { scheme: 'https', host: '127.0.0.1', port } as const
  const url = `https://${hostHeader(target)}/healthz`
  const gone = new AbortController()
  const timer = env.clock.setTimeout(() => gone.abort(), probeTimeout)
  const connection = kubeletConnection((to, signal) => dialTls({ rejectUnauthorized: false }, to, signal))
  try {
    const { status, body } = await connection.request(target, { method: 'GET', path: '/healthz', signal: gone.signal })
    const pieces: Uint8Array[] = []
    for await (const piece of body as AsyncIterable<Uint8Array>) pieces.push(piece)
    if (status >= 200 && status < 400) return { healthy: true, message: Buffer.concat(pieces).toString() }
    return { healthy: false, message: `HTTP probe failed with statuscode: ${status}` }
  } catch (error) {
    return { healthy: false, message: `Get ${quote(url)}: ${(error as Error).message}` }
  } finally {
    timer.cancel()
  }
}

const get: SubresourceHandler = async (server, resource, request) => {
  const { name } = request.info
  const known = names.find(each => each === name)
  if (!known) throw notFound({ group: '', resource: 'componentstatus' }, name)
  return answerObject(server, resource, request, await statusOf(server, known))
}

const list: SubresourceHandler = async (server, resource, request) => {
  const selection = selectionOf(request, resource.declaration)
  const all = await Promise.all(names.map(name => statusOf(server, name)))
  const chosen = all.filter(stored => selection.matches(stored))
  return answerList(server, resource, request, chosen, {})
}

export const componentStatusHandlers: Handlers = { get, list }
