// What things are called on this server: from `po`, `pods.v1.`, `deploy`, `deployments.apps` or a manifest's kind to a
// resource and its path, by discovery.

import type { Transport } from '../client/transport.ts'
import { bodyOf, KubectlError } from './kubectl.ts'

export interface RestMapping {
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly singular: string
  readonly kind: string
  readonly namespaced: boolean
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly verbs: readonly string[]
}

const aggregated = {
  accept:
    'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
}

export class RestMapper {
  readonly #transport: Transport
  #all: Promise<readonly RestMapping[]> | undefined

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Everything served, each group's preferred version first. */
  all(): Promise<readonly RestMapping[]> {
    this.#all ??= this.#discover()
    return this.#all
  }

  /** `resource`, `resource.group` or `resource.version.group`; a kind's name does, too, in any case. */
  async resource(name: string): Promise<RestMapping> {
    const all = await this.all()
    const wanted = name.toLowerCase()
    const [first = '', second = '', ...rest] = wanted.split('.')
    const matches = (mapping: RestMapping, text: string) =>
      mapping.resource === text || mapping.singular === text || mapping.kind.toLowerCase() === text
    const found =
      all.find(mapping => mapping.shortNames.includes(wanted)) ??
      all.find(mapping => matches(mapping, wanted)) ??
      all.find(mapping => mapping.version === second && mapping.group === rest.join('.') && matches(mapping, first)) ??
      (second
        ? all.find(mapping => mapping.group === [second, ...rest].join('.') && matches(mapping, first))
        : undefined) ??
      (second ? all.find(mapping => mapping.group.startsWith(`${second}.`) && matches(mapping, first)) : undefined)
    // An exact resource name wins over another's short name.
    const exact = all.find(mapping => mapping.resource === wanted)
    if (!exact && !found) throw new KubectlError(`the server doesn't have a resource type "${name}"`)
    return (exact ?? found)!
  }

  /** The resources of a category (`all`), each group and kind once; undefined when there is no such category. */
  async category(name: string): Promise<readonly RestMapping[] | undefined> {
    const found = (await this.all()).filter(mapping => mapping.categories.includes(name))
    const once = new Map(found.toReversed().map(mapping => [`${mapping.group}/${mapping.resource}`, mapping]))
    return found.length > 0 ? [...once.values()].toReversed() : undefined
  }

  async kind(apiVersion: string, kind: string): Promise<RestMapping> {
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
    const found = (await this.all()).find(
      mapping => mapping.group === group && mapping.version === version && mapping.kind === kind,
    )
    if (!found)
      throw new KubectlError(
        `resource mapping not found for kind "${kind}": no matches for kind "${kind}" in version "${apiVersion}"\nensure CRDs are installed first`,
      )
    return found
  }

  async #discover(): Promise<readonly RestMapping[]> {
    const lists = await Promise.all(
      ['/api', '/apis'].map(async path => {
        const request = { method: 'GET' as const, path, headers: aggregated }
        return bodyOf(request, await this.#transport.request(request)) as { items?: any[] }
      }),
    )
    return lists
      .flatMap(list => list.items ?? [])
      .flatMap(group =>
        (group.versions ?? []).flatMap((version: any) =>
          (version.resources ?? []).map(
            (resource: any): RestMapping => ({
              group: group.metadata?.name ?? '',
              version: version.version,
              resource: resource.resource,
              singular: resource.singularResource ?? '',
              kind: resource.responseKind?.kind ?? '',
              namespaced: resource.scope === 'Namespaced',
              shortNames: resource.shortNames ?? [],
              categories: resource.categories ?? [],
              verbs: resource.verbs ?? [],
            }),
          ),
        ),
      )
  }
}

/** `deployment.apps`: how kubectl names a kind in what it reports. */
export function kindName({ kind, group }: Pick<RestMapping, 'kind' | 'group'>): string {
  return `${kind.toLowerCase()}${group ? `.${group}` : ''}`
}
