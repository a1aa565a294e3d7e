// The API server as a go-between: a client's request goes on to a kubelet, a pod or a service, and the answer comes back
// as it is. Logs and proxied requests are relayed piece by piece; exec, attach, port-forward and proxied WebSockets are
// upgraded connections, whose bytes are passed both ways without being looked at.

import { STATUS_CODES } from 'node:http'
import { posix } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../machinery/env/env.ts'
import { quote } from '../../machinery/go-text.ts'
import {
  badRequest,
  failure,
  type GroupResource,
  internalError,
  type StatusError,
  serviceUnavailable,
} from '../../machinery/status-error.ts'
import type { RequestContext, Response, ResponseSink } from '../request.ts'
import { protocolsOf } from '../serving/websocket.ts'
import {
  type BackendRequest,
  type BackendResponse,
  type BackendTarget,
  hostHeader,
  type KubeletConnection,
} from './kubelet-connection.ts'
import { type ProxiedPage, pageRewriter, rewriteLink } from './link-rewriting.ts'

export type { BackendTarget, KubeletConnection } from './kubelet-connection.ts'
export {
  inProcessDial,
  type KubeletCredentials,
  kubeletConnection,
  networkDial,
} from './kubelet-connection.ts'
export { attachLocation, execLocation, kubeletOf, podLogLocation, portForwardLocation } from './pod-locations.ts'

/** The parts of a request that matter here. */
export type ProxiedRequest = Pick<RequestContext, 'method' | 'path' | 'headers' | 'remoteAddress' | 'direct'> & {
  readonly connection?: { readonly socket: Duplex; readonly head: Uint8Array }
  readonly query: URLSearchParams
}

const errorBodyLimit = 50_000
const directBodyLimit = 1024 * 1024

/** GET pods/log: the kubelet's answer as text, or its refusal as a Status. */
export async function relayPodLog(
  kubelets: KubeletConnection,
  kubelet: BackendTarget,
  path: string,
  podName: string,
  clock: Clock,
): Promise<Response> {
  const gone = new AbortController()
  let response: BackendResponse
  try {
    response = await kubelets.request(kubelet, { method: 'GET', path, signal: gone.signal })
  } catch (error) {
    throw failure(500, '', `Get "https://${hostHeader(kubelet)}${path}": ${(error as Error).message}`)
  }
  if (response.status < 200 || response.status > 206) {
    throw kubeletRefusal(response.status, await limitedText(response), { group: '', resource: 'pods/log' }, podName)
  }
  return {
    status: 200,
    contentType: 'text/plain',
    stream: sink => relayBody(response, sink, clock, gone),
    abandoned: () => gone.abort(),
  }
}

/** nodes/proxy, pods/proxy, services/proxy: the request goes on as it is and the answer comes back as it is. */
export async function relayKubeletRequest(
  connection: KubeletConnection,
  target: BackendTarget,
  path: string,
  request: ProxiedRequest,
  body: Uint8Array | undefined,
  clock: Clock,
): Promise<Response> {
  if (path === '' && (request.method === 'GET' || request.method === 'HEAD')) {
    // Relative links in the answer would lead elsewhere without the slash.
    return { status: 301, headers: { location: `${request.path}/${search(request.query)}` } }
  }
  const pathAndQuery = (path || '/') + search(request.query)
  if (isUpgrade(request)) return tunnelKubeletUpgrade(connection, target, pathAndQuery, request)
  const page = proxiedPage(target, path, request)
  const gone = new AbortController()
  let response: BackendResponse
  try {
    const { headers, ...rest } = forwarded(request, target, pathAndQuery)
    response = await connection.request(target, {
      ...rest,
      headers: { ...headers, 'x-forwarded-uri': forwardedUri(page, path) },
      ...(body && { body }),
      signal: gone.signal,
    })
  } catch (error) {
    throw serviceUnavailable(`error trying to reach service: ${(error as Error).message}`)
  }
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(response.headers)) {
    if (value === undefined || hopByHop.has(name) || name.startsWith('access-control-allow-')) continue
    headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  const { 'content-type': contentType, 'content-length': length, ...others } = headers
  if (others['location']) others['location'] = rewriteLink(others['location'], page)
  const head = { status: response.status, headers: others, ...(contentType && { contentType }) }
  const rewrite = others['location'] ? undefined : pageRewriter(contentType, others['content-encoding'])
  if (rewrite) {
    const html = await wholeBody(response)
    return { ...head, body: html.length === 0 ? html : await rewrite(html, page) }
  }
  // Callers in the process get a short answer whole, as from any other resource.
  if (request.direct && length !== undefined && Number(length) <= directBodyLimit) {
    return { ...head, body: await wholeBody(response) }
  }
  return {
    ...head,
    stream: sink => relayBody(response, sink, clock, gone),
  }
}

