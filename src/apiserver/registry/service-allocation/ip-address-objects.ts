// An IPAddress object for every address that a Service has: who holds which, for people and for the controller of the
// ranges. Made right after the Service, and made right again at every start, when what else was left behind goes.

import { ipAddresses } from '../../../api/networking/v1/ipaddress.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { groupResource } from '../../../api/resource.ts'
import { deepEqual } from '../../../machinery/deep-equal.ts'
import { formatIP, parseIP } from '../../../machinery/ip.ts'
import { formatTime } from '../../../machinery/time.ts'
import type { ServerContext } from '../../server-context.ts'
import { apiServerManager, manageCreated } from '../field-management/field-manager.ts'
import type { ResourceStorage } from '../resource-storage.ts'

const managedByLabel = 'ipaddress.kubernetes.io/managed-by'
const familyLabel = 'ipaddress.kubernetes.io/ip-family'
const managedBy = 'ipallocator.k8s.io'

export function addressesOf(service: KubeObject): string[] {
  const { clusterIPs = [] } = (service['spec'] ?? {}) as { clusterIPs?: string[] | null }
  return (clusterIPs ?? []).flatMap(text => {
    const address = parseIP(text)
    return address ? [formatIP(address.bytes)] : []
  })
}

export const isManaged = ({ metadata }: KubeObject): boolean => metadata.labels?.[managedByLabel] === managedBy

export const parentOf = (address: KubeObject): Partial<Record<'group' | 'resource' | 'namespace' | 'name', string>> =>
  address['spec']?.parentRef ?? {}

export class IPAddressObjects {
  readonly #server: ServerContext
  readonly #storage: ResourceStorage
  /** One write after the other: a Service may take an address that another has just given back. */
  #writing: Promise<void> = Promise.resolve()
  /** How many writes of each address are still to come. */
  readonly #pending = new Map<string, number>()
  #stopped = false

  constructor(server: ServerContext) {
    this.#server = server
    this.#storage = server.registry.storage(groupResource(ipAddresses))
  }

  /** Resolves when every Service that is there has its objects. */
  async start(): Promise<void> {
    const services = this.#server.registry.storage('services').cache
    const held = new Set<string>()
    for (const { object } of services.all())
      for (const address of addressesOf(object)) {
        held.add(address)
        this.ensure(address, object)
      }
    for (const { object } of this.#storage.cache.all()) {
      const { name = '' } = object.metadata
      if (isManaged(object) && !held.has(name)) this.remove(name)
    }
    services.onEvents(events => {
      for (const { type, object, previous } of events) {
        const now = type === 'DELETED' ? [] : addressesOf(object.object)
        const before = previous ? addressesOf(previous.object) : []
        for (const address of before) if (!now.includes(address)) this.remove(address)
        for (const address of now) if (!before.includes(address)) this.ensure(address, object.object)
      }
    })
    await this.#writing
  }

  /** Resolves when nothing more will be written. */
  stop(): Promise<void> {
    this.#stopped = true
    return this.#writing
  }

  ensure(address: string, service: KubeObject): void {
    this.#then(address, () => this.#ensure(address, service))
  }

  remove(address: string): void {
    this.#then(address, () => this.#remove(address))
  }

  isWriting(address: string): boolean {
    return this.#pending.has(address)
  }

  #then(address: string, write: () => Promise<void>): void {
    this.#pending.set(address, (this.#pending.get(address) ?? 0) + 1)
    this.#writing = this.#writing
      .then(() => (this.#stopped ? undefined : write()))
      .catch(error => this.#server.env.log.warn('an IPAddress could not be written', { error: String(error) }))
      .then(() => {
        const left = this.#pending.get(address)! - 1
        if (left > 0) this.#pending.set(address, left)
        else this.#pending.delete(address)
      })
  }

  async #ensure(name: string, { metadata }: KubeObject): Promise<void> {
    const key = this.#storage.key('', name)
    const spec = {
      parentRef: { resource: 'services', namespace: metadata.namespace, name: metadata.name },
    }
    const stored = this.#storage.cache.get(key)
    const labels = { [familyLabel]: name.includes(':') ? 'IPv6' : 'IPv4', [managedByLabel]: managedBy }
    const has = stored?.object.metadata.labels ?? {}
    const isLabelled = Object.entries(labels).every(([label, value]) => has[label] === value)
    if (stored && isLabelled && deepEqual(stored.object['spec'], spec)) return
    const { env, registry } = this.#server
    const given = { uid: env.random.uuid(), creationTimestamp: formatTime(env.clock.now()) }
    const object: KubeObject = {
      kind: 'IPAddress',
      apiVersion: 'networking.k8s.io/v1',
      metadata: { name, ...given, labels },
      spec,
    }
    const { group, version, resource } = ipAddresses
    manageCreated(this.#server, registry.find(group, version, resource)!, apiServerManager, object)
    // What an IPAddress says may not change: it becomes another.
    if (stored) await this.#storage.delete(key, stored.revision)
    await this.#storage.put(key, object, 0)
  }

  async #remove(name: string): Promise<void> {
    const stored = this.#storage.cache.get(this.#storage.key('', name))
    if (!stored || !isManaged(stored.object)) return
    await this.#storage.delete(stored.key, stored.revision)
  }
}
