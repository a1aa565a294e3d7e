// Whom the proxy subresources of pods, services and nodes reach. The name in the path is `name`, `name:port` or
// `scheme:name:port`.

import { isIP } from 'node:net'
import type { EndpointAddress, EndpointSubset } from '../../api/core/v1/endpoints.ts'
import type { Node } from '../../api/core/v1/node.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import type { ServicePort } from '../../api/core/v1/service.ts'
import type { Random } from '../../machinery/env/env.ts'
import { quote } from '../../machinery/go-text.ts'
import { badRequest, serviceUnavailable } from '../../machinery/status-error.ts'
import type { RequestInfo } from '../request-info.ts'
import type { BackendTarget } from './kubelet-connection.ts'
import { kubeletOf } from './pod-locations.ts'

export interface ProxyName {
  readonly scheme: '' | 'http' | 'https'
  readonly name: string
  /** A number, or the name of a service's port; empty when there is none. */
  readonly port: string
}

/** Takes the name in the path apart. `what` is for the message: pod, service, node. */
export function proxyName(what: 'pod' | 'service' | 'node', id: string): ProxyName {
  const parts = id.split(':')
  const [scheme = '', name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts]
  const valid = parts.length <= 3 && name !== '' && (scheme === '' || scheme === 'http' || scheme === 'https')
  if (!valid) throw badRequest(`invalid ${what} request ${quote(id)}`)
  return { scheme: scheme as ProxyName['scheme'], name, port }
}

/** What stands in the request's path below the subresource: '' or an absolute path, written as Go writes it. */
export function pathBelow({ path, rest }: Pick<RequestInfo, 'path' | 'rest'>): string {
  let below = rest.map(decoded).join('/')
  if (below !== '' && !below.startsWith('/')) below = `/${below}`
  if (path.endsWith('/') && !below.endsWith('/')) below += '/'
  return escaped(below)
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

const escaped = (path: string): string =>
  encodeURI(path).replace(/[?#!*'()]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)

export function podProxyTarget(pod: Pod, { scheme, port }: ProxyName): BackendTarget {
  const declared = pod.spec?.containers?.find(({ ports = [] }) => ports.length > 0)?.ports?.[0]?.containerPort
  const host = pod.status?.podIPs?.[0]?.ip ?? ''
  if (!isGlobalUnicast(host)) throw badRequest('address not allowed')
  return target(scheme, host, port === '' ? String(declared ?? '') : port)
}

export function nodeProxyTarget(node: Node, { scheme, port }: ProxyName): BackendTarget {
  const kubelet = kubeletOf(node)
  if (port === '' || port === String(kubelet.port)) return kubelet
  return target(scheme, kubelet.host, port)
}

/** What is known of a service; each throws a 404 where there is no such object. */
export interface ServiceSources {
  ports(): readonly ServicePort[]
  subsets(): readonly EndpointSubset[]
  /** Whether it is the address of the pod that it says it is. */
  isOfPod(address: EndpointAddress): boolean
}

export function serviceProxyTarget(
  { ports: declaredPorts, subsets: known, isOfPod }: ServiceSources,
  { scheme, name, port }: ProxyName,
  random: Random,
): BackendTarget {
  let portName = port
  if (/^\d+$/.test(port)) {
    const declared = declaredPorts().find(declaration => declaration.port === Number(port))
    if (!declared) throw serviceUnavailable(`no service port ${port} found for service ${quote(name)}`)
    portName = declared.name ?? ''
  }
  const subsets = known()
  if (subsets.length === 0) throw serviceUnavailable(`no endpoints available for service ${quote(name)}`)
  const choices = subsets.flatMap(({ addresses = [], ports = [] }) => {
    const found = ports.find(declaration => (declaration.name ?? '') === portName)
    if (!found) return []
    const reached = addresses.filter(address => isGlobalUnicast(address.ip) && isOfPod(address))
    return reached.map(({ ip }) => ({ ip, port: found.port }))
  })
  const chosen = choices[Math.floor(random.next() * choices.length)]
  if (!chosen) {
    const id = [scheme, name, port].filter((part, index) => part !== '' || index === 1).join(':')
    throw serviceUnavailable(`no endpoints available for service ${quote(id)}`)
  }
  return target(scheme, chosen.ip, String(chosen.port))
}

function target(scheme: ProxyName['scheme'], host: string, port: string): BackendTarget {
  const defaultPort = scheme === 'https' ? 443 : 80
  const number = port === '' ? defaultPort : Number(port)
  if (!Number.isInteger(number) || number < 1 || number > 65535) throw badRequest(`invalid port ${quote(port)}`)
  return { scheme: scheme || 'http', host, port: number }
}

/** Not loopback, link-local, multicast or unspecified: nobody may reach the API server's own machine this way. */
function isGlobalUnicast(ip: string): boolean {
  const family = isIP(ip)
  if (family === 4) {
    const [first = 0, second] = ip.split('.').map(Number)
    const linkLocal = first === 169 && second === 254
    return first !== 0 && first !== 127 && first < 224 && !linkLocal
  }
  if (family === 6) {
    const text = ip.toLowerCase()
    return (
      text !== '::' &&
      text !== '::1' &&
      !/^fe[89ab]/.test(text) &&
      !text.startsWith('ff') &&
      !text.startsWith('::ffff:')
    )
  }
  return false
}
