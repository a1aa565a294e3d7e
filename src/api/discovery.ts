// The documents that tell clients which groups, versions and resources there are, in both forms.
//
// Comes in: resources, in the order in which they are to be listed. Goes out: the legacy documents (APIVersions,
// APIGroupList, APIGroup, APIResourceList: one request per version) and the aggregated ones (APIGroupDiscoveryList: one
// request for /api and one for /apis).

import { createHash } from 'node:crypto'
import type { APIGroup, APIGroupList, APIResource, APIResourceList, APIVersions } from './meta/v1/apigroup.ts'
import { apiVersionOf, type ResourceDeclaration, type SubresourceDeclaration } from './resource.ts'

type Resources = readonly ResourceDeclaration[]

interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

// ---- legacy --------------------------------------------------------------------------------------------------------

/** `/api`. `serverAddress` is `host:port`. */
export function apiVersions(serverAddress: string): APIVersions {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  }
}

/** `/apis`. */
export function apiGroupList(resources: Resources): APIGroupList {
  const groups = [...groupsOf(resources).keys()].filter(group => group !== '')
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(group => groupOf(resources, group)) }
}

/** `/apis/<group>`; undefined if there is no such group. */
export function apiGroup(resources: Resources, group: string): APIGroup | undefined {
  if (!groupsOf(resources).has(group)) return undefined
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(resources, group) }
}

function groupOf(resources: Resources, group: string): APIGroup {
  const versions = [...groupsOf(resources).get(group)!.keys()].map(version => ({
    groupVersion: apiVersionOf({ group, version }),
    version,
  }))
  return { name: group, versions, preferredVersion: versions[0]! }
}

/** `/api/v1`, `/apis/<group>/<version>`; undefined if there is no such version. */
export function apiResourceList(resources: Resources, group: string, version: string): APIResourceList | undefined {
  const listed = groupsOf(resources).get(group)?.get(version)
  if (!listed) return undefined
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: apiVersionOf({ group, version }),
    resources: listed.flatMap(resource => [
      legacyResource(resource),
      ...resource.subresources.map(subresource => legacySubresource(resource, subresource)),
    ]),
  }
}

function legacyResource(of: ResourceDeclaration): APIResource {
  return {
    name: of.resource,
    singularName: of.singular,
    namespaced: of.namespaced,
    kind: of.kind,
    verbs: [...of.verbs],
    ...(of.shortNames && { shortNames: [...of.shortNames] }),
    ...(of.categories && { categories: [...of.categories] }),
    // What cannot be watched is not stored.
    ...(of.verbs.includes('watch') && { storageVersionHash: storageVersionHash({ ...of.storage, kind: of.kind }) }),
  }
}

function legacySubresource(of: ResourceDeclaration, { name, kind, verbs }: SubresourceDeclaration): APIResource {
  const elsewhere = kind && (kind.group !== of.group || kind.version !== of.version)
  return {
    name: `${of.resource}/${name}`,
    singularName: '',
    namespaced: of.namespaced,
    ...(elsewhere && { group: kind.group, version: kind.version }),
    kind: kind?.kind ?? of.kind,
    verbs: [...verbs],
  }
}

/** Changes when objects are stored in another version: eight bytes of the SHA-256 of `group/version/kind`. */
export function storageVersionHash({ group, version, kind }: GroupVersionKind): string {
  return createHash('sha256').update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString('base64')
}

// ---- aggregated ----------------------------------------------------------------------------------------------------

export interface AggregatedOptions {
  /** v2beta1 has the same content under another name (clients before 1.30). */
  readonly version?: 'v2' | 'v2beta1'
  /** Custom resources name group and version of their kind; built-in ones only those of kinds from elsewhere. */
  readonly isCustom?: (resource: ResourceDeclaration) => boolean
}

/** `/api` (the core group) or `/apis` (all others) for clients that accept `as=APIGroupDiscoveryList`. */
export function aggregatedDiscovery(resources: Resources, path: '/api' | '/apis', options: AggregatedOptions = {}) {
  const { version = 'v2', isCustom = () => false } = options
  const groups = [...groupsOf(resources)].filter(([group]) => (group === '') === (path === '/api'))
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(([group, versions]) => ({
      metadata: group === '' ? {} : { name: group },
      versions: [...versions].map(([version, listed]) => ({
        version,
        resources: listed.map(resource => aggregatedResource(resource, isCustom(resource))),
        freshness: 'Current',
      })),
    })),
  }
}

function aggregatedResource(of: ResourceDeclaration, custom: boolean) {
  const responseKind = ({ group, version, kind }: GroupVersionKind = of) =>
    !custom && group === of.group && version === of.version
      ? { group: '', version: '', kind }
      : { group, version, kind }
  return {
    resource: of.resource,
    responseKind: responseKind(),
    scope: of.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: of.singular,
    verbs: of.verbs,
    ...(of.shortNames && { shortNames: of.shortNames }),
    ...(of.categories && { categories: of.categories }),
    ...(of.subresources.length > 0 && {
      subresources: of.subresources.map(({ name, kind, verbs }) => ({
        subresource: name,
        responseKind: responseKind(kind),
        verbs,
      })),
    }),
  }
}

/** Group → version → resources, in order of appearance. */
function groupsOf(resources: Resources): Map<string, Map<string, ResourceDeclaration[]>> {
  const groups = new Map<string, Map<string, ResourceDeclaration[]>>()
  for (const resource of resources) {
    const versions = groups.get(resource.group) ?? new Map<string, ResourceDeclaration[]>()
    groups.set(resource.group, versions)
    versions.set(resource.version, [...(versions.get(resource.version) ?? []), resource])
  }
  return groups
}
