// Where in a kubelet a pod's logs and streams are: the path of upstream's kubelet API, with the options as its query.
// Throws the StatusErrors that upstream gives for containers that are not there.

import type { Node } from '../../api/core/v1/node.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import type {
  PodAttachOptions,
  PodExecOptions,
  PodLogOptions,
  PodPortForwardOptions,
} from '../../api/core/v1/pod-options.ts'
import { badRequest, failure } from '../../machinery/status-error.ts'
import type { BackendTarget } from './kubelet-connection.ts'

/** --kubelet-preferred-address-types. */
export const preferredAddressTypes = ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP']
/** For nodes that do not report a port. */
export const defaultKubeletPort = 10250

/** The kubelet of the node, at the address and port that it reports. */
export function kubeletOf(node: Node, addressTypes: readonly string[] = preferredAddressTypes): BackendTarget {
  const addresses = node.status?.addresses ?? []
  for (const type of addressTypes) {
    const found = addresses.find(address => address.type === type)
    if (!found) continue
    const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port
    return { scheme: 'https', host: found.address, port: port || defaultKubeletPort, node: node.metadata?.name ?? '' }
  }
  const known = addresses.map(({ type, address }) => `{${type} ${address}}`).join(' ')
  throw failure(500, '', `no preferred addresses found; known addresses: [${known}]`)
}

/** Undefined while the pod has no node: there is nothing to show then. */
export function podLogLocation(
  pod: Pod,
  options: Partial<PodLogOptions>,
): { readonly node: string; readonly path: string } | undefined {
  const container = containerOf(pod, options.container)
  const node = pod.spec?.nodeName
  if (!node) return undefined
  const query = new URLSearchParams()
  if (options.follow) query.set('follow', 'true')
  if (options.previous) query.set('previous', 'true')
  if (options.timestamps) query.set('timestamps', 'true')
  for (const name of ['sinceSeconds', 'sinceTime', 'tailLines', 'limitBytes'] as const) {
    const value = options[name]
    if (value !== undefined && value !== null) query.set(name, String(value))
  }
  return { node, path: location('containerLogs', pod, container, query) }
}

export function execLocation(pod: Pod, options: Partial<PodExecOptions>) {
  const query = streamQuery(options)
  for (const word of options.command ?? []) query.append('command', word)
  return streamLocation('exec', pod, options.container, query)
}

export function attachLocation(pod: Pod, options: Partial<PodAttachOptions>) {
  return streamLocation('attach', pod, options.container, streamQuery(options))
}

export function portForwardLocation(pod: Pod, options: Partial<PodPortForwardOptions>) {
  const node = nodeOf(pod)
  const query = new URLSearchParams()
  if (options.ports && options.ports.length > 0) query.set('port', options.ports.join(','))
  return { node, path: location('portForward', pod, undefined, query) }
}

function streamLocation(
  kind: string,
  pod: Pod,
  container: string | undefined,
  query: URLSearchParams,
): { readonly node: string; readonly path: string } {
  const found = containerOf(pod, container)
  return { node: nodeOf(pod), path: location(kind, pod, found, query) }
}

function nodeOf(pod: Pod): string {
  if (!pod.spec?.nodeName) throw badRequest(`pod ${pod.metadata?.name} does not have a host assigned`)
  return pod.spec.nodeName
}

/** The kubelet has other names than the API for the same streams. */
function streamQuery(options: Partial<PodAttachOptions>): URLSearchParams {
  const query = new URLSearchParams()
  if (options.stdin) query.set('input', '1')
  if (options.stdout) query.set('output', '1')
  if (options.stderr) query.set('error', '1')
  if (options.tty) query.set('tty', '1')
  return query
}

function location(kind: string, pod: Pod, container: string | undefined, query: URLSearchParams): string {
  const parts = [kind, pod.metadata?.namespace ?? '', pod.metadata?.name ?? '', ...(container ? [container] : [])]
  const search = query.toString()
  return `/${parts.map(encodeURIComponent).join('/')}${search && `?${search}`}`
}

/** The container that is meant: the one that is named, or the only one. */
function containerOf(pod: Pod, container: string | undefined): string {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {}
  const names = [...initContainers, ...containers, ...ephemeralContainers].map(({ name }) => name)
  const podName = pod.metadata?.name
  if (container) {
    if (!names.includes(container)) throw badRequest(`container ${container} is not valid for pod ${podName}`)
    return container
  }
  if (containers.length === 1) return containers[0]!.name
  if (containers.length === 0) throw badRequest(`a container name must be specified for pod ${podName}`)
  throw badRequest(`a container name must be specified for pod ${podName}, choose one of: [${names.join(' ')}]`)
}
