// Sees to it that Services, their IPAddress objects and their node ports agree, and tells of what it finds otherwise: an
// address whose object somebody took away, one that leads nowhere, one that two Services have, a port out of the range.
//
// Comes in: Services and IPAddresses as they are stored. Goes out: IPAddresses made right, and events. Everything is looked
// at when the server starts and every three minutes; an IPAddress whenever it changes.

import { services } from '../../../api/core/v1/service.ts'
import { ipAddresses } from '../../../api/networking/v1/ipaddress.ts'
import { groupResource, type KubeObject } from '../../../api/resource.ts'
import type { Client } from '../../../client/client.ts'
import { ComponentSeriesEventRecorder } from '../../../client/event-series.ts'
import type { Timer } from '../../../machinery/env/env.ts'
import { parseIP } from '../../../machinery/ip.ts'
import { timeOf } from '../../../machinery/time.ts'
import type { ServerContext } from '../../server-context.ts'
import type { ResourceStorage } from '../resource-storage.ts'
import { addressesOf, type IPAddressObjects, isManaged, parentOf } from './ip-address-objects.ts'
import { familyOf } from './service-allocators.ts'
import { isInRange } from './service-ranges.ts'

const intervalMs = 3 * 60_000
/** A Service may still be on its way into the store, as long as a request may take. */
const leakAfterMs = 60_000

export class ServiceRepair {
  readonly #server: ServerContext
  readonly #objects: IPAddressObjects
  readonly #services: ResourceStorage
  readonly #addresses: ResourceStorage
  readonly #ofAddresses: ComponentSeriesEventRecorder
  readonly #ofPorts: ComponentSeriesEventRecorder
  readonly #leaking = new Map<string, Timer>()
  #timer: Timer | undefined
  #stopped = false

  constructor(server: ServerContext, client: Client, objects: IPAddressObjects) {
    this.#server = server
    this.#objects = objects
    this.#services = server.registry.storage(groupResource(services))
    this.#addresses = server.registry.storage(groupResource(ipAddresses))
    const recorder = (name: string) =>
      new ComponentSeriesEventRecorder(client, server.env, { name, instance: `${name}-k8ts` })
    this.#ofAddresses = recorder('ipallocator-repair-controller')
    this.#ofPorts = recorder('portallocator-repair-controller')
  }

  start(): void {
    this.#addresses.cache.onEvents(events => {
      if (this.#stopped) return
      for (const { type, object } of events) {
        this.#checkAddress(object.object, type === 'DELETED')
        const { name = '' } = object.object.metadata
        const holder = type === 'DELETED' ? this.#serviceOf(object.object) : this.#holderOf(name)
        if (holder && addressesOf(holder).includes(name)) this.#checkHeld(holder)
      }
    })
    this.#checkAll()
    this.#timer = this.#server.env.clock.setInterval(() => this.#checkAll(), intervalMs)
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    for (const timer of this.#leaking.values()) timer.cancel()
    this.#ofAddresses.stop()
    this.#ofPorts.stop()
  }

  #checkAll(): void {
    for (const { object } of this.#services.cache.all()) this.#checkHeld(object)
    for (const { object } of this.#addresses.cache.all()) this.#checkAddress(object, false)
    this.#checkPorts()
  }

  /** The Service that has the address; the first of those that its IPAddress does not name. */
  #holderOf(address: string): KubeObject | undefined {
    const stored = this.#addresses.cache.get(this.#addresses.key('', address))
    const named = stored && this.#serviceOf(stored.object)
    if (named && addressesOf(named).includes(address)) return named
    for (const { object } of this.#services.cache.all()) if (addressesOf(object).includes(address)) return object
    return undefined
  }

  #serviceOf(address: KubeObject): KubeObject | undefined {
    const { group, resource, namespace = '', name = '' } = parentOf(address)
    if (group || resource !== 'services') return undefined
    return this.#services.cache.get(this.#services.key(namespace, name))?.object
  }

