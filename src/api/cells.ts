// What the cells of several kinds have in common: ages, containers, lists that are cut short.

import { humanDuration } from '../machinery/duration.ts'
import { compareText } from '../machinery/go-text.ts'
import { timeOf } from '../machinery/time.ts'
import type { KubeObject } from './resource.ts'

/** The part of ObjectMeta that nearly every row shows. */
interface Named {
  readonly metadata: KubeObject['metadata']
}

/** How long ago a time is: `5m`, `3d2h`; `<unknown>` when there is no time. */
export function sinceCell(time: string | null | undefined, now: number): string {
  const at = timeOf(time)
  return at === undefined ? '<unknown>' : humanDuration(now - at)
}

export function ageCell(object: Named, now: number): string {
  return sinceCell(object.metadata['creationTimestamp'], now)
}

/** The cells of kinds that upstream prints no columns for: the name, and when it was made. */
export function nameAndCreationCells(object: Named): unknown[] {
  return [object.metadata.name, object.metadata['creationTimestamp'] ?? '0001-01-01T00:00:00Z']
}

export function nameAndAgeCells(object: Named, now: number): unknown[] {
  return [object.metadata.name, ageCell(object, now)]
}

interface Template {
  readonly spec: { readonly containers: readonly { readonly name: string; readonly image?: string }[] }
}

/** The names and the images of a template's containers, as two cells. */
export function containerCells(template: Template | null | undefined): [names: string, images: string] {
  const containers = template?.spec.containers ?? []
  return [containers.map(({ name }) => name).join(','), containers.map(({ image }) => image ?? '').join(',')]
}

/** `a,b,c + 4 more...`: of a list of `count` entries, of which only the first few are shown. */
export function shortened(shown: readonly string[], count: number, separator = ','): string {
  const text = shown.join(separator)
  return count > shown.length ? `${text} + ${count - shown.length} more...` : text
}

/** A load balancer's addresses: of Services and of Ingresses. */
export function loadBalancerCell(
  status: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] } | null | undefined,
): string {
  const addresses = (status?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter(each => each !== '')
  return [...new Set(addresses)].sort(compareText).join(',')
}
