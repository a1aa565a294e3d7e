// Kinds that are served in more than one version (or group): how an object of one becomes an object of the other.
// Objects are stored in one version, `declaration.storage`; both directions must lose nothing.

import { apiVersionOf, type KubeObject } from './resource.ts'

interface GroupVersion {
  readonly group: string
  readonly version: string
}

export type Conversion = (object: KubeObject) => KubeObject

const conversions = new Map<string, Conversion>()

/** Declares how objects of `kind` get from one apiVersion to another; the result is a new object. */
export function registerConversion(kind: string, from: string, to: string, convert: Conversion): void {
  conversions.set(`${kind} ${from} ${to}`, convert)
}

/** The conversion between two versions of a kind; undefined when they are the same. */
export function conversionBetween(kind: string, from: GroupVersion, to: GroupVersion): Conversion | undefined {
  if (from.group === to.group && from.version === to.version) return undefined
  const convert = findConversion(kind, apiVersionOf(from), apiVersionOf(to))
  if (!convert) throw new Error(`no conversion of ${kind} from ${apiVersionOf(from)} to ${apiVersionOf(to)}`)
  return convert
}

/** The declared conversion from one apiVersion to another, if there is one. */
export function findConversion(kind: string, from: string, to: string): Conversion | undefined {
  return conversions.get(`${kind} ${from} ${to}`)
}
