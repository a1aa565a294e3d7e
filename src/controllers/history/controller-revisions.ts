// The earlier templates of a DaemonSet or StatefulSet, each as a ControllerRevision: what `kubectl rollout undo` goes back
// to, and what tells which pods are of which version.

import { type ControllerRevision, controllerRevisions } from '../../api/apps/v1/controllerrevision.ts'
import type { PodTemplateSpec } from '../../api/core/v1/pod.ts'
import type { ResourceDeclaration } from '../../api/resource.ts'
import { controllerReference, type ReconcileContext } from '../../client/controller.ts'
import { semanticEqual } from '../../machinery/deep-equal.ts'
import { canonicalJson, fnv1a32, hashObject } from '../../machinery/hash.ts'
import { readJson } from '../../machinery/json/read.ts'
import { safeEncodeString } from '../../machinery/random-suffix.ts'
import { isAlreadyExists, isNotFound } from '../../machinery/status-error.ts'
import type { Owned } from '../controller-ref.ts'

export const revisionHashLabel = 'controller-revision-hash'

export interface Versioned extends Owned {
  readonly status: { readonly collisionCount?: number }
  readonly spec: { readonly template: PodTemplateSpec; readonly revisionHistoryLimit?: number }
}

export interface History {
  /** Of the template as it is now. */
  readonly update: ControllerRevision
  /** All, oldest first. */
  readonly all: readonly ControllerRevision[]
  /** How often two templates have had the same hash; belongs in the status. */
  readonly collisionCount: number
}

export function hashOf({ metadata }: ControllerRevision): string {
  return metadata.labels?.[revisionHashLabel] ?? metadata.name ?? ''
}

/** A patch that makes the template this one. Clients compare it byte by byte with theirs, whose keys are in order. */
function dataOf(template: PodTemplateSpec): object {
  return readJson(canonicalJson({ spec: { template: { ...template, $patch: 'replace' } } }))
}

export function templateOf({ data }: ControllerRevision): PodTemplateSpec {
  const { $patch: _, ...template } = data.spec.template
  return template
}

/** Finds the revision of the template, makes it the newest, or creates it. `owned`: those that the object controls. */
export async function syncHistory<T extends Versioned>(
  object: T,
  kind: ResourceDeclaration<T>,
  owned: readonly ControllerRevision[],
  { client }: ReconcileContext,
): Promise<History> {
  const { name = '', namespace } = object.metadata
  const { template } = object.spec
  const { collisionCount = 0 } = object.status
  const data = dataOf(template)
  const resource = client.resource(controllerRevisions).namespace(namespace)
  const all = [...owned].sort((a, b) => Number(BigInt(a.revision) - BigInt(b.revision)))
  const newest = all.at(-1)?.revision ?? 0
  const found = all.findLast(revision => semanticEqual(revision.data, data))
  if (found) {
    if (found.revision === newest) return { update: found, all, collisionCount }
    const update = await resource.update({ ...found, revision: Number(newest) + 1 })
    return { update, all: [...all.filter(revision => revision !== found), update], collisionCount }
  }
  for (let collisions = collisionCount; ; collisions++) {
    const number = hashObject(data)
    const hash = safeEncodeString(String(collisions === 0 ? number : fnv1a32(`${number}/${collisions}`)))
    try {
      const update = await resource.create({
        metadata: {
          name: `${name.slice(0, 223)}-${hash}`,
          namespace,
          labels: { ...template.metadata?.labels, [revisionHashLabel]: hash },
          annotations: object.metadata.annotations,
          ownerReferences: [controllerReference(object, kind)],
        },
        data,
        revision: Number(newest) + 1,
      })
      return { update, all: [...all, update], collisionCount: collisions }
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      const existing = await resource.get(`${name.slice(0, 223)}-${hash}`)
      const ours = existing.metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid)
      if (ours && semanticEqual(existing.data, data))
        return { update: existing, all: [...all, existing], collisionCount: collisions }
    }
  }
}

/** Beyond the limit the oldest go that no pod is of. */
export async function trimHistory(
  { all, update }: History,
  limit: number,
  isLive: (revision: ControllerRevision) => boolean,
  { client }: ReconcileContext,
): Promise<void> {
  const unused = all.filter(revision => revision !== update && !isLive(revision))
  for (const { metadata } of unused.slice(0, Math.max(0, unused.length - limit))) {
    try {
      await client.resource(controllerRevisions).namespace(metadata.namespace).delete(metadata.name!)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}
