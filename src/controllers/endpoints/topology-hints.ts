// Topology Aware Hints (KEP-2433): of a Service with the annotation, each zone is given endpoints in proportion to the CPUs
// of its nodes, its own first, so that traffic stays in the zone while no endpoint gets much more than its share. Where that
// cannot be, there are no hints at all, and an event says why.

import type { Node } from '../../api/core/v1/node.ts'
import type { Service } from '../../api/core/v1/service.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from '../../api/discovery/v1/endpointslice.ts'
import type { EventType } from '../../client/event-recorder.ts'
import { semanticEqual } from '../../machinery/deep-equal.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import { conditionStatus } from '../node-lifecycle/taints.ts'
import { type Allocation, allocationsOf, givingAndReceiving, minimumOf } from './zone-allocations.ts'

type AddressType = 'IPv4' | 'IPv6'

/** What is to become of a Service's slices of one address type. */
export interface SlicePlan {
  readonly create: { readonly ports: readonly EndpointPort[]; endpoints: readonly Endpoint[] }[]
  readonly update: Map<EndpointSlice, readonly Endpoint[]>
  unchanged: EndpointSlice[]
  readonly remove: EndpointSlice[]
}

export interface TopologyEvent {
  readonly type: EventType
  readonly reason: string
  readonly message: string
}

const zoneLabel = 'topology.kubernetes.io/zone'
const controlPlaneLabels = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master']

export const zoneOf = ({ metadata }: Node) => metadata.labels?.[zoneLabel]
export const isReady = (node: Node) => conditionStatus(node, 'Ready') === 'True'

export function wantsTopologyHints({ metadata: { annotations = {} } }: Service): boolean {
  const mode =
    annotations['service.kubernetes.io/topology-aware-hints'] ?? annotations['service.kubernetes.io/topology-mode']
  return mode === 'Auto' || mode === 'auto'
}

export function sameBeyondHints(now: Endpoint, before: Endpoint): boolean {
  return semanticEqual({ ...now, hints: undefined }, { ...before, hints: undefined })
}

type ZoneCounts = Map<string, number>

const count = (zones: ZoneCounts, zone: string, by = 1) => void zones.set(zone, (zones.get(zone) ?? 0) + by)
const isServing = ({ conditions }: Endpoint) => conditions?.ready === true
const unhinted = ({ hints: _, ...endpoint }: Endpoint): Endpoint => endpoint

export class TopologyHints {
  /** Each zone's share of the CPUs; undefined when that is not known of every node, or there is only one zone. */
  #shares: ReadonlyMap<string, number> | undefined
  #nodes: (() => readonly Node[]) | undefined
  /** How many endpoints of each Service are hinted for each zone. */
  readonly #hinted = new Map<string, Map<AddressType, ZoneCounts>>()
  /** Services that have hints, as far as has been told. */
  readonly #populated = new Set<string>()

