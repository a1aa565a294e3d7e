// Runs a profile's plugins, extension point by extension point, and puts their answers together.

import type { Clock, Random } from '../machinery/env/env.ts'
import type { Counter } from '../machinery/metrics/metrics.ts'
import type { ClusterEventWithHint } from './cluster-event.ts'
import { anyAction } from './cluster-event.ts'
import type { Diagnosis, NodeStatuses } from './fit-error.ts'
import { type FilterRun, maxNodeScore, type Plugin, type PostFilterResult } from './framework.ts'
import type { ExtensionPoint, SchedulerMetrics } from './metrics.ts'
import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'
import type { QueuedPodInfo } from './queued-pod.ts'
import type { Snapshot } from './snapshot.ts'
import { failed, Status, unresolvable } from './status.ts'

export interface WeightedPlugin {
  readonly plugin: Plugin
  /** Of its score, where it gives one. */
  readonly weight: number
}

/** A filter that takes part in this pod's cycle, with what its preFilter worked out. */
export interface ActiveFilter {
  readonly plugin: Plugin
  readonly state: unknown
}

export interface PreFiltered {
  readonly filters: readonly ActiveFilter[]
  /** The only nodes that can do; all when absent. */
  readonly nodes?: ReadonlySet<string>
  /** Who narrowed the nodes down. */
  readonly narrowedBy: ReadonlySet<string>
  readonly status?: Status
}

interface ActiveScore {
  readonly plugin: Plugin
  readonly weight: number
  readonly state: unknown
}

const nobody: ReadonlySet<string> = new Set()

/** What there is to measure with. */
export interface Measures {
  readonly metrics: SchedulerMetrics
  readonly clock: Clock
  readonly random: Random
}

/** Upstream's: every plugin is timed in so many cycles, not in all: it would cost too much. */
const sampled = 0.1

export class FrameworkRunner {
  readonly #measures: Measures | undefined
  /** The pods in whose cycles plugins are timed. */
  readonly #sampled = new WeakSet<PodInfo>()
  /** The cycle that runs is one of these. */
  #samples = false
  readonly #evaluations = new Map<Plugin, Map<ExtensionPoint, Counter>>()
  readonly plugins: readonly WeightedPlugin[]
  readonly queueSort: (a: QueuedPodInfo, b: QueuedPodInfo) => boolean
  readonly #filters: readonly Plugin[]
  readonly #postFilter: readonly Plugin[]
  readonly #score: readonly WeightedPlugin[]
  readonly #scores = { total: new Float64Array(0), plugin: new Float64Array(0) }

  constructor(plugins: readonly WeightedPlugin[], measures?: Measures) {
    this.plugins = plugins
    this.#measures = measures
    const all = plugins.map(({ plugin }) => plugin)
    const sorters = all.filter(plugin => plugin.queueSort)
    if (sorters.length !== 1) throw new Error('exactly one queue sort plugin required for profile')
    if (!all.some(plugin => plugin.bind)) throw new Error('at least one bind plugin is needed for profile')
    this.queueSort = (a, b) => sorters[0]!.queueSort!(a, b)
    this.#filters = all.filter(plugin => plugin.preFilter || plugin.filter)
    this.#postFilter = all.filter(plugin => plugin.postFilter)
    this.#score = plugins.filter(({ plugin }) => plugin.score)
    // What was never evaluated is there, as zero.
    for (const plugin of all) {
      if (plugin.preFilter) measures?.metrics.evaluation(plugin.name, 'PreFilter')
      if (plugin.filter) measures?.metrics.evaluation(plugin.name, 'Filter')
      if (plugin.preScore) measures?.metrics.evaluation(plugin.name, 'PreScore')
      if (plugin.score) measures?.metrics.evaluation(plugin.name, 'Score')
    }
  }

  get hasPostFilter(): boolean {
    return this.#postFilter.length > 0
  }

  get hasScore(): boolean {
    return this.#score.length > 0
  }

  /** Which events each plugin waits for. */
  eventsByPlugin(): ReadonlyMap<string, readonly ClusterEventWithHint[]> {
    const everything: readonly ClusterEventWithHint[] = [{ resource: '*', action: anyAction }]
    return new Map(this.plugins.map(({ plugin }) => [plugin.name, plugin.eventsToRegister?.() ?? everything]))
  }