const askedHost = ({ headers }: ProxiedRequest): string | undefined =>
  (headers['host'] ?? headers[':authority']) as string | undefined

function proxiedPage(target: BackendTarget, path: string, request: ProxiedRequest): ProxiedPage {
  return {
    prefix: request.path.slice(0, request.path.length - path.length),
    backendHost: hostHeader(target),
    requestHost: askedHost(request) ?? '',
  }
}

/** Where the client finds what it asked for. */
function forwardedUri({ prefix }: ProxiedPage, path: string): string {
  const uri = posix.join(prefix, path || '/')
  return (path === '' || path.endsWith('/')) && !uri.endsWith('/') ? `${uri}/` : uri
}

async function wholeBody({ body }: BackendResponse): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of body as AsyncIterable<Uint8Array>) pieces.push(piece)
  return Buffer.concat(pieces)
}

/**
 * exec, attach, port-forward: connects the client's raw connection with one to the kubelet that was upgraded in the
 * same way. Direct callers get the kubelet's connection itself. Refusals of the kubelet are passed on as they are.
 */
export async function tunnelKubeletUpgrade(
  connection: KubeletConnection,
  target: BackendTarget,
  pathAndQuery: string,
  request: ProxiedRequest,
): Promise<Response> {
  if (!isUpgrade(request) || (!request.connection && !request.direct)) throw badRequest('Upgrade request required')
  const headers = { ...forwarded(request, target, pathAndQuery), ...upgradeHeaders(request) }
  const answer = await connection.upgrade(target, headers).catch((error: Error) => {
    throw failure(500, '', `error dialing backend: ${error.message}`)
  })
  const { response, socket, head } = answer
  if (!socket && response.status < 400) {
    response.body.resume()
    throw failure(500, '', `invalid upgrade response: status code ${response.status}`)
  }
  if (!request.connection) {
    if (!socket) return directRefusal(response)
    if (head && head.length > 0) socket.unshift(head)
    return { status: response.status, headers: singleValues(response), upgraded: socket }
  }
  const client = request.connection.socket
  client.write(
    `HTTP/1.1 ${response.status} ${response.statusText || STATUS_CODES[response.status]}\r\n${rawHead(response)}`,
  )
  if (!socket) {
    // It is closed after this: the kubelet's Connection header says so, or the client's next request will find out.
    for await (const chunk of response.body) client.write(chunk)
    client.end(() => client.destroy())
    return { status: response.status, hijacked: true }
  }
  if (head && head.length > 0) client.write(head)
  if (request.connection.head.length > 0) socket.write(request.connection.head)
  join(client, socket)
  return { status: 101, hijacked: true }
}

/** Whatever comes on the one goes to the other; the end of either, in either direction, is the end of both. */
function join(client: Duplex, backend: Duplex): void {
  const pairs: [Duplex, Duplex][] = [
    [client, backend],
    [backend, client],
  ]
  for (const [from, to] of pairs) {
    from.on('error', () => to.destroy())
    // What it has sent before it closed still goes through; then its peer closes in turn.
    from.on('close', () => {
      if (!to.destroyed) to.end(() => to.destroy())
    })
    from.pipe(to)
  }
}

export function isUpgrade({ headers }: ProxiedRequest): boolean {
  return String(headers['connection'] ?? '')
    .toLowerCase()
    .includes('upgrade')
}

