// Who carries out exec, attach and port-forward on a node. Two implementations: `cri-streaming-runtime.ts` asks a CRI
// runtime and speaks with its streaming server, `in-process-streaming-runtime.ts` hands over to a runtime in this process.

import type { Duplex } from 'node:stream'
import type { RemoteCommandStreams } from './remote-command.ts'

export interface StreamingRuntime {
  /** Runs the command in the container; resolves with its exit code, rejects when it could not be run. */
  exec(containerId: string, command: readonly string[], streams: RemoteCommandStreams): Promise<number>
  /** Connects the streams with the container's main process; resolves with 0 when it has ended or the client is gone. */
  attach(containerId: string, streams: RemoteCommandStreams): Promise<number>
  /** Connects the stream with a port of the pod; resolves when both directions have ended. */
  portForward(podSandboxId: string, port: number, stream: Duplex): Promise<void>
}