  preEnqueue(pod: PodInfo): Status | undefined {
    return this.timed('PreEnqueue', codeOf, () => this.#preEnqueue(pod))
  }

  #preEnqueue(pod: PodInfo): Status | undefined {
    const samples = this.#draw()
    for (const { plugin } of this.plugins) {
      if (!plugin.preEnqueue) continue
      const status = samples
        ? this.#sample('PreEnqueue', plugin, codeOf, () => plugin.preEnqueue!(pod))
        : plugin.preEnqueue(pod)
      if (status) return named(status, plugin)
    }
    return undefined
  }

  #draw(): boolean {
    return this.#measures !== undefined && this.#measures.random.next() < sampled
  }

  /** Does it, and notes how long that took and how it ended. */
  timed<T>(point: ExtensionPoint, code: (result: Awaited<T>) => string, run: () => T): T {
    const { metrics } = this.#measures ?? {}
    if (!metrics) return run()
    return this.#measured(code, run, (status, milliseconds) => metrics.point(point, status, milliseconds))
  }

  /** The same of one plugin. */
  #sample<T>(point: ExtensionPoint, { name }: Plugin, code: (result: Awaited<T>) => string, run: () => T): T {
    const { metrics } = this.#measures!
    return this.#measured(code, run, (status, milliseconds) => metrics.plugin(name, point, status, milliseconds))
  }

  #measured<T>(
    code: (result: Awaited<T>) => string,
    run: () => T,
    observe: (status: string, milliseconds: number) => void,
  ): T {
    const { clock } = this.#measures!
    const started = clock.monotonic()
    const note = (status: string) => observe(status, clock.monotonic() - started)
    try {
      const result = run()
      if (result instanceof Promise)
        result.then(
          settled => note(code(settled)),
          () => note('Error'),
        )
      else note(code(result as Awaited<T>))
      return result
    } catch (error) {
      note('Error')
      throw error
    }
  }

  #evaluated(plugin: Plugin, point: ExtensionPoint): void {
    if (!this.#measures) return
    let counters = this.#evaluations.get(plugin)
    if (!counters) {
      counters = new Map()
      this.#evaluations.set(plugin, counters)
    }
    let counter = counters.get(point)
    if (!counter) {
      counter = this.#measures.metrics.evaluation(plugin.name, point)
      counters.set(point, counter)
    }
    counter.inc()
  }

  preFilter(pod: PodInfo, snapshot: Snapshot): PreFiltered {
    return this.timed('PreFilter', codeOfPart, () => this.#preFilter(pod, snapshot))
  }

  #preFilter(pod: PodInfo, snapshot: Snapshot): PreFiltered {
    this.#samples = this.#draw()
    if (this.#samples) this.#sampled.add(pod)
    const filters: ActiveFilter[] = []
    let nodes: ReadonlySet<string> | undefined
    let narrowedBy = nobody
    for (const plugin of this.#filters) {
      const result =
        plugin.preFilter && this.#samples
          ? this.#sample('PreFilter', plugin, codeOfAnswer, () => plugin.preFilter!(pod, snapshot))
          : plugin.preFilter?.(pod, snapshot)
      if (result?.status?.code === 'Skip') continue
      if (plugin.preFilter) this.#evaluated(plugin, 'PreFilter')
      if (result?.status) return { filters: [], narrowedBy, status: named(result.status, plugin) }
      if (plugin.filter) filters.push({ plugin, state: result?.state })
      if (!result?.nodes) continue
      narrowedBy = new Set([...narrowedBy, plugin.name])
      nodes = nodes ? intersection(nodes, result.nodes) : result.nodes
      if (nodes.size === 0) return { filters: [], narrowedBy, status: narrowedToNothing(narrowedBy) }
    }
    return { filters, nodes, narrowedBy }
  }

  /** The first objection, in the plugins' order. */
  filter(filters: readonly ActiveFilter[], pod: PodInfo, node: NodeInfo): Status | undefined {
    for (let at = 0; at < filters.length; at++) {
      const { plugin, state } = filters[at]!
      const status = this.#samples
        ? this.#sample('Filter', plugin, codeOf, () => plugin.filter!(pod, node, state))
        : plugin.filter!(pod, node, state)
      if (status !== undefined) return status
    }
    return undefined
  }

  /** The filters take part in the search for one pod's node. */
  searching(filters: readonly ActiveFilter[]): void {
    for (const { plugin } of filters) this.#evaluated(plugin, 'Filter')
  }

  postFilter(run: FilterRun, statuses: NodeStatuses, diagnosis: Diagnosis): PostFilterResult {
    return this.timed('PostFilter', codeOfPart, () => this.#runPostFilter(run, statuses, diagnosis))
  }

  #runPostFilter(run: FilterRun, statuses: NodeStatuses, diagnosis: Diagnosis): PostFilterResult {
    const reasons: string[] = []
    let nominatedNodeName: string | undefined
    for (const plugin of this.#postFilter) {
      const result = this.#samples
        ? this.#sample('PostFilter', plugin, codeOfPart, () => plugin.postFilter!(run, statuses))
        : plugin.postFilter!(run, statuses)
      if (!result.status) return result
      if (result.status.code === 'UnschedulableAndUnresolvable') {
        diagnosis.postFilterMessage = result.status.message
        return result
      }
      if (!result.status.rejected) {
        diagnosis.postFilterMessage = `running PostFilter plugin ${JSON.stringify(plugin.name)}: ${result.status.message}`
        return { status: result.status }
      }
      nominatedNodeName = result.nominatedNodeName ?? nominatedNodeName
      reasons.push(...result.status.reasons)
    }
    diagnosis.postFilterMessage = reasons.join(', ')
    return { status: new Status('Unschedulable', reasons), nominatedNodeName }
  }

  /** The weighted sum for each of the nodes; the array is used again by the next call. */
  score(pod: PodInfo, nodes: readonly NodeInfo[], snapshot: Snapshot): Float64Array {
    const count = nodes.length
    if (this.#scores.total.length < count) {
      this.#scores.total = new Float64Array(count * 2)
      this.#scores.plugin = new Float64Array(count * 2)
    }
    const total = this.#scores.total.fill(0, 0, count)
    const scores = this.#scores.plugin
    const active = this.timed(
      'PreScore',
      () => 'Success',
      () => this.#activeScores(pod, nodes, snapshot),
    )
    return this.timed(
      'Score',
      () => 'Success',
      () => this.#sum(active, pod, nodes, { total, scores }),
    )
  }

  #sum(
    active: readonly ActiveScore[],
    pod: PodInfo,
    nodes: readonly NodeInfo[],
    { total, scores }: { readonly total: Float64Array; readonly scores: Float64Array },
  ): Float64Array {
    const count = nodes.length
    for (const { plugin, weight, state } of active) {
      this.#evaluated(plugin, 'Score')
      for (let at = 0; at < count; at++)
        scores[at] = this.#samples
          ? this.#sample('Score', plugin, succeeded, () => plugin.score!(pod, nodes[at]!, state))
          : plugin.score!(pod, nodes[at]!, state)
      if (plugin.normalizeScore && this.#samples)
        this.#sample('ScoreExtensionNormalize', plugin, succeeded, () =>
          plugin.normalizeScore!(pod, nodes, scores, state),
        )
      else plugin.normalizeScore?.(pod, nodes, scores, state)
      for (let at = 0; at < count; at++) {
        const score = scores[at]!
        if (!(score >= 0 && score <= maxNodeScore))
          throw new Error(
            `plugin ${JSON.stringify(plugin.name)} returns an invalid score ${score}, it should in the range of [0, ${maxNodeScore}] after normalizing`,
          )
        total[at]! += score * weight
      }
    }
    return total
  }

  #activeScores(pod: PodInfo, nodes: readonly NodeInfo[], snapshot: Snapshot): ActiveScore[] {
    const active: ActiveScore[] = []
    for (const { plugin, weight } of this.#score) {
      const result =
        plugin.preScore && this.#samples
          ? this.#sample('PreScore', plugin, codeOfAnswer, () => plugin.preScore!(pod, nodes, snapshot))
          : plugin.preScore?.(pod, nodes, snapshot)
      if (result?.status?.code === 'Skip') continue
      if (plugin.preScore) this.#evaluated(plugin, 'PreScore')
      if (result?.status)
        throw new Error(`running PreScore plugin ${JSON.stringify(plugin.name)}: ${result.status.message}`)
      active.push({ plugin, weight, state: result?.state })
    }
    return active
  }

  reserve(pod: PodInfo, node: string): Status | undefined {
    return this.timed('Reserve', codeOf, () => this.#reserve(pod, node))
  }

  #reserve(pod: PodInfo, node: string): Status | undefined {
    for (const { plugin } of this.plugins) {
      const status =
        plugin.reserve && this.#sampled.has(pod)
          ? this.#sample('Reserve', plugin, codeOf, () => plugin.reserve!(pod, node))
          : plugin.reserve?.(pod, node)
      if (status) return named(status, plugin)
    }
    return undefined
  }

  unreserve(pod: PodInfo, node: string): void {
    this.timed(
      'Unreserve',
      () => 'Success',
      () => {
        for (let at = this.plugins.length - 1; at >= 0; at--) this.plugins[at]!.plugin.unreserve?.(pod, node)
      },
    )
  }

  /** A Wait answers with the plugins waited for, and how long each at most. */
  permit(pod: PodInfo, node: string): Permitted {
    return this.timed(
      'Permit',
      ({ status, waitFor }) => status?.code ?? (waitFor ? 'Wait' : 'Success'),
      () => this.#permit(pod, node),
    )
  }

  #permit(pod: PodInfo, node: string): Permitted {
    let waitFor: Map<string, number> | undefined
    for (const { plugin } of this.plugins) {
      const result =
        plugin.permit && this.#sampled.has(pod)
          ? this.#sample('Permit', plugin, codeOfAnswer, () => plugin.permit!(pod, node))
          : plugin.permit?.(pod, node)
      if (!result?.status) continue
      if (result.status.code !== 'Wait') return { status: named(result.status, plugin) }
      waitFor ??= new Map()
      waitFor.set(plugin.name, Math.min(result.timeoutMs ?? longestPermitMs, longestPermitMs))
    }
    return { waitFor }
  }

  preBind(pod: PodInfo, node: string): Promise<Status | undefined> {
    return this.timed('PreBind', codeOf, () => this.#preBind(pod, node))
  }

  async #preBind(pod: PodInfo, node: string): Promise<Status | undefined> {
    for (const { plugin } of this.plugins) {
      if (!plugin.preBind) continue
      const status = await (this.#sampled.has(pod)
        ? this.#sample('PreBind', plugin, codeOf, () => plugin.preBind!(pod, node))
        : plugin.preBind(pod, node))
      if (status)
        return status.rejected
          ? named(status, plugin)
          : failed(new Error(`running PreBind plugin ${JSON.stringify(plugin.name)}: ${status.message}`))
    }
    return undefined
  }

  bind(pod: PodInfo, node: string): Promise<Status | undefined> {
    return this.timed('Bind', codeOf, () => this.#bind(pod, node))
  }

  async #bind(pod: PodInfo, node: string): Promise<Status | undefined> {
    for (const { plugin } of this.plugins) {
      if (!plugin.bind) continue
      const status = await (this.#sampled.has(pod)
        ? this.#sample('Bind', plugin, codeOf, () => plugin.bind!(pod, node))
        : plugin.bind(pod, node))
      if (status?.code === 'Skip') continue
      if (!status) return undefined
      return status.rejected
        ? named(status, plugin)
        : failed(new Error(`running Bind plugin ${JSON.stringify(plugin.name)}: ${status.message}`))
    }
    return failed(new Error('no plugin has bound the pod'))
  }

  postBind(pod: PodInfo, node: string): void {
    this.timed(
      'PostBind',
      () => 'Success',
      () => {
        for (const { plugin } of this.plugins) plugin.postBind?.(pod, node)
      },
    )
  }
}

interface Permitted {
  readonly status?: Status
  readonly waitFor?: ReadonlyMap<string, number>
}

const succeeded = () => 'Success'
const codeOf = (status: Status | undefined): string => status?.code ?? 'Success'
const codeOfPart = ({ status }: { readonly status?: Status }): string => codeOf(status)

const codeOfAnswer = (answer: { readonly status?: Status } | undefined): string => codeOf(answer?.status)

const longestPermitMs = 15 * 60_000

function named(status: Status, plugin: Plugin): Status {
  return status.plugin ? status : new Status(status.code, status.reasons, plugin.name, status.error)
}

function intersection(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...a].filter(name => b.has(name)))
}

function narrowedToNothing(plugins: ReadonlySet<string>): Status {
  const names = [...plugins].sort()
  return unresolvable(
    '',
    names.length === 1
      ? `node(s) didn't satisfy plugin ${names[0]}`
      : `node(s) didn't satisfy plugin(s) [${names.join(' ')}] simultaneously`,
  )
}
