// Streaming to containers that live in this very process (the simulated runtime).

import type { Duplex } from 'node:stream'
import type { ContainerStreams, InProcessContainers } from '../runtime/container-runtime.ts'
import { optionsOf, type RemoteCommandStreams } from './remote-command.ts'
import type { StreamingRuntime } from './streaming-runtime.ts'

export class InProcessStreamingRuntime implements StreamingRuntime {
  readonly #containers: InProcessContainers

  constructor(containers: InProcessContainers) {
    this.#containers = containers
  }

  exec(containerId: string, command: readonly string[], streams: RemoteCommandStreams): Promise<number> {
    return this.#containers.exec({ containerId, cmd: [...command], ...optionsOf(streams) }, callbacks(streams))
  }

  async attach(containerId: string, streams: RemoteCommandStreams): Promise<number> {
    await this.#containers.attach({ containerId, ...optionsOf(streams) }, callbacks(streams))
    return 0
  }

  portForward(podSandboxId: string, port: number, stream: Duplex): Promise<void> {
    return this.#containers.portForward(podSandboxId, port, stream)
  }
}

function callbacks({ stdin, stdout, stderr, signal }: RemoteCommandStreams): ContainerStreams {
  return {
    ...(stdin && { stdin }),
    stdout: chunk => void stdout?.write(chunk),
    stderr: chunk => void stderr?.write(chunk),
    signal,
  }
}