  /** Each address of the Service is in a range, and has an object that leads back. */
  #checkHeld(service: KubeObject): void {
    const { namespace, name } = service.metadata
    const warn = (reason: string, note: string) =>
      this.#ofAddresses.eventf(service, undefined, 'Warning', reason, 'ClusterIPAllocation', note)
    for (const address of addressesOf(service)) {
      const family = familyOf(address)
      if (!isInRange(this.#server, parseIP(address)!)) {
        const note = `Cluster IP [${family}]: ${address} is not within any configured Service CIDR; please recreate service`
        warn('ClusterIPOutOfRange', note)
        continue
      }
      // What has just been given is on its way.
      if (this.#objects.isWriting(address)) continue
      const stored = this.#addresses.cache.get(this.#addresses.key('', address))?.object
      if (!stored) {
        warn('ClusterIPNotAllocated', `Cluster IP [${family}]: ${address} is not allocated; repairing`)
        this.#objects.ensure(address, service)
        continue
      }
      const parent = parentOf(stored)
      if (!parent.group && parent.resource === 'services' && parent.namespace === namespace && parent.name === name) {
        this.#objects.ensure(address, service)
        continue
      }
      const other = this.#serviceOf(stored)
      if (other && addressesOf(other).includes(address)) {
        const note = `Cluster IP [${family}]:${address} was assigned to multiple services; please recreate service`
        warn('ClusterIPAlreadyAllocated', note)
        continue
      }
      const note = `the ClusterIP [${family}]: ${address} for Service ${namespace}/${name} has a wrong reference; repairing`
      warn('ClusterIPNotAllocated', note)
      this.#objects.ensure(address, service)
    }
  }

  /** An IPAddress that the allocator made belongs to a Service, or goes. */
  #checkAddress(address: KubeObject, gone: boolean): void {
    const { name = '', creationTimestamp } = address.metadata
    this.#leaking.get(name)?.cancel()
    this.#leaking.delete(name)
    if (gone || !isManaged(address) || this.#holderOf(name)) return
    const { clock } = this.#server.env
    const age = clock.now() - (timeOf(creationTimestamp) ?? 0)
    const cleanUp = (reason: string, note: string): void => {
      this.#ofAddresses.eventf(address, undefined, 'Warning', reason, 'IPAddressAllocation', note)
      this.#objects.remove(name)
    }
    const parent = parentOf(address)
    if (parent.group || parent.resource !== 'services') {
      const reference = `&ParentReference{Group:${parent.group ?? ''},Resource:${parent.resource ?? ''},Namespace:${parent.namespace ?? ''},Name:${parent.name ?? ''},}`
      cleanUp(
        'IPAddressNotAllocated',
        `IPAddress ${name} appears to have been modified, not referencing a Service ${reference}: cleaning up`,
      )
    } else if (age <= leakAfterMs) {
      const again = () =>
        this.#checkAddress(address, this.#addresses.cache.get(this.#addresses.key('', name)) === undefined)
      this.#leaking.set(name, clock.setTimeout(again, leakAfterMs - age + 1))
    } else if (this.#serviceOf(address))
      cleanUp(
        'IPAddressWrongReference',
        `IPAddress: ${name} for Service ${parent.namespace}/${parent.name} has a wrong reference; cleaning up`,
      )
    else
      cleanUp(
        'IPAddressNotAllocated',
        `IPAddress: ${name} for Service ${parent.namespace}/${parent.name} appears to have leaked: cleaning up`,
      )
  }

  #checkPorts(): void {
    const [first, last] = this.#server.options.serviceNodePortRange
    const taken = new Set<number>()
    for (const { object } of this.#services.cache.all())
      for (const port of nodePortsOf(object)) {
        const warn = (reason: string, note: string) =>
          this.#ofPorts.eventf(object, undefined, 'Warning', reason, 'PortAllocation', note)
        if (port < first || port > last)
          warn('PortOutOfRange', `Port ${port} is not within the port range ${first}-${last}; please recreate service`)
        else if (taken.has(port))
          warn('PortAlreadyAllocated', `Port ${port} was assigned to multiple services; please recreate service`)
        taken.add(port)
      }
  }
}

/** Each once for all its protocols, but one that stands there twice with the same protocol twice. */
function nodePortsOf({ spec }: KubeObject): number[] {
  const found: number[] = []
  const seen = new Set<string>()
  const numbers = new Set<number>()
  for (const { nodePort, protocol } of spec?.['ports'] ?? []) {
    if (!nodePort) continue
    if (!numbers.has(nodePort) || seen.has(`${nodePort} ${protocol}`)) found.push(nodePort)
    numbers.add(nodePort)
    seen.add(`${nodePort} ${protocol}`)
  }
  const health = spec?.['healthCheckNodePort']
  if (health && (!numbers.has(health) || seen.has(`${health} TCP`))) found.push(health)
  return found
}
