// Which pods stand behind a Service and how they are reached: what both kinds of endpoints are made of.

import type { Pod } from '../../api/core/v1/pod.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { type Service, type ServicePort, services } from '../../api/core/v1/service.ts'
import { type WatchDeclaration, watch } from '../../client/controller.ts'
import type { Lister } from '../../client/indexed-store.ts'
import { keyOf } from '../../client/object-key.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { formatTime, timeOf } from '../../machinery/time.ts'
import { isPodReady, isPodTerminal } from '../pod-status.ts'

export const headlessLabel = 'service.kubernetes.io/headless'
export const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time'

type Labels = Readonly<Record<string, string>>

/** A Service without a selector has its endpoints from somebody else. */
export function hasPods({ spec }: Service): boolean {
  return spec.type !== 'ExternalName' && spec.selector !== undefined && Object.keys(spec.selector).length > 0
}

export function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === 'None' || spec.clusterIP === undefined || spec.clusterIP === ''
}

function selects(selector: Labels, labels: Labels | undefined): boolean {
  for (const key in selector) if (labels?.[key] !== selector[key]) return false
  return true
}

function isBehind(pod: Pod | undefined, { spec }: Service): boolean {
  return pod !== undefined && selects(spec.selector!, pod.metadata.labels)
}

/** The pods that have an address, and have not ended. */
export function podsOf(service: Service, lister: Lister<Pod>): Pod[] {
  return lister
    .listNamespace(service.metadata.namespace ?? '')
    .filter(pod => isBehind(pod, service) && !isPodTerminal(pod) && hasAddress(pod))
}

function hasAddress({ status }: Pod): boolean {
  return !!status.podIP || (status.podIPs?.length ?? 0) > 0
}

export function addressesOf({ status }: Pod): readonly string[] {
  return status.podIPs && status.podIPs.length > 0
    ? status.podIPs.map(({ ip }) => ip)
    : status.podIP
      ? [status.podIP]
      : []
}

/** The number of the pod's port that the Service means; undefined when the pod has none of that name. */
export function portOf(pod: Pod, { targetPort, protocol = 'TCP' }: ServicePort): number | undefined {
  if (typeof targetPort === 'number') return targetPort
  const sidecars = pod.spec.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always') ?? []
  for (const { ports = [] } of [...pod.spec.containers, ...sidecars])
    for (const port of ports)
      if (port.name === targetPort && (port.protocol ?? 'TCP') === protocol) return port.containerPort
  return undefined
}

/** A pod of a headless Service that names it as its subdomain has a name of its own in DNS. */
export function hostnameOf({ spec, metadata }: Pod, service: Service): string | undefined {
  const own =
    spec.hostname && spec.subdomain === service.metadata.name && metadata.namespace === service.metadata.namespace
  return own ? spec.hostname : undefined
}

export function podReference({ metadata: { namespace, name, uid } }: Pod) {
  return { kind: 'Pod', namespace, name, uid }
}

const none: readonly string[] = []

/** The watch of pods for a controller of Services: a pod concerns those that select it, when what they tell of it changes. */
export function watchPods(): WatchDeclaration<Pod, any> {
  return watch<Pod, any>(pods, {
    keys: ({ before, after }, { lister }) => {
      const concerned = lister(services)
        .listNamespace((after ?? before)!.metadata.namespace ?? '')
        .filter(service => hasPods(service) && (isBehind(before, service) || isBehind(after, service)))
      if (concerned.length === 0) return none
      if (before && after && deepEqual(facts(before), facts(after))) return none
      return concerned.map(keyOf)
    },
  })
}

function facts(pod: Pod) {
  const { metadata, spec, status } = pod
  return {
    uid: metadata.uid,
    labels: metadata.labels,
    deleting: !!metadata.deletionTimestamp,
    node: spec.nodeName,
    hostname: spec.hostname,
    subdomain: spec.subdomain,
    addresses: addressesOf(pod),
    ready: isPodReady(pod),
    ended: status.phase === 'Failed' || status.phase === 'Succeeded',
  }
}

/** When the earliest of the changes happened that the next update will tell of. */
export class TriggerTimes {
  readonly #known = new Map<string, { service: number; pods: Map<string, number> }>()

  /** The text for the annotation; undefined when neither the Service nor a pod has changed since the last call. */
  next(key: string, service: Service, selected: readonly Pod[]): string | undefined {
    const known = this.#known.get(key)
    const created = timeOf(service.metadata.creationTimestamp) ?? 0
    const times = new Map<string, number>()
    let earliest = known && known.service >= created ? undefined : created
    for (const pod of selected) {
      const condition = pod.status.conditions?.find(({ type }) => type === 'Ready')
      const at = timeOf(condition?.lastTransitionTime)
      if (at === undefined) continue
      const name = pod.metadata.name ?? ''
      times.set(name, at)
      if (at > (known?.pods.get(name) ?? 0)) earliest = Math.min(earliest ?? at, at)
    }
    this.#known.set(key, { service: created, pods: times })
    return earliest === undefined ? undefined : formatTime(earliest)
  }

  forget(key: string): void {
    this.#known.delete(key)
  }
}
