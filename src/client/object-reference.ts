// What an event points at, and the name an event gets.

import type { KubeObject } from '../api/resource.ts'
import type { Env } from '../machinery/env/env.ts'

/** A core/v1 ObjectReference. */
export interface ObjectReference {
  readonly apiVersion?: string
  readonly kind?: string
  readonly namespace?: string
  readonly name?: string
  readonly uid?: string
  readonly resourceVersion?: string
  /** Which part of it: spec.containers{web}. */
  readonly fieldPath?: string
}

/** A reference to the object; a reference is taken as it is. */
export function referenceTo(object: KubeObject | ObjectReference, fieldPath?: string): ObjectReference {
  if (!('metadata' in object)) return object as ObjectReference
  const { apiVersion, kind, metadata } = object as KubeObject
  return {
    ...(kind !== undefined && { kind }),
    ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
    ...(metadata.name !== undefined && { name: metadata.name }),
    ...(metadata.uid !== undefined && { uid: metadata.uid }),
    ...(apiVersion !== undefined && { apiVersion }),
    ...(metadata.resourceVersion !== undefined && { resourceVersion: metadata.resourceVersion }),
    ...(fieldPath !== undefined && { fieldPath }),
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