  /** Answers the Services whose endpoints are no longer where they should be. */
  nodesChanged(nodes: () => readonly Node[]): string[] {
    this.#nodes = nodes
    if (this.#hinted.size === 0) return []
    const shares = this.#currentShares()
    return [...this.#hinted]
      .filter(([, byType]) => [...byType.values()].some(zones => isOverloaded(zones, shares)))
      .map(([key]) => key)
  }

  forget(key: string, addressType: AddressType): void {
    const byType = this.#hinted.get(key)
    byType?.delete(addressType)
    if (byType?.size === 0) this.#hinted.delete(key)
    this.#populated.delete(key)
  }

  /** Puts hints into the plan, or takes them out of it. */
  reconcile(key: string, service: Service, addressType: AddressType, plan: SlicePlan): TopologyEvent[] {
    if (wantsTopologyHints(service)) return this.#addHints(key, addressType, plan)
    const had = this.#populated.has(key)
    this.forget(key, addressType)
    return had ? [disabled('Topology Aware Hints has been disabled', addressType)] : []
  }

  #addHints(key: string, addressType: AddressType, plan: SlicePlan): TopologyEvent[] {
    const giveUp = (message: string) => {
      this.forget(key, addressType)
      removeHints(plan)
      return [disabled(message, addressType)]
    }
    const allocations = allocationsOf(readyEndpoints(plan), this.#currentShares())
    if (typeof allocations === 'string') return giveUp(allocations)

    const hinted: ZoneCounts = new Map()
    keepWhatFits(plan, allocations, hinted)
    const open = [...plan.create.map(({ endpoints }) => endpoints), ...plan.update.values()]
    for (const endpoint of open.flat().filter(isServing)) {
      if (!endpoint.zone) return giveUp('One or more endpoints do not have a zone specified')
      count(hinted, endpoint.zone)
    }
    const redistribution = givingAndReceiving(allocations, hinted)
    const hint = (endpoints: readonly Endpoint[]) =>
      endpoints.map(endpoint => hintFor(endpoint, redistribution, hinted))
    for (const slice of plan.create) slice.endpoints = hint(slice.endpoints)
    for (const [slice, endpoints] of plan.update) plan.update.set(slice, hint(endpoints))
    if (hinted.size === 0) return giveUp('No hints allocated for zones')

    const before = this.#populated.has(key)
    this.#hinted.set(key, (this.#hinted.get(key) ?? new Map<AddressType, ZoneCounts>()).set(addressType, hinted))
    this.#populated.add(key)
    const message = `Topology Aware Hints has been enabled, addressType: ${addressType}`
    return before ? [] : [{ type: 'Normal', reason: 'TopologyAwareHintsEnabled', message }]
  }

  #currentShares(): ReadonlyMap<string, number> | undefined {
    if (this.#nodes) this.#shares = sharesOf(this.#nodes())
    this.#nodes = undefined
    return this.#shares
  }
}

const disabled = (message: string, addressType: AddressType): TopologyEvent => ({
  type: 'Warning',
  reason: 'TopologyAwareHintsDisabled',
  message: `${message}, addressType: ${addressType}`,
})

function sharesOf(nodes: readonly Node[]): ReadonlyMap<string, number> | undefined {
  const byZone: ZoneCounts = new Map()
  let total = 0
  for (const node of nodes) {
    if (controlPlaneLabels.some(label => node.metadata.labels?.[label] !== undefined) || !isReady(node)) continue
    const zone = zoneOf(node)
    const milliCPU = parseQuantity(node.status.allocatable?.['cpu'] ?? '0').milliValue()
    if (!zone || milliCPU === 0) return undefined
    total += milliCPU
    count(byZone, zone, milliCPU)
  }
  if (total === 0 || byZone.size < 2) return undefined
  return new Map([...byZone].map(([zone, milliCPU]) => [zone, milliCPU / total]))
}

/** A zone has fewer endpoints than its share, by more than an endpoint may be loaded above its own. */
function isOverloaded(zones: ZoneCounts, shares: ReadonlyMap<string, number> | undefined): boolean {
  if (zones.size === 0) return false
  if (!shares) return true
  const total = [...zones.values()].reduce((sum, each) => sum + each, 0)
  return [...shares].some(([zone, share]) => (zones.get(zone) ?? -1) < minimumOf(share, total))
}

function readyEndpoints({ create, update, unchanged }: SlicePlan): number {
  const all = [
    ...create.map(({ endpoints }) => endpoints),
    ...update.values(),
    ...unchanged.map(({ endpoints = [] }) => endpoints),
  ]
  return all.flat().filter(isServing).length
}

/** Slices whose hints still fit stay as they are; the others are to be updated. */
function keepWhatFits(plan: SlicePlan, allocations: ReadonlyMap<string, Allocation>, hinted: ZoneCounts): void {
  plan.unchanged = plan.unchanged.filter(slice => {
    const own = hintsIn(slice, allocations)
    const fits = own && [...own].every(([zone, n]) => n + (hinted.get(zone) ?? 0) <= allocations.get(zone)!.maximum)
    if (fits) for (const [zone, n] of own) count(hinted, zone, n)
    else plan.update.set(slice, slice.endpoints ?? [])
    return fits
  })
}

/** undefined when one of its endpoints has none, or one for a zone that has gone. */
function hintsIn(slice: EndpointSlice, allocations: ReadonlyMap<string, Allocation>): ZoneCounts | undefined {
  const zones: ZoneCounts = new Map()
  for (const endpoint of (slice.endpoints ?? []).filter(isServing)) {
    const forZones = endpoint.hints?.forZones ?? []
    if (forZones.length === 0 || forZones.some(({ name }) => !allocations.has(name))) return undefined
    for (const { name } of forZones) count(zones, name)
  }
  return zones
}

/** Its own zone, unless that has more than its share and another has less. */
function hintFor(
  endpoint: Endpoint,
  { giving, receiving }: { giving: ZoneCounts; receiving: ZoneCounts },
  hinted: ZoneCounts,
): Endpoint {
  if (!isServing(endpoint)) return unhinted(endpoint)
  const own = endpoint.zone!
  const other = giving.has(own) ? [...receiving.keys()][0] : undefined
  if (other === undefined) return { ...endpoint, hints: { forZones: [{ name: own }] } }
  take(giving, own)
  take(receiving, other)
  count(hinted, own, -1)
  count(hinted, other)
  return { ...endpoint, hints: { forZones: [{ name: other }] } }
}

function take(zones: ZoneCounts, zone: string): void {
  const left = zones.get(zone)! - 1
  if (left > 0) zones.set(zone, left)
  else zones.delete(zone)
}

function removeHints(plan: SlicePlan): void {
  for (const slice of plan.create) slice.endpoints = slice.endpoints.map(unhinted)
  for (const [slice, endpoints] of plan.update) plan.update.set(slice, endpoints.map(unhinted))
  plan.unchanged = plan.unchanged.filter(slice => {
    if (!slice.endpoints?.some(({ hints }) => hints)) return true
    plan.update.set(slice, slice.endpoints.map(unhinted))
    return false
  })
}
