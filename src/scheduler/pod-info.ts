// A pod with what the scheduler works out about it once, when it is first asked for: requests, ports, affinity terms.

import type { PodAffinityTerm, WeightedPodAffinityTerm } from '../api/core/v1/affinity.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import { type LabelSelector, type Labels, labelSelectorFrom, nothing, type Selector } from '../machinery/labels.ts'
import { podRequests } from './pod-requests.ts'
import type { Requests, ResourceTable } from './resource-table.ts'

export interface HostPort {
  readonly ip: string
  readonly protocol: string
  readonly port: number
}

/** A pod affinity term, its selectors parsed. */
export interface AffinityTerm {
  readonly namespaces: ReadonlySet<string>
  readonly selector: Selector
  readonly namespaceSelector: Selector
  readonly topologyKey: string
}

export interface WeightedAffinityTerm {
  readonly term: AffinityTerm
  readonly weight: number
}

/** What takes some working out: of pods that never come so far, nobody asks for it. */
interface Demands {
  readonly requests: Requests
  readonly hostPorts: readonly HostPort[]
  readonly requiredAffinity: readonly AffinityTerm[]
  readonly requiredAntiAffinity: readonly AffinityTerm[]
  readonly preferredAffinity: readonly WeightedAffinityTerm[]
  readonly preferredAntiAffinity: readonly WeightedAffinityTerm[]
}

export class PodInfo {
  readonly pod: Pod
  readonly uid: string
  readonly #table: ResourceTable
  #demands: Demands | undefined

  constructor(pod: Pod, table: ResourceTable) {
    this.pod = pod
    this.uid = pod.metadata.uid ?? ''
    this.#table = table
  }

  get namespace(): string {
    return this.pod.metadata.namespace ?? ''
  }

  get name(): string {
    return this.pod.metadata.name ?? ''
  }

  /** `namespace/name`. */
  get key(): string {
    return `${this.namespace}/${this.name}`
  }

  get priority(): number {
    return this.pod.spec.priority ?? 0
  }

  get labels(): Labels | undefined {
    return this.pod.metadata.labels
  }

  get requests(): Requests {
    return this.#worked().requests
  }

  get hostPorts(): readonly HostPort[] {
    return this.#worked().hostPorts
  }

  /** It has pod affinity or anti-affinity of any kind. */
  get hasAffinity(): boolean {
    const { affinity } = this.pod.spec
    return affinity?.podAffinity !== undefined || affinity?.podAntiAffinity !== undefined
  }

  get requiredAffinity(): readonly AffinityTerm[] {
    return this.#worked().requiredAffinity
  }

  get requiredAntiAffinity(): readonly AffinityTerm[] {
    return this.#worked().requiredAntiAffinity
  }

  get preferredAffinity(): readonly WeightedAffinityTerm[] {
    return this.#worked().preferredAffinity
  }

  get preferredAntiAffinity(): readonly WeightedAffinityTerm[] {
    return this.#worked().preferredAntiAffinity
  }

  #worked(): Demands {
    this.#demands ??= demandsOf(this.pod, this.#table)
    return this.#demands
  }
}

function demandsOf(pod: Pod, table: ResourceTable): Demands {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {}
  return {
    requests: podRequests(pod, table),
    hostPorts: hostPortsOf(pod),
    requiredAffinity: terms(pod, podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    requiredAntiAffinity: terms(pod, podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferredAffinity: weighted(pod, podAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    preferredAntiAffinity: weighted(pod, podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
  }
}

const none: readonly never[] = []

function terms(pod: Pod, declared: readonly PodAffinityTerm[] | undefined): readonly AffinityTerm[] {
  return declared?.length ? declared.map(term => affinityTerm(pod, term)) : none
}

function weighted(pod: Pod, declared: readonly WeightedPodAffinityTerm[] | undefined): readonly WeightedAffinityTerm[] {
  if (!declared?.length) return none
  return declared.map(({ weight, podAffinityTerm }) => ({ weight, term: affinityTerm(pod, podAffinityTerm) }))
}

function affinityTerm(pod: Pod, term: PodAffinityTerm): AffinityTerm {
  // Neither namespaces nor a selector of them: the pod's own.
  const own = !term.namespaces?.length && !term.namespaceSelector
  return {
    namespaces: new Set(own ? [pod.metadata.namespace ?? ''] : term.namespaces),
    selector: labelSelectorFrom(term.labelSelector as LabelSelector | undefined),
    namespaceSelector: term.namespaceSelector ? labelSelectorFrom(term.namespaceSelector as LabelSelector) : nothing,
    topologyKey: term.topologyKey,
  }
}

/** Ports of the node that containers and sidecars want for themselves. */
function hostPortsOf(pod: Pod): readonly HostPort[] {
  let ports: HostPort[] | undefined
  const collect = (container: { readonly ports?: readonly any[] }) => {
    for (const port of container.ports ?? [])
      if (port.hostPort > 0) {
        ports ??= []
        ports.push({ ip: port.hostIP || '0.0.0.0', protocol: port.protocol || 'TCP', port: port.hostPort })
      }
  }
  for (const container of pod.spec.containers ?? []) collect(container)
  for (const container of pod.spec.initContainers ?? []) if (container.restartPolicy === 'Always') collect(container)
  return ports ?? none
}

/** Whether the term speaks of this pod. */
export function termMatches(term: AffinityTerm, pod: PodInfo, namespaceLabels: Labels | undefined): boolean {
  if (!term.namespaces.has(pod.namespace) && !term.namespaceSelector.matches(namespaceLabels ?? {})) return false
  return term.selector.matches(pod.labels)
}
