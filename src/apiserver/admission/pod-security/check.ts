// What a check of the Pod Security Standards is, and what checks share.

import type { Container } from '../../../api/core/v1/container.ts'
import type { PodSpec } from '../../../api/core/v1/pod.ts'

/** As much of a pod, or of a template of pods, as is judged. */
export interface PodLike {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
  readonly spec: PodSpec
}

export interface Violation {
  readonly reason: string
  readonly detail: string
}

export type CheckPod = (pod: PodLike) => Violation | undefined

export interface Check {
  readonly id: string
  /** From which minor version on, in order. */
  readonly versions: readonly { readonly since: number; readonly check: CheckPod }[]
  /** The baseline check that this one takes the place of, at the restricted level. */
  readonly overrides?: string
}

export const quoted = (items: Iterable<string>): string => [...items].map(item => `"${item}"`).join(', ')

export const sorted = (items: Iterable<string>): string[] => [...new Set(items)].sort()

export const plural = (one: string, many: string, count: number): string => (count === 1 ? one : many)

/** `container "a"`, `containers "a", "b"`. */
export const containersText = (names: readonly string[]): string =>
  `${plural('container', 'containers', names.length)} ${quoted(names)}`

/** Initial ones first. */
export function containersOf({ spec }: PodLike): Container[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = spec
  return [...initContainers, ...containers, ...ephemeralContainers] as Container[]
}

export function namesWhere(pod: PodLike, is: (container: Container) => boolean): string[] {
  return containersOf(pod)
    .filter(is)
    .map(({ name }) => name!)
}

/** `pod`, `containers "a", "b"`, or both; '' when nobody sets it. */
export function settersText(pod: boolean, containers: readonly string[]): string {
  const setters = pod ? ['pod'] : []
  if (containers.length > 0) setters.push(containersText(containers))
  return setters.join(' and ')
}

export const isWindows = ({ spec }: PodLike): boolean => spec.os?.name === 'windows'

export const unless =
  (exempt: (pod: PodLike) => boolean, check: CheckPod): CheckPod =>
  pod =>
    exempt(pod) ? undefined : check(pod)

/** In a user namespace root is nobody outside. */
export const hasUserNamespace = ({ spec }: PodLike): boolean => spec.hostUsers === false
