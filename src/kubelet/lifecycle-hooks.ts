// postStart and preStop: a command in the container, an HTTP request to it, or a wait.

import type { Container, LifecycleHandler } from '../api/core/v1/container.ts'
import { secondsInMs } from '../machinery/duration.ts'
import type { Clock } from '../machinery/env/env.ts'
import { jsonText } from '../machinery/json/write.ts'
import { httpTarget, type ProbeNetwork } from './probes/handlers.ts'
import type { ContainerRuntime } from './runtime/container-runtime.ts'

export interface HookContext {
  readonly runtime: ContainerRuntime
  readonly network: ProbeNetwork
  readonly clock: Clock
  readonly container: Container
  readonly containerId: string
  readonly podIp: string
  readonly signal: AbortSignal
}

const httpTimeoutMs = 30_000

/** Throws when the hook fails; a preStop hook is given up when the signal is aborted. */
export async function runHook(handler: LifecycleHandler, context: HookContext): Promise<void> {
  const { runtime, network, clock, container, containerId, podIp, signal } = context
  if (handler.exec) {
    const cmd = handler.exec.command ?? []
    const { exitCode, stdout, stderr } = await runtime.execSync({ containerId, cmd, timeout: 0 }, { signal })
    if (exitCode !== 0) {
      const output = Buffer.concat([stdout, stderr]).toString('utf8')
      throw new Error(`command '${cmd.join(' ')}' exited with ${exitCode}: ${output}`)
    }
  } else if (handler.httpGet) {
    const answer = await network.httpGet(httpTarget(handler.httpGet, container, podIp, 'kube-lifecycle'), httpTimeoutMs)
    if (answer.outcome === 'failure') throw new Error(answer.output)
  } else if (handler.sleep) await clock.sleep(secondsInMs(handler.sleep.seconds), signal)
  else throw new Error(`invalid handler: ${jsonText(handler)}`)
}
