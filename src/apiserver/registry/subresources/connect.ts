// pods/log, exec, attach, portforward; pods/proxy, services/proxy, nodes/proxy: the API server finds out where the
// request really goes, and passes it on.

import type { Endpoints } from '../../../api/core/v1/endpoints.ts'
import type { Node } from '../../../api/core/v1/node.ts'
import type { Pod } from '../../../api/core/v1/pod.ts'
import type { Service } from '../../../api/core/v1/service.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { type FieldError, invalid as fieldInvalid, forbidden } from '../../../machinery/field-error.ts'
import { jsonText } from '../../../machinery/json/write.ts'
import { badRequest, genericServerResponse, invalid, notFound } from '../../../machinery/status-error.ts'
import {
  attachLocation,
  execLocation,
  kubeletOf,
  podLogLocation,
  portForwardLocation,
  relayKubeletRequest,
  relayPodLog,
  tunnelKubeletUpgrade,
} from '../../proxy/node-connection.ts'
import {
  nodeProxyTarget,
  pathBelow,
  podProxyTarget,
  proxyName,
  type ServiceSources,
  serviceProxyTarget,
} from '../../proxy/proxy-targets.ts'
import { overWebSocket } from '../../proxy/websocket-stream.ts'
import { integerParameter, queryFlag } from '../../query-parameters.ts'
import type { RequestContext, Response } from '../../request.ts'
import type { ServerContext } from '../../server-context.ts'
import { isWebSocketRequest } from '../../serving/websocket.ts'
import type { ServedResource } from '../registry.ts'
import { admitted } from '../write-context.ts'
import type { Handlers } from './subresources.ts'

function object<T>(server: ServerContext, resource: string, namespace: string, name: string): T {
  const stored = server.registry.storage(resource).get(namespace, name)
  if (!stored) throw notFound({ group: '', resource }, name)
  return stored.object as unknown as T
}

const podOf = (server: ServerContext, { info }: RequestContext) =>
  object<Pod>(server, 'pods', info.namespace, info.name)
const kubeletOn = (server: ServerContext, node: string) => kubeletOf(object<Node>(server, 'nodes', '', node))

async function log(server: ServerContext, _resource: unknown, request: RequestContext): Promise<Response> {
  const { query } = request
  checkLogOptions(request)
  const location = podLogLocation(podOf(server, request), {
    container: query.get('container') ?? undefined,
    follow: queryFlag(query, 'follow'),
    previous: queryFlag(query, 'previous'),
    timestamps: queryFlag(query, 'timestamps'),
    sinceSeconds: integerParameter(query, 'sinceSeconds'),
    sinceTime: query.get('sinceTime') ?? undefined,
    tailLines: integerParameter(query, 'tailLines'),
    limitBytes: integerParameter(query, 'limitBytes'),
  })
  if (!location) return { status: 204 }
  const kubelet = kubeletOn(server, location.node)
  const answer = await relayPodLog(server.kubelets, kubelet, location.path, request.info.name, server.env.clock)
  return isWebSocketRequest(request) ? overWebSocket(answer, request) : answer
}

const notNegative = 'must be greater than or equal to 0'

function checkLogOptions({ query, info }: RequestContext): void {
  const errors: FieldError[] = []
  const atLeast = (field: string, least: number, message: string): void => {
    const value = integerParameter(query, field)
    if (value !== undefined && value < least) errors.push(fieldInvalid(field, value, message))
  }
  atLeast('tailLines', 0, notNegative)
  atLeast('limitBytes', 1, 'must be greater than 0')
  if (query.has('sinceSeconds') && query.has('sinceTime'))
    errors.push(forbidden(nowhere, 'at most one of `sinceTime` or `sinceSeconds` may be specified'))
  else atLeast('sinceSeconds', 1, 'must be greater than 0')
  // As long as the gate PodLogsQuerySplitStreams is off.
  if (query.has('stream')) errors.push(forbidden('stream', 'may not be specified'))
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, info.name, errors)
}

/** How upstream writes a path without a name. */
const nowhere = '[]'

const streamOptions = (query: URLSearchParams) => ({
  container: query.get('container') ?? undefined,
  stdin: queryFlag(query, 'stdin'),
  stdout: queryFlag(query, 'stdout'),
  stderr: queryFlag(query, 'stderr'),
  tty: queryFlag(query, 'tty'),
})

const execOptions = (query: URLSearchParams) => ({ ...streamOptions(query), command: query.getAll('command') })
const portForwardOptions = (query: URLSearchParams) => ({
  ports: query.getAll('ports').flatMap(ports => ports.split(',').map(Number)),
})

