// Classes of which one may be the default: it is marked with an annotation; of several the newest counts.

import type { KubeObject } from '../../api/resource.ts'

export function defaultClassOf(
  classes: Iterable<KubeObject>,
  ...annotations: readonly string[]
): KubeObject | undefined {
  let found: KubeObject | undefined
  for (const each of classes) {
    if (!annotations.some(annotation => each.metadata['annotations']?.[annotation] === 'true')) continue
    if (found === undefined || isBefore(found, each)) found = each
  }
  return found
}

/** Whether `other` takes precedence: newer, or of the same second and first by name. */
function isBefore(found: KubeObject, other: KubeObject): boolean {
  const [a, b] = [found.metadata['creationTimestamp'] ?? '', other.metadata['creationTimestamp'] ?? '']
  return a === b ? other.metadata.name! < found.metadata.name! : b > a
}
