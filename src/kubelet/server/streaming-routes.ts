// /exec, /attach, /portForward and /run: finding the container, and handing the connection to its runtime.

import type { Duplex } from 'node:stream'
import type { Pod } from '../../api/core/v1/pod.ts'
import type { Env } from '../../machinery/env/env.ts'
import { quote } from '../../machinery/go-text.ts'
import { servePortForward } from '../streaming/port-forward.ts'
import { acceptRemoteCommand, remoteCommandOptions, serveRemoteCommand } from '../streaming/remote-command.ts'
import type { StreamingRuntime } from '../streaming/streaming-runtime.ts'
import type { UpgradeRequest } from '../streaming/upgrade.ts'
import { HttpError } from './http-error.ts'
import type { PodProvider } from './pod-provider.ts'

export interface StreamingContext {
  readonly pods: PodProvider
  readonly runtime: StreamingRuntime
  readonly env: Env
}

/** Whether a path is one that must be upgraded. */
export function isStreamingPath(path: string): boolean {
  return /^\/(exec|attach|portForward)\//.test(path)
}

/** Serves the connection until it ends. Throws an `HttpError` for what is refused before it is upgraded. */
export async function serveStreaming(upgrade: UpgradeRequest, url: URL, context: StreamingContext): Promise<void> {
  const [, kind, ...parts] = url.pathname.split('/').map(decodeURIComponent)
  if (kind === 'portForward') {
    // With the pod's uid or without.
    if (parts.length !== 2 && parts.length !== 3) throw new HttpError(404, '404 page not found')
    const [namespace = '', name = '', uid] = parts
    const pod = findPod(context.pods, namespace, name)
    if (uid && pod.metadata?.uid !== uid) throw new HttpError(404, 'pod not found')
    await forwardPorts(upgrade, namespace, name, pod.metadata?.uid ?? '', context)
    return
  }
  if (parts.length !== 3 && parts.length !== 4) throw new HttpError(404, '404 page not found')
  const [namespace = '', name = ''] = parts
  const container = parts.at(-1)!
  let options: ReturnType<typeof remoteCommandOptions>
  try {
    options = remoteCommandOptions(url.searchParams)
  } catch (error) {
    throw new HttpError(400, (error as Error).message)
  }
  findPod(context.pods, namespace, name)
  const id = findContainer(context.pods, namespace, name, container)
  const streams = await acceptRemoteCommand(upgrade, options, context.env.clock)
  if (!streams) return
  const command = url.searchParams.getAll('command')
  await serveRemoteCommand(streams, command, connected =>
    kind === 'exec' ? context.runtime.exec(id, command, connected) : context.runtime.attach(id, connected),
  )
}

async function forwardPorts(
  upgrade: UpgradeRequest,
  namespace: string,
  podName: string,
  podUid: string,
  { pods, runtime, env }: StreamingContext,
): Promise<void> {
  const sandboxId = pods.sandboxId(namespace, podName)
  if (sandboxId === undefined) throw new HttpError(500, `pod not found (${quote(`${podName}_${namespace}`)})`)
  const forward = (port: number, stream: Duplex) => runtime.portForward(sandboxId, port, stream)
  await servePortForward(upgrade, { podName, podUid, forward }, env)
}

export function findPod(pods: PodProvider, namespace: string, name: string): Pod {
  const pod = pods.podByName(namespace, name)
  if (!pod) throw new HttpError(404, 'pod does not exist')
  return pod
}

export function findContainer(pods: PodProvider, namespace: string, pod: string, container: string): string {
  const id = pods.containerId(namespace, pod, container)
  if (id === undefined) throw new HttpError(500, `container not found (${quote(container)})`)
  return id
}
