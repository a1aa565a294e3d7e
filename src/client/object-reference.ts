// What an event points at, and the name an event gets.

import type { ObjectReference } from '../api/core/v1/reference.ts'
import type { ObjectMeta } from '../api/meta/v1/objectmeta.ts'
import type { Env } from '../machinery/env/env.ts'

/** Any object of the API that says what it is, or a reference to one. */
export type Referable =
  | { readonly apiVersion?: string; readonly kind?: string; readonly metadata: ObjectMeta }
  | (ObjectReference & { readonly metadata?: undefined })

/** A reference to the object; a reference is taken as it is. */
export function referenceTo(object: Referable, fieldPath?: string): ObjectReference {
  if (object.metadata === undefined) return fieldPath === undefined ? object : { ...object, fieldPath }
  const { apiVersion, kind } = object
  const { namespace, name, uid, resourceVersion } = object.metadata
  return {
    ...(kind && { kind }),
    ...(namespace && { namespace }),
    ...(name && { name }),
    ...(uid && { uid }),
    ...(apiVersion && { apiVersion }),
    ...(resourceVersion && { resourceVersion }),
    ...(fieldPath && { fieldPath }),
  }
}

/** `<object>.<nanoseconds since 1970, in hex>`; the part below a millisecond is drawn, so that names do not collide. */
export function eventName(objectName: string, env: Pick<Env, 'clock' | 'random'>): string {
  const nanoseconds =
    BigInt(Math.floor(env.clock.now())) * 1_000_000n + BigInt(Math.floor(env.random.next() * 1_000_000))
  const name = `${objectName}.${nanoseconds.toString(16)}`
  return name.length <= 253 && subdomain.test(name) ? name : env.random.uuid()
}

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
