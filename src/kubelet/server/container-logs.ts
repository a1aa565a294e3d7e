// GET /containerLogs/{namespace}/{pod}/{container}: what `kubectl logs` gets to see, by way of the API server.

import type { ServerResponse } from 'node:http'
import type { ContainerStatus, Pod } from '../../api/core/v1/pod.ts'
import type { Env } from '../../machinery/env/env.ts'
import { quote } from '../../machinery/go-text.ts'
import type { Infer } from '../../machinery/schema/schema.ts'
import { type ContainerLogOptions, readContainerLog } from './container-log.ts'
import { HttpError } from './http-error.ts'
import type { PodProvider } from './pod-provider.ts'

type Status = Infer<typeof ContainerStatus>

export interface ContainerLogRequest {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  readonly query: URLSearchParams
}

export async function serveContainerLogs(
  { namespace, pod: podName, container, query }: ContainerLogRequest,
  response: ServerResponse,
  pods: PodProvider,
  env: Env,
): Promise<void> {
  const { previous, ...options } = containerLogOptions(query, env.clock.now())
  const pod = pods.podByName(namespace, podName)
  if (!pod) throw new HttpError(404, `pod ${quote(podName)} does not exist`)
  if (!containerNames(pod).includes(container)) {
    throw new HttpError(404, `container ${quote(container)} not found in pod ${quote(podName)}`)
  }
  const statusId = containerIdOfLog(pod, container, previous)
  const id = statusId.replace(/^[^:]+:\/\//, '')
  const source = await pods.containerLog(id)
  response.setHeader('content-type', 'text/plain')
  if (!source) {
    response.end(`unable to retrieve container logs for ${statusId}`)
    return
  }
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const context = {
    clock: env.clock,
    signal: gone.signal,
    running: () => pods.containerRunning(id),
    write(bytes: Uint8Array) {
      if (response.write(bytes)) return undefined
      return new Promise<void>(resolve => {
        response.once('drain', resolve)
        response.once('close', resolve)
      })
    },
  }
  // Someone who follows a log that is still empty must learn that it is being followed.
  if (options.follow) response.flushHeaders()
  try {
    await readContainerLog(source, options, context)
  } catch (error) {
    if (!response.headersSent) throw new HttpError(400, (error as Error).message)
    response.write((error as Error).message)
  }
  response.end()
}

export function containerNames(pod: Pod): string[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {}
  return [...initContainers, ...containers, ...ephemeralContainers].map(({ name }) => name)
}

/** The query, as v1 PodLogOptions; the times as one. Throws for what is out of range. */
function containerLogOptions(query: URLSearchParams, now: number): ContainerLogOptions & { previous: boolean } {
  const undecodable = new HttpError(400, '{"message": "Unable to decode query."}')
  const invalid = new HttpError(422, '{"message": "Invalid request."}')
  const boolean = (name: string): boolean => {
    const text = (query.get(name) ?? 'false').toLowerCase()
    // As upstream's query decoding has it: anything but these is true.
    return text !== 'false' && text !== '0'
  }
  const integer = (name: string): number | undefined => {
    const text = query.get(name)
    if (text === null || text === '') return undefined
    if (!/^[+-]?\d+$/.test(text)) throw undecodable
    return Number(text)
  }
  // "tail" is what it was called before there were API versions.
  const tail = query.get('tail')
  if (tail) query.set('tailLines', tail)
  if (tail === 'all') query.delete('tailLines')
  const tailLines = integer('tailLines')
  const limitBytes = integer('limitBytes')
  const sinceSeconds = integer('sinceSeconds')
  const sinceTime = query.get('sinceTime') || undefined
  const since = sinceTime === undefined ? undefined : Date.parse(sinceTime)
  if (Number.isNaN(since)) throw undecodable
  if (tailLines !== undefined && tailLines < 0) throw invalid
  if (limitBytes !== undefined && limitBytes < 1) throw invalid
  if (sinceSeconds !== undefined && (sinceSeconds < 1 || since !== undefined)) throw invalid
  const stream = query.get('stream') || 'All'
  if (stream !== 'All' && stream !== 'Stdout' && stream !== 'Stderr') throw invalid
  if (stream !== 'All' && tailLines !== undefined) throw invalid
  const from = sinceSeconds === undefined ? since : now - sinceSeconds * 1000
  return {
    follow: boolean('follow'),
    previous: boolean('previous'),
    timestamps: boolean('timestamps'),
    ...(tailLines !== undefined && { tailLines }),
    ...(limitBytes !== undefined && { limitBytes }),
    ...(from !== undefined && { since: from }),
    stream,
  }
}

/** Which attempt's log is meant, by the pod's status; with the runtime's scheme. Throws when there is none to show. */
function containerIdOfLog(pod: Pod, container: string, previous: boolean): string {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {}
  const status: Status | undefined = [
    ...containerStatuses,
    ...initContainerStatuses,
    ...ephemeralContainerStatuses,
  ].find(({ name }) => name === container)
  const subject = `container ${quote(container)} in pod ${quote(pod.metadata?.name ?? '')}`
  const refuse = (message: string) => new HttpError(400, message)
  if (!status) throw refuse(`${subject} is not available`)
  const last = status.lastState?.terminated
  const { running, terminated, waiting } = status.state ?? {}
  if (previous) {
    if (!last?.containerID) throw refuse(`previous terminated ${subject} not found`)
    return last.containerID
  }
  if (running) return status.containerID ?? ''
  if (terminated || last) {
    const id = terminated?.containerID || last?.containerID
    if (!id) throw refuse(`${subject} is terminated`)
    return id
  }
  switch (waiting?.reason) {
    case undefined:
      throw refuse(`${subject} is waiting to start - no logs yet`)
    case 'ErrImagePull':
      throw refuse(`${subject} is waiting to start: image can't be pulled`)
    case 'ImagePullBackOff':
      throw refuse(`${subject} is waiting to start: trying and failing to pull image`)
    default:
      throw refuse(`${subject} is waiting to start: ${waiting?.reason}`)
  }
}
