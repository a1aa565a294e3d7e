// Addresses and node ports of Services (upstream: pkg/registry/core/service/storage/alloc.go).
//
// Comes in: a Service on its way into the store, with what its author asked for. Goes out: the same Service with its
// addresses, families and ports, reserved before it is written; and a function that gives them back when it isn't. What
// is taken follows from the stored Services: the allocators are filled from the watch cache and kept in step with it.

import { validateServiceClusterIPs } from '../../../api/core/v1/service.validation.ts'
import { ipAddresses } from '../../../api/networking/v1/ipaddress.ts'
import { groupResource, type KubeObject } from '../../../api/resource.ts'
import { type FieldError, invalid as fieldInvalid } from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'
import { parseIP } from '../../../machinery/ip.ts'
import { internalError, invalid } from '../../../machinery/status-error.ts'
import type { ServerContext } from '../../server-context.ts'
import type { ResourceStorage } from '../resource-storage.ts'
import { AllocationError, IPAllocator } from './ip-allocator.ts'
import { dryRunPorts, PortAllocator, type Ports } from './port-allocator.ts'
import { readyRanges, serviceCIDRStorage } from './service-ranges.ts'

type Spec = Record<string, any>
type Family = 'IPv4' | 'IPv6'

const kind = { group: '', kind: 'Service' }
const spec = root('spec')
const noAddress = 'None'

export const ownerOf = (service: KubeObject): string =>
  `${service.metadata.namespace ?? ''}/${service.metadata.name ?? ''}`

/** Services of type LoadBalancer that only use their own node's endpoints are probed on a port of their own. */
export const needsHealthCheck = (of: Spec): boolean =>
  of['type'] === 'LoadBalancer' && of['externalTrafficPolicy'] === 'Local'
export const hasNodePorts = (of: Spec): boolean => of['type'] === 'NodePort' || of['type'] === 'LoadBalancer'
const allocatesNodePorts = (of: Spec): boolean =>
  of['type'] === 'NodePort' || (of['type'] === 'LoadBalancer' && of['allocateLoadBalancerNodePorts'] !== false)

/** The addresses and ports a Service holds. */
export function holdings(of: Spec): { addresses: string[]; ports: number[] } {
  const addresses: string[] = (of['clusterIPs'] ?? (of['clusterIP'] ? [of['clusterIP']] : [])).filter(
    (address: string) => address !== '' && address !== noAddress,
  )
  const ports: number[] = (of['ports'] ?? []).map((port: Spec) => port['nodePort'] ?? 0)
  ports.push(of['healthCheckNodePort'] ?? 0)
  return { addresses, ports: ports.filter(port => port !== 0) }
}

export class ServiceAllocators {
  readonly #families: ReadonlyMap<Family, IPAllocator>
  readonly #defaultFamily: Family
  readonly #ports: PortAllocator

  constructor(server: ServerContext) {
    const { random } = server.env
    const allocators = server.options.serviceCIDR.split(',').map(range => new IPAllocator(range.trim(), random))
    this.#families = new Map(allocators.map(allocator => [allocator.family, allocator]))
    this.#defaultFamily = allocators[0]!.family
    this.#ports = new PortAllocator(server.options.serviceNodePortRange, random)
    const { cache } = server.registry.storage('services')
    for (const { object } of cache.all()) this.#record(object)
    cache.onEvents(events => {
      for (const { type, object, previous } of events) {
        if (previous) this.#release(previous.object, type === 'DELETED' ? undefined : object.object)
        if (type !== 'DELETED') this.#record(object.object)
      }
    })
    this.#followAddresses(server.registry.storage(groupResource(ipAddresses)))
    this.#useRanges(server)
    serviceCIDRStorage(server).cache.onEvents(() => this.#useRanges(server))
  }

  #useRanges(server: ServerContext): void {
    const ranges = readyRanges(server)
    for (const allocator of this.#families.values())
      allocator.setRanges(ranges.filter(({ family }) => `IPv${family}` === allocator.family))
  }

  /** Addresses that somebody has taken by an IPAddress of their own are not given to Services. */
  #followAddresses({ cache }: ResourceStorage): void {
    const owner = (name: string): string => `ipaddress/${name}`
    const take = (name: string): void => {
      const allocator = this.#of(name)
      if (allocator && !allocator.has(name)) allocator.record(name, owner(name))
    }
    for (const { object } of cache.all()) take(object.metadata.name ?? '')
    cache.onEvents(events => {
      for (const { type, object } of events) {
        const { name = '' } = object.object.metadata
        if (type === 'DELETED') this.#of(name)?.release(name, owner(name))
        else take(name)
      }
    })
  }

