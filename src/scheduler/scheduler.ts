// kube-scheduler: finds a node for every pod that has none.
//
// Comes in: nodes and pods, through informers (`cluster-watch.ts`). Goes out: a Binding for each pod that fits somewhere;
// for the others an event, a condition, and another try when something has changed.
//
//   queue.ts      which pod is next, and when a rejected one is worth another try
//   cycle.ts      which node it gets: filter, score, pick; `framework.ts` has the extension points, `profile.ts` the list
//   cache.ts      the nodes and what is on them, as numbers in flat arrays (`resource-table.ts`)
//   scheduler.ts  takes pods from the queue, runs cycles one after another, and lets bindings run side by side
//
// A pod that has its node is assumed to be there at once, so the next cycle counts it; the binding follows behind.

import { namespaces } from '../api/core/v1/namespace.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import type { Client } from '../client/client.ts'
import { ComponentSeriesEventRecorder } from '../client/event-series.ts'
import { type Informer, InformerFactory } from '../client/informer.ts'
import type { Env } from '../machinery/env/env.ts'
import type { MetricsRegistry } from '../machinery/metrics/metrics.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { Cache } from './cache.ts'
import { assignedPodDelete } from './cluster-event.ts'
import { watchCluster } from './cluster-watch.ts'
import { type CycleResult, noNodesAvailable, SchedulingCycle } from './cycle.ts'
import { FailureReports } from './failure-reports.ts'
import { emptyDiagnosis, FitError } from './fit-error.ts'
import type { FrameworkHandle } from './framework-handle.ts'
import { FrameworkRunner, type WeightedPlugin } from './framework-runner.ts'
import { type AttemptResult, SchedulerMetrics } from './metrics.ts'
import { Nominator } from './nominator.ts'
import type { PodInfo } from './pod-info.ts'
import { patchPodStatus } from './pod-status.ts'
import { defaultProfile, defaultSchedulerName } from './profile.ts'
import { SchedulingQueue } from './queue.ts'
import type { QueuedPodInfo } from './queued-pod.ts'
import { failed, Status } from './status.ts'
import { WaitingPods } from './waiting-pods.ts'
import { workloadSelector } from './workloads.ts'

export interface SchedulerOptions {
  readonly env: Env
  readonly client: Client
  /** Pods that name this scheduler are its own; default-scheduler unless said otherwise. */
  readonly schedulerName?: string
  /** How much of a big cluster to look at for each pod; 0, the default, goes by its size. */
  readonly percentageOfNodesToScore?: number
  /** Where the scheduler's metrics are read, if anywhere. */
  readonly metrics?: MetricsRegistry
  /** Which plugins run; the default profile unless said otherwise. */
  readonly profile?: (handle: FrameworkHandle) => readonly WeightedPlugin[]
}

/** What is to be told of a pod that found no node. */
interface Failure {
  readonly info: PodInfo
  readonly status: Status
  readonly nominatedNodeName: string | undefined
}

/** Cycles run this long before others in the process have their turn. */
const sliceMs = 8
/** Bindings beyond these wait: more would not be faster, and what waits in the queue can still be reordered. */
const mostBindings = 512
const longestNote = 1024
/** With no nodes at all there is nothing to try again for until one comes: what this plugin waits for. */
const waitsForNode: ReadonlySet<string> = new Set(['NodeUnschedulable'])

export class Scheduler {
  readonly options: SchedulerOptions
  readonly cache = new Cache()
  readonly queue: SchedulingQueue
  readonly waitingPods: WaitingPods
  readonly #env: Env
  readonly #client: Client
  readonly #framework: FrameworkRunner
  readonly #cycle: SchedulingCycle
  readonly #nominator = new Nominator()
  readonly #events: ComponentSeriesEventRecorder
  readonly #reports: FailureReports<Failure>
  readonly #informers: InformerFactory
  readonly #metrics: SchedulerMetrics | undefined
  #pods: Informer<Pod> | undefined
  #synced = false
  #scheduled = false
  #bindings = 0
  readonly #abort = new AbortController()

