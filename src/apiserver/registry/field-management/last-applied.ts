// `kubectl apply` before it applied on the server: what it last applied stands in an annotation. When it comes back with an
// apply patch, fields that still are as it applied them are its own, whoever's name they are under; and the annotation is
// kept up to date for clients that still go by it.

import type { KubeObject } from '../../../api/resource.ts'
import type { Atom } from '../../../machinery/apply/atom.ts'
import { compare } from '../../../machinery/apply/compare.ts'
import { difference, type FieldSet, hasPath } from '../../../machinery/apply/field-set.ts'
import { fieldSetOf } from '../../../machinery/apply/field-set-of.ts'
import type { Conflict } from '../../../machinery/apply/updater.ts'
import { validateTyped } from '../../../machinery/apply/validate.ts'
import { inKeyOrder } from '../../../machinery/go-text.ts'
import { readJson } from '../../../machinery/json/read.ts'
import { goJson } from '../../../machinery/json/write.ts'

/** The manager both ways of `kubectl apply` go by. */
export const kubectlManager = 'kubectl'
const annotation = 'kubectl.kubernetes.io/last-applied-configuration'
/** All annotations together may be this large (validation.TotalAnnotationSizeLimitB). */
const mostAnnotationBytes = 256 * 1024

/** The conflicts that remain when what kubectl applied before counts as its own. */
export function conflictsWithOthers(
  conflicts: readonly Conflict[],
  live: KubeObject,
  atom: Atom,
  apiVersion: string,
): readonly Conflict[] {
  const own = stillAsApplied(live, atom, apiVersion)
  return own ? conflicts.filter(({ path }) => !hasPath(own, path)) : conflicts
}

function stillAsApplied(live: KubeObject, atom: Atom, apiVersion: string): FieldSet | undefined {
  const text = live.metadata['annotations']?.[annotation]
  if (!text) return undefined
  let applied: KubeObject
  try {
    applied = readJson(text) as KubeObject
  } catch {
    return undefined
  }
  if (applied?.apiVersion !== apiVersion || validateTyped(atom, applied) !== undefined) return undefined
  const { added, modified, removed } = compare(atom, applied, live)
  return [modified, added, removed].reduce(difference, fieldSetOf(atom, applied))
}

/** Brings the annotation up to date, if there is one. Changes the object. */
export function updateLastApplied(object: KubeObject, patch: KubeObject): void {
  const annotations: Record<string, string> | undefined = object.metadata['annotations']
  if (!annotations?.[annotation]) return
  const metadata: KubeObject['metadata'] = { ...patch.metadata }
  if (metadata['annotations']) {
    const { [annotation]: _, ...others } = metadata['annotations'] as Record<string, string>
    metadata['annotations'] = others
  }
  annotations[annotation] = `${goJson(inKeyOrder({ ...patch, metadata }))}\n`
  if (sizeOf(annotations) > mostAnnotationBytes) delete annotations[annotation]
}

function sizeOf(annotations: Readonly<Record<string, string>>): number {
  let size = 0
  for (const key in annotations) size += Buffer.byteLength(key) + Buffer.byteLength(annotations[key]!)
  return size
}