  #record(service: KubeObject): void {
    const owner = ownerOf(service)
    const { addresses, ports } = holdings(service['spec'])
    for (const address of addresses) this.#of(address)?.record(address, owner)
    for (const port of ports) this.#ports.record(port, owner)
  }

  #release(service: KubeObject, now: KubeObject | undefined): void {
    const owner = ownerOf(service)
    const before = holdings(service['spec'])
    const kept = now ? holdings(now['spec']) : { addresses: [], ports: [] }
    for (const address of before.addresses)
      if (!kept.addresses.includes(address)) this.#of(address)?.release(address, owner)
    for (const port of before.ports) if (!kept.ports.includes(port)) this.#ports.release(port, owner)
  }

  #of(address: string): IPAllocator | undefined {
    return this.#families.get(familyOf(address))
  }

  /** Gives the Service what it needs; what comes back undoes it. */
  allocate(service: KubeObject, old: KubeObject | undefined, dryRun: boolean): () => void {
    const undo: (() => void)[] = []
    const revert = (): void => {
      for (const step of undo.splice(0).reverse()) step()
    }
    try {
      this.#initFamilies(service, old)
      this.#allocateAddresses(service, old, undo, dryRun)
      this.#allocatePorts(service, old, undo, dryRun ? dryRunPorts(this.#ports) : this.#ports)
    } catch (error) {
      revert()
      throw error
    }
    return revert
  }

  #initFamilies(service: KubeObject, old: KubeObject | undefined): void {
    const of: Spec = service['spec']
    if (of['type'] === 'ExternalName') return
    const before: Spec | undefined = old?.['spec']
    const selectorless = Object.keys(of['selector'] ?? {}).length === 0
    const headless = of['clusterIP'] === noAddress
    if (of['ipFamilyPolicy'] === undefined) {
      if (before?.['ipFamilyPolicy'] !== undefined) of['ipFamilyPolicy'] = before['ipFamilyPolicy']
      else of['ipFamilyPolicy'] = headless && selectorless ? 'RequireDualStack' : 'SingleStack'
    }
    this.#check(service, validateServiceClusterIPs(service))
    const errors: FieldError[] = []
    const policy: string = of['ipFamilyPolicy']
    const policyInvalid = (detail: string): void => {
      errors.push(fieldInvalid(spec.child('ipFamilyPolicy'), policy, detail))
    }
    const families: Family[] = [...(of['ipFamilies'] ?? [])]
    const addresses: string[] = of['clusterIPs'] ?? []
    if (before) this.#keepOrReduce(of, before, families, policyInvalid)
    if (policy === 'SingleStack') {
      if ((of['clusterIPs'] ?? []).length === 2)
        policyInvalid("must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified")
      if (families.length === 2)
        policyInvalid("must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified")
    }
    for (const [index, address] of addresses.entries()) {
      if (address === noAddress) break
      if (index < families.length) continue
      const family = familyOf(address)
      if (this.#families.has(family)) families.push(family)
      else
        errors.push(
          fieldInvalid(spec.child('clusterIPs').index(index), addresses, `${family} is not configured on this cluster`),
        )
    }
    this.#check(service, errors)
    const other = (family: Family): Family => (family === 'IPv4' ? 'IPv6' : 'IPv4')
    if (headless && selectorless) {
      if (families.length === 0) families.push(this.#defaultFamily)
      if (families.length < 2 && policy !== 'SingleStack') families.push(other(families[0]!))
      of['ipFamilies'] = families
      return
    }
    if (policy === 'RequireDualStack' && this.#families.size < 2)
      policyInvalid('this cluster is not configured for dual-stack services')
    for (const [index, family] of families.entries())
      if (!this.#families.has(family))
        errors.push(fieldInvalid(spec.child('ipFamilies').index(index), family, 'not configured on this cluster'))
    this.#check(service, errors)
    if (families.length === 0) families.push(this.#defaultFamily)
    if (policy !== 'SingleStack' && families.length === 1 && this.#families.size === 2)
      families.push(other(families[0]!))
    of['ipFamilies'] = families
  }

  /** An update to one family gives the second up; any other policy must not lose it. */
  #keepOrReduce(of: Spec, before: Spec, families: Family[], policyInvalid: (detail: string) => void): void {
    const [now, then]: [string[], string[]] = [of['clusterIPs'] ?? [], before['clusterIPs'] ?? []]
    const thenFamilies: string[] = before['ipFamilies'] ?? []
    if (of['ipFamilyPolicy'] === 'SingleStack') {
      if (now.length > 1 && now.join() === then.join()) of['clusterIPs'] = now.slice(0, 1)
      if (families.length > 1 && families.join() === thenFamilies.join()) families.length = 1
      return
    }
    if (now.length > 0 && now.length < then.length)
      policyInvalid("must be 'SingleStack' to release the secondary cluster IP")
    if (families.length > 0 && families.length < thenFamilies.length)
      policyInvalid("must be 'SingleStack' to release the secondary IP family")
  }

  #allocateAddresses(service: KubeObject, old: KubeObject | undefined, undo: (() => void)[], dryRun: boolean): void {
    const of: Spec = service['spec']
    if (of['type'] === 'ExternalName' || of['clusterIPs']?.[0] === noAddress) return
    const owner = ownerOf(service)
    const held = old ? holdings(old['spec']).addresses : []
    // A Service that has its addresses may not change them, which validation says.
    if (held.length > 0 && held.length >= (of['ipFamilies'] ?? []).length) return
    const asked: string[] = [...(of['clusterIPs'] ?? [])]
    const given: string[] = []
    for (const [index, family] of ((of['ipFamilies'] ?? []) as Family[]).entries()) {
      const allocator = this.#families.get(family)!
      let address = asked[index]
      if (address && held.includes(address)) {
        given.push(address)
        continue
      }
      try {
        if (dryRun) address = allocator.allocateForDryRun(address)
        else if (address) allocator.allocate(address, owner)
        else address = allocator.allocateNext(owner)
      } catch (error) {
        if (!(error instanceof AllocationError)) throw error
        if (!address) throw internalError(`failed to allocate a serviceIP: ${error.message}`)
        const detail = `failed to allocate IP ${address}: ${error.message}`
        throw this.#refusal(service, [fieldInvalid(spec.child('clusterIPs'), asked, detail)])
      }
      const taken = address
      if (!dryRun) undo.push(() => allocator.release(taken, owner))
      given.push(address)
    }
    of['clusterIPs'] = given
    if (given.length > 0) of['clusterIP'] = given[0]
  }

  #allocatePorts(service: KubeObject, old: KubeObject | undefined, undo: (() => void)[], from: Ports): void {
    const of: Spec = service['spec']
    const owner = ownerOf(service)
    const held = old ? holdings(old['spec']).ports : []
    const mine = new Set<number>()
    const take = (port: number): void => {
      if (held.includes(port) || mine.has(port)) return
      from.allocate(port, owner)
      mine.add(port)
      undo.push(() => from.release(port, owner))
    }
    const next = (): number => {
      const port = from.allocateNext(owner)
      mine.add(port)
      undo.push(() => from.release(port, owner))
      return port
    }
    if (hasNodePorts(of)) this.#allocateNodePorts(service, take, next)
    if (!needsHealthCheck(of)) return
    try {
      if (of['healthCheckNodePort']) take(of['healthCheckNodePort'])
      else if (old && needsHealthCheck(old['spec'])) of['healthCheckNodePort'] = old['spec'].healthCheckNodePort
      else of['healthCheckNodePort'] = next()
    } catch (error) {
      if (!(error instanceof AllocationError)) throw error
      const asked: number = of['healthCheckNodePort'] ?? 0
      throw internalError(
        asked === 0
          ? `failed to allocate a HealthCheck NodePort ${asked}: ${error.message}`
          : `failed to allocate requested HealthCheck NodePort ${asked}: ${error.message}`,
      )
    }
  }

  #allocateNodePorts(service: KubeObject, take: (port: number) => void, next: () => number): void {
    const of: Spec = service['spec']
    const ports: Spec[] = of['ports'] ?? []
    // The same port over TCP and UDP gets the same node port.
    const byPort = new Map<number, number>()
    for (const [index, port] of ports.entries()) {
      if (!port['nodePort'] && !allocatesNodePorts(of)) continue
      const asked: number =
        port['nodePort'] ||
        byPort.get(port['port']) ||
        ports.find(other => other['port'] === port['port'] && other['nodePort'])?.['nodePort'] ||
        0
      try {
        if (asked === 0) port['nodePort'] = next()
        else {
          take(asked)
          port['nodePort'] = asked
        }
      } catch (error) {
        if (!(error instanceof AllocationError)) throw error
        if (asked === 0) throw internalError(`failed to allocate a nodePort: ${error.message}`)
        const path = spec.child('ports').index(index).child('nodePort')
        throw this.#refusal(service, [fieldInvalid(path, asked, error.message)])
      }
      byPort.set(port['port'], port['nodePort'])
    }
  }

  #check(service: KubeObject, errors: readonly FieldError[]): void {
    if (errors.length > 0) throw this.#refusal(service, errors)
  }

  #refusal(service: KubeObject, errors: readonly FieldError[]): Error {
    return invalid(kind, service.metadata.name ?? '', errors)
  }
}

export function familyOf(address: string): Family {
  return parseIP(address)?.family === 6 ? 'IPv6' : 'IPv4'
}

const allocators = new WeakMap<ServerContext, ServiceAllocators>()

export function serviceAllocators(server: ServerContext): ServiceAllocators {
  let found = allocators.get(server)
  if (!found) {
    found = new ServiceAllocators(server)
    allocators.set(server, found)
  }
  return found
}
