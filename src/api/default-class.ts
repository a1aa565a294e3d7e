// Classes of which one may be the default: it is marked with an annotation; of several the newest counts.

import type { KubeObject } from './resource.ts'

export const defaultStorageClassAnnotations = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
]
export const defaultIngressClassAnnotations = ['ingressclass.kubernetes.io/is-default-class']

interface Class {
  readonly metadata: Pick<KubeObject['metadata'], 'name'> & {
    readonly annotations?: Readonly<Record<string, string>>
    readonly creationTimestamp?: string
  }
}

export function isDefaultClass({ metadata }: Class, annotations: readonly string[]): boolean {
  return annotations.some(annotation => metadata.annotations?.[annotation] === 'true')
}

export function defaultClassOf<T extends Class>(classes: Iterable<T>, annotations: readonly string[]): T | undefined {
  let found: T | undefined
  for (const each of classes) {
    if (!isDefaultClass(each, annotations)) continue
    if (found === undefined || isBefore(found, each)) found = each
  }
  return found
}

/** Whether `other` takes precedence: newer, or of the same second and first by name. */
function isBefore(found: Class, other: Class): boolean {
  const [a, b] = [found.metadata.creationTimestamp ?? '', other.metadata.creationTimestamp ?? '']
  return a === b ? other.metadata.name! < found.metadata.name! : b > a
}