const connections: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward', 'proxy'])

/** A subresource that leads elsewhere (upstream's Connecter). */
export const isConnection = (subresource: string): boolean => connections.has(subresource)

/** Throws a 400. */
export function checkNoDryRun(query: URLSearchParams): void {
  if (query.has('dryRun')) throw badRequest('dryRun is not supported')
}

type Locate = (pod: Pod, query: URLSearchParams) => { readonly node: string; readonly path: string }

/** Asks admission about a connection, whose object is its options. */
async function admit(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  kind: string,
  options: Readonly<Record<string, unknown>>,
): Promise<void> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== false)
  const object = { apiVersion: 'v1', kind, ...Object.fromEntries(given) } as unknown as KubeObject
  await admitted(server, resource, request, 'CONNECT', object, request.info.name, false)
}

function tunnel(
  kind: string,
  optionsOf: (query: URLSearchParams) => Record<string, unknown>,
  locate: Locate,
): Handlers {
  const handler = async (
    server: ServerContext,
    resource: ServedResource,
    request: RequestContext,
  ): Promise<Response> => {
    checkNoDryRun(request.query)
    await admit(server, resource, request, kind, optionsOf(request.query))
    const { node, path } = locate(podOf(server, request), request.query)
    return tunnelKubeletUpgrade(server.kubelets, kubeletOn(server, node), path, request)
  }
  return { get: handler, create: handler }
}

type Target = (
  server: ServerContext,
  namespace: string,
  id: string,
) => { target: Parameters<typeof relayKubeletRequest>[1] }

function proxy(kind: string, find: Target): Handlers {
  const handler = async (
    server: ServerContext,
    resource: ServedResource,
    request: RequestContext,
  ): Promise<Response> => {
    const { info } = request
    checkNoDryRun(request.query)
    const path = pathBelow(info)
    await admit(server, resource, request, kind, { path: path || undefined })
    const { target } = find(server, info.namespace, info.name)
    const body =
      request.method === 'GET' || request.method === 'HEAD' || request.connection ? undefined : await request.readBody()
    const bytes = body === undefined || body instanceof Uint8Array ? body : Buffer.from(jsonText(body))
    return relayKubeletRequest(server.kubelets, target, path, request, bytes, server.env.clock)
  }
  // OPTIONS is the one method without a verb that goes through.
  const options: typeof handler = (server, resource, request) => {
    if ((request.method as string) !== 'OPTIONS') throw genericServerResponse(405)
    return handler(server, resource, request)
  }
  return { get: handler, create: handler, update: handler, patch: handler, delete: handler, '': options }
}

const service: Target = (server, namespace, id) => {
  const name = proxyName('service', id)
  const storedAs = (resource: string, of: string) => server.registry.storage(resource).get(namespace, of)?.object
  const missing = () => notFound({ group: '', resource: 'services' }, name.name)
  const sources: ServiceSources = {
    ports() {
      const found = storedAs('services', name.name) as Service | undefined
      if (!found) throw missing()
      return found.spec?.ports ?? []
    },
    subsets() {
      const found = storedAs('endpoints', name.name) as Endpoints | undefined
      if (!found) throw missing()
      return found.subsets ?? []
    },
    isOfPod({ ip, targetRef }) {
      if (targetRef?.namespace !== namespace) return false
      const pod = storedAs('pods', targetRef.name ?? '') as Pod | undefined
      return pod?.status?.podIPs?.some(of => of.ip === ip) ?? false
    },
  }
  return { target: serviceProxyTarget(sources, name, server.env.random) }
}

export const connectSubresources: Readonly<Record<string, Handlers>> = {
  'pods/log': { get: log },
  'pods/exec': tunnel('PodExecOptions', execOptions, (pod, query) => execLocation(pod, execOptions(query))),
  'pods/attach': tunnel('PodAttachOptions', streamOptions, (pod, query) => attachLocation(pod, streamOptions(query))),
  'pods/portforward': tunnel('PodPortForwardOptions', portForwardOptions, (pod, query) =>
    portForwardLocation(pod, portForwardOptions(query)),
  ),
  'pods/proxy': proxy('PodProxyOptions', (server, namespace, id) => {
    const name = proxyName('pod', id)
    return { target: podProxyTarget(object<Pod>(server, 'pods', namespace, name.name), name) }
  }),
  'nodes/proxy': proxy('NodeProxyOptions', (server, _namespace, id) => {
    const name = proxyName('node', id)
    return { target: nodeProxyTarget(object<Node>(server, 'nodes', '', name.name), name) }
  }),
  'services/proxy': proxy('ServiceProxyOptions', service),
}
