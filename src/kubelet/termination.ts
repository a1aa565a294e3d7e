// Ends containers: the preStop hook, then the runtime's stop signal, and a kill when the grace period is over.
//
// Comes in: the pod, what runs of it, and how long it may take. Goes out: once it has ended. Sidecars outlive the
// containers they serve: they are stopped after those, the last one first.

import type { Container } from '../api/core/v1/container.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import type { Env } from '../machinery/env/env.ts'
import { readJson } from '../machinery/json/read.ts'
import { podTerminationGracePeriodAnnotation, preStopHandlerAnnotation } from './container-labels.ts'
import { runHook } from './lifecycle-hooks.ts'
import type { KillReason } from './pod-actions.ts'
import type { PodEvents } from './pod-events.ts'
import { findContainer, isRestartableInitContainer } from './pod-spec.ts'
import type { ProbeNetwork } from './probes/handlers.ts'
import type { ContainerRuntime } from './runtime/container-runtime.ts'
import { type ContainerRecord, type RuntimePodStatus, runningContainers } from './runtime-state.ts'

/** Every container has this long, whatever its pod says, so that none is killed without being asked. */
const minimumGraceSeconds = 2
const defaultGraceSeconds = 30

export interface TerminationOptions {
  readonly env: Env
  readonly runtime: ContainerRuntime
  readonly network: ProbeNetwork
  readonly events: PodEvents
}

export interface KillRequest {
  readonly message?: string
  readonly reason?: KillReason
  /** In place of the pod's own grace period. */
  readonly graceSeconds?: number
  readonly signal?: AbortSignal
}

export class Terminator {
  readonly #options: TerminationOptions

  constructor(options: TerminationOptions) {
    this.#options = options
  }

  /** Ends every running container, then the sandboxes. Throws when something could not be stopped. */
  async killPod(pod: Pod, runtimeStatus: RuntimePodStatus, request: KillRequest = {}): Promise<void> {
    const running = runningContainers(runtimeStatus)
    const order = stopOrder(pod)
    const ended = new Map<string, Promise<void>>()
    const failures: Error[] = []
    const kill = async (record: ContainerRecord, after: readonly string[]): Promise<void> => {
      const began = this.#options.env.clock.monotonic()
      await Promise.all(after.map(name => ended.get(name)))
      const waited = Math.ceil((this.#options.env.clock.monotonic() - began) / 1000)
      await this.killContainer(pod, record, request, waited).catch(error => failures.push(error as Error))
    }
    // Those that others wait for first.
    const sorted = [...running].sort((a, b) => (order.get(a.name)?.length ?? 0) - (order.get(b.name)?.length ?? 0))
    for (const record of sorted) ended.set(record.name, kill(record, order.get(record.name) ?? []))
    await Promise.all(ended.values())
    if (failures[0]) throw failures[0]
    for (const sandbox of runtimeStatus.sandboxes)
      if (sandbox.ready)
        await this.#options.runtime.stopPodSandbox(
          { podSandboxId: sandbox.id },
          request.signal ? { signal: request.signal } : {},
        )
  }

  /** `alreadyWaited`: seconds of the grace period that passed before it was this container's turn. */
  async killContainer(pod: Pod, record: ContainerRecord, request: KillRequest = {}, alreadyWaited = 0): Promise<void> {
    const { env, runtime, events, network } = this.#options
    const container = findContainer(pod, record.name)?.container ?? restoredContainer(record)
    let grace = Math.max(0, gracePeriod(pod, container, request) - alreadyWaited)
    events.container(pod, record.name, 'Normal', 'Killing', request.message || `Stopping container ${record.name}`)
    const preStop = container.lifecycle?.preStop
    if (preStop && grace > 0) {
      const began = env.clock.monotonic()
      const limit = new AbortController()
      const timer = env.clock.setTimeout(() => limit.abort(new Error('the grace period is over')), grace * 1000)
      const abort = () => limit.abort(request.signal?.reason)
      request.signal?.addEventListener('abort', abort, { once: true })
      try {
        const context = {
          runtime,
          network,
          clock: env.clock,
          container,
          containerId: record.id,
          podIp: pod.status?.podIP ?? '',
          signal: limit.signal,
        }
        await runHook(preStop, context)
      } catch (error) {
        if (!limit.signal.aborted)
          events.container(pod, record.name, 'Warning', 'FailedPreStopHook', 'PreStopHook failed')
        env.log.debug('preStop hook did not succeed', { pod: pod.metadata?.name, container: record.name, error })
      } finally {
        timer.cancel()
        request.signal?.removeEventListener('abort', abort)
      }
      grace -= Math.floor((env.clock.monotonic() - began) / 1000)
    }
    // The pod's deletion with a grace period of zero means: now.
    const floor =
      request.graceSeconds !== undefined && request.graceSeconds < minimumGraceSeconds
        ? request.graceSeconds
        : minimumGraceSeconds
    const options = request.signal ? { signal: request.signal } : {}
    const stopped = runtime.stopContainer({ containerId: record.id, timeout: Math.max(floor, grace) }, options)
    await unlessAborted(stopped, request.signal)
  }
}

/** Stops waiting when the signal is aborted, though the runtime may go on: a second stop with less time overtakes it. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  // Nobody may be left to hear how it ends.
  work.catch(() => {})
  signal.throwIfAborted()
  let abort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** How long a container has to end, in seconds. */
export function gracePeriod(pod: Pod, container: Container, request: KillRequest): number {
  if (request.graceSeconds !== undefined) return request.graceSeconds
  const deletion = pod.metadata?.deletionGracePeriodSeconds
  if (deletion !== undefined) return Number(deletion)
  const { reason } = request
  const probe = reason === 'startupProbe' || reason === 'livenessProbe' ? container[reason] : undefined
  return Number(probe?.terminationGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? defaultGraceSeconds)
}

/** Whom each container waits for before it is stopped itself. */
function stopOrder(pod: Pod): Map<string, readonly string[]> {
  const order = new Map<string, readonly string[]>()
  const after = (pod.spec?.containers ?? []).map(({ name }) => name)
  for (const container of [...(pod.spec?.initContainers ?? [])].reverse()) {
    if (!isRestartableInitContainer(container)) continue
    order.set(container.name, [...after])
    after.push(container.name)
  }
  return order
}

/** What is needed to stop a container whose pod this kubelet no longer knows. */
function restoredContainer(record: ContainerRecord): Container {
  const preStop = record.annotations[preStopHandlerAnnotation]
  return { name: record.name, resources: {}, ...(preStop ? { lifecycle: { preStop: readJson(preStop) } } : {}) }
}

/** The pod of containers that are still here though nothing else is left of it: as far as its labels tell. */
export function restoredPod(status: RuntimePodStatus): Pod {
  const annotation = status.containers[0]?.annotations[podTerminationGracePeriodAnnotation]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: status.name, namespace: status.namespace, uid: status.uid },
    spec: { containers: [], ...(annotation ? { terminationGracePeriodSeconds: Number(annotation) } : {}) },
    status: {},
  }
}
