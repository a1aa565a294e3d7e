// Empties a namespace: every object of every resource that has a namespace. Pods go first, and are waited for: what they
// use should outlive them.

import type { Namespace } from '../../api/core/v1/namespace.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { groupResource, type KubeObject, type ResourceDeclaration } from '../../api/resource.ts'
import type { Client } from '../../client/client.ts'
import { errorText } from '../../machinery/error-text.ts'
import { isMethodNotSupported, isNotFound } from '../../machinery/status-error.ts'
import { timeOf } from '../../machinery/time.ts'
import { discoverResources, type ServedResources } from '../served-resources.ts'
import type { Findings } from './conditions.ts'

/** How long finalizers are given before they are looked at again. */
const finalizerSeconds = 15

export interface Emptied {
  readonly findings: Findings
  /** In how many seconds there may be nothing left; 0: there is nothing left. */
  readonly estimateSeconds: number
}

export async function emptyNamespace(client: Client, { metadata }: Namespace, now: number): Promise<Emptied> {
  const { name: namespace = '' } = metadata
  const sinceSeconds = (now - (timeOf(metadata.deletionTimestamp) ?? now)) / 1000
  const failures: string[] = []
  const remaining = new Map<ResourceDeclaration, number>()
  const finalizers = new Map<string, number>()
  let estimateSeconds = 0
  const [served, discovery] = await discovered(client)
  const empty = async (resource: ResourceDeclaration) => {
    try {
      const left = await emptyResource(client, resource, namespace, sinceSeconds)
      if (left.count > 0) remaining.set(resource, left.count)
      for (const [name, count] of left.finalizers) finalizers.set(name, (finalizers.get(name) ?? 0) + count)
      estimateSeconds = Math.max(estimateSeconds, left.estimateSeconds)
      if (left.unexpected !== undefined) failures.push(left.unexpected)
    } catch (error) {
      failures.push(errorText(error))
    }
  }
  const deletable = served.preferred.filter(of => of.namespaced && of.verbs.includes('delete'))
  const podResource = deletable.find(of => groupResource(of) === 'pods')
  if (podResource) await empty(podResource)
  // What waits for pods is not told of as long as it does.
  if (remaining.size > 0)
    return { findings: { discovery, failures, remaining: new Map(), finalizers: new Map() }, estimateSeconds }
  await Promise.all(deletable.filter(of => of !== podResource).map(empty))
  return { findings: { discovery, failures, remaining, finalizers }, estimateSeconds }
}

/** A group whose server does not answer is no reason not to delete the others' objects. */
async function discovered(client: Client): Promise<[served: ServedResources, failure: Findings['discovery']]> {
  const served = await discoverResources(client)
  if (served.failed.length === 0) return [served, undefined]
  const failures = served.failed.map(groupVersion => `${groupVersion}: stale GroupVersion discovery: ${groupVersion}`)
  const message = `unable to retrieve the complete list of server APIs: ${failures.sort().join(', ')}`
  return [served, { message, groups: failures.length }]
}

interface Left {
  readonly count: number
  readonly finalizers: ReadonlyMap<string, number>
  readonly estimateSeconds: number
  /** What is wrong with there being anything left. */
  readonly unexpected?: string
}

async function emptyResource(
  client: Client,
  declaration: ResourceDeclaration,
  namespace: string,
  sinceSeconds: number,
): Promise<Left> {
  const resource = client.resource<KubeObject>(declaration).namespace(namespace)
  const listable = declaration.verbs.includes('list')
  const before = listable ? (await resource.list()).items : []
  const none = { count: 0, finalizers: new Map(), estimateSeconds: 0 }
  if (listable && before.length === 0) return none
  const longest = groupResource(declaration) === groupResource(pods) ? graceSeconds(before as unknown as Pod[]) : 0
  const grace = sinceSeconds < longest ? longest : 0
  const collected = declaration.verbs.includes('deletecollection')
  try {
    if (collected) await resource.deleteCollection({ propagationPolicy: 'Background' })
  } catch (error) {
    if (!isNotFound(error) && !isMethodNotSupported(error)) throw error
  }
  if (!listable) return none
  if (!collected)
    for (const { metadata } of before) {
      try {
        await resource.delete(metadata.name!, { propagationPolicy: 'Background' })
      } catch (error) {
        if (!isNotFound(error) && !isMethodNotSupported(error)) throw error
      }
    }
  const { items } = await resource.list()
  if (items.length === 0) return none
  const finalizers = new Map<string, number>()
  for (const { metadata } of items)
    for (const name of metadata['finalizers'] ?? []) finalizers.set(name, (finalizers.get(name) ?? 0) + 1)
  const estimateSeconds = grace || (finalizers.size > 0 ? finalizerSeconds : 0)
  const { group, version, resource: plural } = declaration
  const unexpected = `unexpected items still remain in namespace: ${namespace} for gvr: ${group}/${version}, Resource=${plural}`
  return { count: items.length, finalizers, estimateSeconds, ...(estimateSeconds === 0 && { unexpected }) }
}

/** How long the slowest pod may take to end. */
function graceSeconds(items: readonly Pod[]): number {
  let longest = 0
  for (const { spec, status } of items) {
    if (status.phase === 'Succeeded' || status.phase === 'Failed') continue
    longest = Math.max(longest, Number(spec.terminationGracePeriodSeconds ?? 0))
  }
  return longest
}