export const hopByHop = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** The request as the backend gets it: without what was meant for us. */
function forwarded(request: ProxiedRequest, target: BackendTarget, path: string): BackendRequest {
  const headers: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || name.startsWith(':') || hopByHop.has(name) || ours(name)) continue
    headers[name] = value
  }
  const before = headers['x-forwarded-for']
  // The backend sees whom the client has asked.
  headers['host'] = askedHost(request) ?? hostHeader(target)
  if (request.remoteAddress) {
    headers['x-forwarded-for'] = before ? `${before}, ${request.remoteAddress}` : request.remoteAddress
  }
  return { method: request.method, path, headers }
}

export function ours(name: string): boolean {
  return name === 'authorization' || name === 'host' || name === 'content-length' || name.startsWith('impersonate-')
}

function upgradeHeaders(request: ProxiedRequest): Pick<BackendRequest, 'headers'> {
  const { headers = {} } = forwarded(request, { scheme: 'https', host: '', port: 0 }, '')
  const protocols = protocolsOf(request.headers)
  const { host: _host, 'sec-websocket-protocol': _protocols, ...others } = headers
  return {
    headers: {
      ...others,
      connection: 'Upgrade',
      upgrade: request.headers['upgrade'],
      ...(protocols.length > 0 && { 'sec-websocket-protocol': protocols.join(', ') }),
    },
  }
}

export function search(query: URLSearchParams): string {
  const text = query.toString()
  return text && `?${text}`
}

function rawHead({ rawHeaders }: BackendResponse): string {
  let head = ''
  for (let index = 0; index < rawHeaders.length; index += 2)
    head += `${rawHeaders[index]}: ${rawHeaders[index + 1]}\r\n`
  // The body is passed on decoded.
  return `${head.replace(/^transfer-encoding:.*\r\n/im, '')}\r\n`
}

function singleValues({ headers }: BackendResponse): Record<string, string> {
  const single: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) single[name] = String(value)
  return single
}

async function directRefusal(response: BackendResponse): Promise<Response> {
  const body = Buffer.from(await limitedText(response))
  return { status: response.status, headers: singleValues(response), body }
}

function relayBody(response: BackendResponse, sink: ResponseSink, clock: Clock, gone: AbortController): void {
  const { body } = response
  sink.onClose(() => gone.abort())
  body.on('data', (chunk: Uint8Array) => {
    if (sink.write(chunk)) return
    body.pause()
    const resume = () => {
      if (sink.pending === 0) body.resume()
      else clock.setTimeout(resume, drainCheckMilliseconds)
    }
    clock.setTimeout(resume, drainCheckMilliseconds)
  })
  body.on('end', () => sink.end())
  // Half an answer: all that can be done is to end it.
  body.on('error', () => sink.end())
}

/** A sink tells how much waits, but not when it is sent. */
const drainCheckMilliseconds = 5

async function limitedText(response: BackendResponse): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= errorBodyLimit) break
  }
  return Buffer.concat(chunks).toString('utf8', 0, errorBodyLimit)
}

/** The kubelet's refusal as the API words it (upstream's GenericHttpResponseChecker). */
function kubeletRefusal(code: number, text: string, resource: GroupResource, name: string): StatusError {
  if (code === 500) return internalError(text)
  if (code === 400) return badRequest(text)
  const [reason, message] = refusals[code] ?? [
    code >= 500 ? 'InternalError' : '',
    code >= 500
      ? `an error on the server (${quote(text)}) has prevented the request from succeeding`
      : `the server responded with the status code ${code} but did not return more information`,
  ]
  return failure(code, reason, `${message ?? text} ( ${resource.resource} ${name})`, { kind: resource.resource, name })
}

/** Without a message: the kubelet's own text says more. */
const refusals: Readonly<Record<number, readonly [reason: string, message: string | undefined]>> = {
  401: ['Unauthorized', 'the server has asked for the client to provide credentials'],
  403: ['Forbidden', undefined],
  404: ['NotFound', 'the server could not find the requested resource'],
  405: ['MethodNotAllowed', 'the server does not allow this method on the requested resource'],
  409: ['Conflict', 'the server reported a conflict'],
  422: ['Invalid', 'the server rejected our request due to an error in our request'],
  429: ['TooManyRequests', 'the server has received too many requests and has asked us to try again later'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: [
    'Timeout',
    'the server was unable to return a response in the time allotted, but may still be processing the request',
  ],
}