  constructor(options: SchedulerOptions) {
    this.options = options
    const { env, client } = options
    this.#env = { ...env, log: env.log.child({ component: 'kube-scheduler' }) }
    this.#client = client
    const name = options.schedulerName ?? defaultSchedulerName
    this.#events = new ComponentSeriesEventRecorder(client, this.#env, { name, instance: `${name}-k8ts` })
    this.#reports = new FailureReports(env.clock, failure => this.#report(failure))
    this.#metrics = options.metrics && new SchedulerMetrics(options.metrics, name)
    options.metrics?.onCollect(() => this.#collect())
    this.#informers = new InformerFactory(client, this.#env)
    this.waitingPods = new WaitingPods(env.clock)
    const namespaceLister = this.#informers.informer(namespaces).lister
    const handle: FrameworkHandle = {
      env: this.#env,
      client,
      informers: this.#informers,
      events: this.#events,
      nominator: this.#nominator,
      cache: this.cache,
      metrics: this.#metrics,
      namespaceLabels: namespace => namespaceLister.get(namespace)?.metadata.labels,
      defaultSelector: workloadSelector(this.#informers),
      pod: key => this.#pods?.lister.get(key),
      activate: uid => this.queue.activate(uid),
      rejectWaiting: (uid, plugin, reason) => this.waitingPods.reject(uid, plugin, reason),
    }
    this.#framework = new FrameworkRunner(
      (options.profile ?? defaultProfile)(handle),
      this.#metrics && { metrics: this.#metrics, clock: env.clock, random: env.random },
    )
    this.queue = new SchedulingQueue({
      clock: env.clock,
      queueSort: this.#framework.queueSort,
      preEnqueue: pod => this.#framework.preEnqueue(pod),
      events: this.#framework.eventsByPlugin(),
      onReady: () => this.#kick(),
      metrics: this.#metrics,
    })
    this.#cycle = new SchedulingCycle({
      cache: this.cache,
      framework: this.#framework,
      nominator: this.#nominator,
      random: env.random,
      percentageOfNodesToScore: options.percentageOfNodesToScore,
    })
  }

  /** Starts to watch; schedules as soon as all that is there is known. */
  async start(): Promise<void> {
    this.#pods = watchCluster({
      informers: this.#informers,
      cache: this.cache,
      queue: this.queue,
      nominator: this.#nominator,
      schedulerName: this.options.schedulerName ?? defaultSchedulerName,
      measures: this.#metrics && { metrics: this.#metrics, clock: this.#env.clock },
    })
    this.#informers.start()
    this.#informers.synced(this.#abort.signal).then(
      () => {
        this.#synced = true
        this.#kick()
      },
      () => {},
    )
  }

  async stop(): Promise<void> {
    this.#abort.abort(new Error('scheduler stopped'))
    this.queue.stop()
    this.waitingPods.stop()
    this.#reports.stop()
    this.#events.stop()
    await this.#informers.stop()
  }

  /** All that was there when it started is known. */
  get synced(): boolean {
    return this.#synced
  }

  get #stopped(): boolean {
    return this.#abort.signal.aborted
  }

  #kick(): void {
    if (this.#scheduled || !this.#synced || this.#stopped) return
    this.#scheduled = true
    this.#env.clock.setImmediate(() => this.#run())
  }

  #run(): void {
    this.#scheduled = false
    const { clock } = this.#env
    const until = clock.monotonic() + sliceMs
    while (!this.#stopped && this.#bindings < mostBindings) {
      const queued = this.queue.pop()
      if (!queued) return
      this.#scheduleOne(queued)
      if (clock.monotonic() >= until) break
    }
    if (!this.queue.empty && this.#bindings < mostBindings) this.#kick()
  }

  #collect(): void {
    const { sizes, keptOut } = this.queue.count()
    this.#metrics?.pending(sizes)
    this.#metrics?.keptOut(keptOut)
    this.#metrics?.cached(this.cache.count())
    this.#metrics?.underWay({ bindings: this.#bindings, pods: this.queue.inFlight })
  }

  #attempted(result: AttemptResult, started: number): void {
    this.#metrics?.attempted(result, this.#env.clock.monotonic() - started)
  }

  #scheduleOne(queued: QueuedPodInfo): void {
    const { info } = queued
    if (this.#isOver(info)) {
      this.queue.done(info.uid)
      return
    }
    const started = this.#env.clock.monotonic()
    const result = this.#cycle.run(info)
    if (result.node === undefined) {
      // The queue has heard of every change until now, so this is the pod as it is.
      this.#fail(queued, result, started, info.pod)
      return
    }
    const { node } = result
    this.#metrics?.found(this.#env.clock.monotonic() - started)
    this.cache.assume(info, node)
    this.#nominator.remove(info.uid)
    const reserved = this.#framework.reserve(info, node)
    const permit = reserved ? { status: reserved } : this.#framework.permit(info, node)
    if (permit.status) {
      this.#giveUp(queued, node, permit.status, started)
      return
    }
    this.#bindings++
    this.#bind(queued, node, permit.waitFor, started)
      .then(
        failure => failure && this.#bindingFailed(queued, node, failure, started),
        error => this.#bindingFailed(queued, node, failed(error), started),
      )
      .finally(() => {
        this.#bindings--
        if (!this.queue.empty) this.#kick()
      })
  }

  /** There is nothing to schedule any more. */
  #isOver(info: PodInfo): boolean {
    if (!info.pod.metadata.deletionTimestamp) return this.cache.holds(info.uid)
    const note = `skip schedule deleting pod: ${info.key}`
    this.#events.eventf(info.pod, undefined, 'Warning', 'FailedScheduling', 'Scheduling', note)
    return true
  }

  /** Answers what went wrong, if anything. */
  async #bind(
    queued: QueuedPodInfo,
    node: string,
    waitFor: ReadonlyMap<string, number> | undefined,
    started: number,
  ): Promise<Status | undefined> {
    const { info } = queued
    const { clock } = this.#env
    if (waitFor) {
      const waiting = clock.monotonic()
      const refused = await this.waitingPods.wait(info, waitFor)
      this.#metrics?.permitWaited(refused?.code ?? 'Success', clock.monotonic() - waiting)
      if (refused) return refused
    }
    const framework = this.#framework
    const failure = (await framework.preBind(info, node)) ?? (await framework.bind(info, node))
    if (failure) return failure
    this.queue.done(info.uid)
    this.#attempted('scheduled', started)
    this.#metrics?.scheduled(queued, clock.now() - queued.firstSeen)
    const note = `Successfully assigned ${info.key} to ${node}`
    this.#events.eventf(info.pod, undefined, 'Normal', 'Scheduled', 'Binding', note)
    framework.postBind(info, node)
    return undefined
  }

  /** The node is refused after it was chosen. */
  #giveUp(queued: QueuedPodInfo, node: string, status: Status, started: number): void {
    this.#framework.unreserve(queued.info, node)
    this.cache.forget(queued.info.uid)
    const result = { status: asFitError(status, node), nominatedNodeName: '' }
    this.#fail(queued, result, started, this.#pods?.lister.get(queued.info.key))
  }

  #bindingFailed(queued: QueuedPodInfo, node: string, status: Status, started: number): void {
    this.#giveUp(queued, node, status, started)
    // Its room is free again, as if it had been deleted there.
    if (!this.#stopped) this.queue.move(assignedPodDelete, queued.info, undefined, queued.info.uid)
  }

  #fail(
    queued: QueuedPodInfo,
    { status, nominatedNodeName }: Extract<CycleResult, { node?: undefined }>,
    started: number,
    current: Pod | undefined,
  ): void {
    if (this.#stopped) return
    this.#attempted(status.rejected ? 'unschedulable' : 'error', started)
    const { info } = queued
    const { error } = status
    if (error instanceof FitError) {
      queued.unschedulablePlugins = error.diagnosis.unschedulablePlugins
      queued.pendingPlugins = error.diagnosis.pendingPlugins
    } else if (error === noNodesAvailable) queued.unschedulablePlugins = waitsForNode
    else this.#env.log.error('Error scheduling pod; retrying', { pod: info.key, error: status.message })
    if (!current || current.metadata.uid !== info.uid || current.spec.nodeName) this.queue.done(info.uid)
    else {
      queued.info = current === info.pod ? info : this.cache.podInfo(current)
      this.queue.addUnschedulable(queued)
      if (nominatedNodeName !== undefined) this.#nominator.add(queued.info, nominatedNodeName)
      else this.#nominator.update(queued.info)
    }
    this.#reports.put(info.uid, { info, status, nominatedNodeName })
  }

  #report({ info, status, nominatedNodeName }: Failure): void {
    const { message } = status
    const current = this.#pods?.lister.get(info.key)
    if (this.#stopped || current?.metadata.uid !== info.uid || current.spec.nodeName) return
    this.#events.eventf(info.pod, undefined, 'Warning', 'FailedScheduling', 'Scheduling', noteOf(message))
    const reason = status.rejected ? 'Unschedulable' : 'SchedulerError'
    const condition = { type: 'PodScheduled', status: 'False', reason, message }
    patchPodStatus(this.#client, current, { condition, nominatedNodeName }, this.#env.clock.now()).catch(error => {
      if (this.#stopped || isNotFound(error)) return
      this.#env.log.error('Error updating pod', { pod: info.key, error: String(error) })
    })
  }
}

/** Reserve and permit speak of one node only. */
function asFitError(status: Status, node: string): Status {
  if (!status.rejected) return status
  const diagnosis = emptyDiagnosis()
  diagnosis.statuses.set(node, status)
  if (status.code === 'Pending') diagnosis.pendingPlugins.add(status.plugin)
  else diagnosis.unschedulablePlugins.add(status.plugin)
  return new Status(status.code, [], status.plugin, new FitError(1, diagnosis))
}

function noteOf(message: string): string {
  return message.length <= longestNote ? message : `${message.slice(0, longestNote - 4)} ...`
}
