// The documents that tell clients which groups, versions and resources there are, in both forms.
//
// Comes in: resources (or only the versions they are of), in the order in which they are to be listed. Goes out: the
// legacy documents (APIVersions, APIGroupList, APIGroup, APIResourceList: one request per version) and the aggregated
// ones (APIGroupDiscoveryList: one request for /api and one for /apis).

import { createHash } from 'node:crypto'
import type { APIResourceDiscovery } from './apidiscovery/v2/apigroupdiscovery.ts'
import type { APIGroup, APIGroupList, APIResource, APIResourceList, APIVersions } from './meta/v1/apigroup.ts'
import { apiVersionOf, type ResourceDeclaration, type SubresourceDeclaration } from './resource.ts'

type Resources = readonly ResourceDeclaration[]

export interface GroupVersion {
  readonly group: string
  readonly version: string
}

interface GroupVersionKind extends GroupVersion {
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
export function apiGroupList(versions: readonly GroupVersion[]): APIGroupList {
  const groups = [...groupsOf(versions)].filter(([group]) => group !== '')
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(([group, found]) => groupOf(group, found)) }
}

/** `/apis/<group>`; undefined if there is no such group. */
export function apiGroup(versions: readonly GroupVersion[], group: string): APIGroup | undefined {
  const found = groupsOf(versions).get(group)
  return found && { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group, found) }
}

function groupOf(group: string, found: ReadonlyMap<string, unknown>): APIGroup {
  const versions = [...found.keys()].map(version => ({
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
    ...(of.verbs.includes('watch') && { storageVersionHash: hashOf(of) }),
  }
}

/** What upstream stores in another version than is served. */
const storedIn: Readonly<Record<string, string>> = {
  CustomResourceDefinition: 'v1beta1',
  MutatingAdmissionPolicy: 'v1beta1',
  MutatingAdmissionPolicyBinding: 'v1beta1',
}

function hashOf({ custom, storage, kind }: ResourceDeclaration): string {
  const version = custom ? undefined : storedIn[kind]
  return storageVersionHash({ ...storage, ...(version && { version }), kind })
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
  /** Custom resources name group and version of their kind; built-in ones only those of kinds from elsewhere. */
  readonly isCustom?: (resource: ResourceDeclaration) => boolean
}

/** What there is in one version of a group. */
export interface DiscoveredVersion extends GroupVersion {
  readonly resources: readonly APIResourceDiscovery[]
  /** Stale: the server behind it could not be asked. */
  readonly freshness: 'Current' | 'Stale'
}

/** `/api` (the core group) or `/apis` (all others) for clients that accept `as=APIGroupDiscoveryList`. */
export function aggregatedDiscovery(resources: Resources, path: '/api' | '/apis', options: AggregatedOptions = {}) {
  const found = resources.filter(({ group }) => (group === '') === (path === '/api'))
  return groupDiscoveryList(discoveredVersions(found, options.isCustom))
}

export function discoveredVersions(
  resources: Resources,
  isCustom: (resource: ResourceDeclaration) => boolean = () => false,
): DiscoveredVersion[] {
  return [...groupsOf(resources)].flatMap(([group, versions]) =>
    [...versions].map(([version, listed]) => ({
      group,
      version,
      resources: listed.map(resource => aggregatedResource(resource, isCustom(resource))),
      freshness: 'Current' as const,
    })),
  )
}

/** The document that lists them, in this order. */
export function groupDiscoveryList(discovered: readonly DiscoveredVersion[]) {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: [...groupsOf(discovered)].map(([group, versions]) => ({
      metadata: group === '' ? {} : { name: group },
      versions: [...versions.values()].flat().map(({ version, resources, freshness }) => ({
        version,
        ...(resources.length > 0 ? { resources } : {}),
        freshness,
      })),
    })),
  }
}

function aggregatedResource(of: ResourceDeclaration, custom: boolean): APIResourceDiscovery {
  const responseKind = ({ group, version, kind }: GroupVersionKind = of) =>
    !custom && group === of.group && version === of.version
      ? { group: '', version: '', kind }
      : { group, version, kind }
  return {
    resource: of.resource,
    responseKind: responseKind(),
    scope: of.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: of.singular,
    verbs: [...of.verbs],
    ...(of.shortNames && { shortNames: [...of.shortNames] }),
    ...(of.categories && { categories: [...of.categories] }),
    ...(of.subresources.length > 0 && {
      subresources: of.subresources.map(({ name, kind, verbs }) => ({
        subresource: name,
        responseKind: responseKind(kind),
        verbs: [...verbs],
      })),
    }),
  }
}

/** Group → version → what is listed of it, in order of appearance. */
function groupsOf<Of extends GroupVersion>(all: readonly Of[]): Map<string, Map<string, Of[]>> {
  const groups = new Map<string, Map<string, Of[]>>()
  for (const one of all) {
    const versions = groups.get(one.group) ?? new Map<string, Of[]>()
    groups.set(one.group, versions)
    const listed = versions.get(one.version)
    if (listed) listed.push(one)
    else versions.set(one.version, [one])
  }
  return groups
}
