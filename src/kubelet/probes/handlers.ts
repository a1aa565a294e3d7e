// One attempt at a probe or an HTTP hook: asks the container and says how it answered.
//
// Comes in: the handler, the pod's address, the time there is. Goes out: an outcome and what upstream says about it in
// its events. `ProbeNetwork` is how TCP, HTTP and gRPC get to the pod. Nothing listens in a simulated container: there
// the simulation says whether it is healthy, and a hook's request (`simulatedNetwork`) always succeeds.

import type { Container, HTTPGetAction, ProbeHandler } from '../../api/core/v1/container.ts'
import { type ContainerRuntime, RuntimeError } from '../runtime/container-runtime.ts'

export interface ProbeAnswer {
  readonly outcome: 'success' | 'warning' | 'failure'
  readonly output: string
}

/** The probe itself went wrong: it says nothing about the container. */
export class ProbeError extends Error {
  override readonly name = 'ProbeError'
}

export interface HttpTarget {
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly port: number
  readonly path: string
  readonly headers: readonly (readonly [name: string, value: string])[]
}

export interface ProbeNetwork {
  httpGet(target: HttpTarget, timeoutMs: number): Promise<ProbeAnswer>
  tcpConnect(host: string, port: number, timeoutMs: number): Promise<ProbeAnswer>
  grpcCheck(host: string, port: number, service: string, timeoutMs: number): Promise<ProbeAnswer>
}

const yes: Promise<ProbeAnswer> = Promise.resolve({ outcome: 'success', output: '' })

export const simulatedNetwork: ProbeNetwork = {
  httpGet: () => yes,
  tcpConnect: () => yes,
  grpcCheck: () => yes,
}

export interface ProbeContext {
  readonly runtime: ContainerRuntime
  readonly network: ProbeNetwork
  readonly container: Container
  readonly containerId: string
  readonly podIp: string
  readonly timeoutSeconds: number
}

const maxOutput = 10 * 1024

/** Throws a `ProbeError` when there is no telling. */
export async function runProbe(handler: ProbeHandler, context: ProbeContext): Promise<ProbeAnswer> {
  const { container, podIp, network, timeoutSeconds } = context
  if (handler.exec) return execProbe(handler.exec.command ?? [], context)
  const { inProcess } = context.runtime
  if (inProcess) {
    const { healthy, output } = inProcess.probe(context.containerId)
    return { outcome: healthy ? 'success' : 'failure', output }
  }
  if (handler.httpGet)
    return network.httpGet(httpTarget(handler.httpGet, container, podIp, 'kube-probe'), timeoutSeconds * 1000)
  if (handler.tcpSocket) {
    const port = resolvePort(handler.tcpSocket.port, container)
    return network.tcpConnect(handler.tcpSocket.host || podIp, port, timeoutSeconds * 1000)
  }
  if (handler.grpc)
    return network.grpcCheck(podIp, handler.grpc.port, handler.grpc.service ?? '', timeoutSeconds * 1000)
  throw new ProbeError(`missing probe handler for ${container.name}`)
}

async function execProbe(command: readonly string[], context: ProbeContext): Promise<ProbeAnswer> {
  try {
    const { stdout, stderr, exitCode } = await context.runtime.execSync({
      containerId: context.containerId,
      cmd: [...command],
      timeout: context.timeoutSeconds,
    })
    const output = Buffer.concat([stdout, stderr]).toString('utf8').slice(0, maxOutput)
    return { outcome: exitCode === 0 ? 'success' : 'failure', output }
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'DeadlineExceeded')
      return {
        outcome: 'failure',
        output: `command timed out: "${command.join(' ')}" timed out after ${context.timeoutSeconds}s`,
      }
    throw new ProbeError((error as Error).message, { cause: error })
  }
}

export function httpTarget(
  action: HTTPGetAction,
  container: Container,
  podIp: string,
  agent: 'kube-probe' | 'kube-lifecycle',
): HttpTarget {
  const headers = (action.httpHeaders ?? []).map(({ name, value }) => [name, value] as const)
  const has = (name: string) => headers.some(([other]) => other.toLowerCase() === name)
  return {
    scheme: action.scheme === 'HTTPS' ? 'https' : 'http',
    host: action.host || podIp,
    port: resolvePort(action.port, container),
    path: action.path ? (action.path.startsWith('/') ? action.path : `/${action.path}`) : '/',
    headers: [
      ...headers,
      ...(has('user-agent') ? [] : [['User-Agent', `${agent}/1.36`] as const]),
      ...(has('accept') ? [] : [['Accept', '*/*'] as const]),
    ],
  }
}

/** A port's number, or the number of the container's port of that name. */
export function resolvePort(port: number | string, container: Container): number {
  let number = typeof port === 'number' ? port : Number.NaN
  if (typeof port === 'string') {
    const named = (container.ports ?? []).find(candidate => candidate.name === port)
    number = named ? named.containerPort : Number(port)
    if (Number.isNaN(number)) throw new ProbeError(`strconv.Atoi: parsing "${port}": invalid syntax`)
  }
  if (!(number > 0 && number < 65536)) throw new ProbeError(`invalid port number: ${number}`)
  return number
}
