// The scale of whatever has one: built-in workloads and custom resources, found by kind through discovery.

import type { Scale } from '../api/autoscaling/v1/scale.ts'
import type { ResourceDeclaration } from '../api/resource.ts'
import type { Client } from '../client/client.ts'
import type { Clock } from '../machinery/env/env.ts'
import { quote } from '../machinery/go-text.ts'
import { discoverResources, type ServedResources } from './served-resources.ts'

/** What is served is asked again when it is older than this, and a kind is not in it. */
const freshMs = 30_000

export class Scales {
  readonly #client: Client
  readonly #clock: Clock
  #served: { readonly resources: ServedResources; readonly at: number } | undefined

  constructor(client: Client, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** The resource of that kind; throws when it is not served. */
  async resourceOf(apiVersion: string, kind: string): Promise<ResourceDeclaration> {
    const found = await this.#find(served => served.ofKind(apiVersion, kind))
    if (!found) throw new Error(`no matches for kind ${quote(kind)} in version ${quote(apiVersion)}`)
    return found
  }

  /** The resource of that kind in whatever version the group prefers; throws when it is not served. */
  async resourceOfKind(group: string, kind: string): Promise<ResourceDeclaration> {
    const found = await this.#find(({ preferred }) =>
      preferred.find(each => each.group === group && each.kind === kind),
    )
    if (!found) throw new Error(`no matches for kind ${quote(kind)} in group ${quote(group)}`)
    return found
  }

  async #find(
    search: (served: ServedResources) => ResourceDeclaration | undefined,
  ): Promise<ResourceDeclaration | undefined> {
    const known = this.#served && search(this.#served.resources)
    if (known) return known
    const now = this.#clock.now()
    if (!this.#served || now - this.#served.at >= freshMs)
      this.#served = { resources: await discoverResources(this.#client), at: now }
    return search(this.#served.resources)
  }

  get(resource: ResourceDeclaration, namespace: string | undefined, name: string): Promise<Scale> {
    return this.#client.resource(resource).namespace(namespace).getSubresource<Scale>(name, 'scale')
  }

  update(resource: ResourceDeclaration, scale: Scale, replicas: number): Promise<Scale> {
    const { namespace, name = '' } = scale.metadata
    return this.#client.resource(resource).namespace(namespace).updateSubresource<Scale>(name, 'scale', {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: scale.metadata,
      spec: { replicas },
    })
  }
}

/** Of a reference's apiVersion; the core group's is ''. */
export const groupOf = (apiVersion: string): string => apiVersion.slice(0, Math.max(0, apiVersion.indexOf('/')))
