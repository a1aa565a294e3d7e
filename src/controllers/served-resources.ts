// Which resources the server has at the moment, from its discovery documents: for controllers that are about every kind,
// custom ones too.

import { apiVersionOf, type ResourceDeclaration, resource, type Verb } from '../api/resource.ts'
import { resourceFor } from '../api/scheme.ts'
import type { Client } from '../client/client.ts'
import { responseError } from '../client/response-error.ts'
import { object } from '../machinery/schema/schema.ts'

/** The parts of apidiscovery.k8s.io/v2 APIGroupDiscoveryList that matter here. */
interface GroupDiscoveryList {
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string }
    readonly versions?: readonly {
      readonly version: string
      readonly freshness?: string
      readonly resources?: readonly {
        readonly resource: string
        readonly responseKind?: { readonly kind?: string }
        readonly scope?: string
        readonly verbs?: readonly string[]
        readonly subresources?: readonly { readonly subresource: string; readonly verbs?: readonly string[] }[]
      }[]
    }[]
  }[]
}

export interface ServedResources {
  /** Each resource once, in its group's preferred version, or the first that has it. */
  readonly preferred: readonly ResourceDeclaration[]
  /** Group versions whose server does not answer: what they have is unknown. */
  readonly failed: readonly string[]
  /** In any version that is served. */
  ofKind(apiVersion: string, kind: string): ResourceDeclaration | undefined
}

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

export async function discoverResources(client: Client): Promise<ServedResources> {
  const lists = await Promise.all(['/api', '/apis'].map(path => groups(client, path)))
  const preferred: ResourceDeclaration[] = []
  const failed: string[] = []
  const byKind = new Map<string, ResourceDeclaration>()
  for (const { metadata, versions = [] } of lists.flatMap(list => list.items ?? [])) {
    const group = metadata?.name ?? ''
    const seen = new Set<string>()
    for (const { version, freshness, resources = [] } of versions) {
      if (freshness === 'Stale') failed.push(apiVersionOf({ group, version }))
      for (const found of resources) {
        const declaration = declared(group, version, found)
        if (!declaration) continue
        byKind.set(`${apiVersionOf(declaration)} ${declaration.kind}`, declaration)
        if (!seen.has(found.resource)) preferred.push(declaration)
        seen.add(found.resource)
      }
    }
  }
  return { preferred, failed, ofKind: (apiVersion, kind) => byKind.get(`${apiVersion} ${kind}`) }
}

async function groups(client: Client, path: string): Promise<GroupDiscoveryList> {
  const response = await client.transport.request({ method: 'GET', path, headers: { accept: aggregated } })
  if (response.status !== 200) throw responseError('GET', { group: '', resource: '' }, response)
  return response.body as GroupDiscoveryList
}

type Found = NonNullable<
  NonNullable<NonNullable<GroupDiscoveryList['items']>[number]['versions']>[number]['resources']
>[number]

function declared(group: string, version: string, found: Found): ResourceDeclaration | undefined {
  const kind = found.responseKind?.kind
  if (!kind) return undefined
  return (
    resourceFor(group, version, found.resource) ??
    resource({
      group,
      version,
      kind,
      resource: found.resource,
      namespaced: found.scope === 'Namespaced',
      verbs: (found.verbs ?? []) as Verb[],
      subresources: (found.subresources ?? []).map(({ subresource, verbs = [] }) => ({
        name: subresource,
        verbs: verbs as Verb[],
      })),
      schema: unstructured,
    })
  )
}

/** Of a custom resource only what every object has is read here. */
const unstructured = object('io.k8s.apimachinery.pkg.apis.meta.v1.unstructured.Unstructured', {})
