// What a service account token says, and whether what it is bound to is still there.

import type { KubeObject } from '../../api/resource.ts'
import type { JwtClaims } from './jwt.ts'

export interface ObjectReference {
  readonly name: string
  readonly uid?: string
}

/** The private claim `kubernetes.io`. */
export interface KubernetesClaim {
  readonly namespace: string
  readonly node?: ObjectReference
  readonly pod?: ObjectReference
  readonly secret?: ObjectReference
  readonly serviceaccount: ObjectReference
  /** Seconds since the epoch: the token lives on after this only so that old clients don't break. */
  readonly warnafter?: number
}

/** Where bound objects are looked up, at once: the watch cache. */
export interface BoundObjectGetter {
  get(groupResource: string, namespace: string, name: string): KubeObject | undefined
}

/** Clocks may differ by this much, in seconds. */
export const leewaySeconds = 60

/** The kubernetes.io claim, if it is well formed. */
export function kubernetesClaim(claims: JwtClaims): KubernetesClaim | undefined {
  const claim = claims['kubernetes.io'] as KubernetesClaim | undefined
  if (typeof claim !== 'object' || claim === null) return undefined
  if (typeof claim.namespace !== 'string' || claim.namespace === '') return undefined
  const references = [claim.serviceaccount, claim.pod, claim.secret, claim.node]
  if (references.some(each => each !== undefined && (typeof each !== 'object' || typeof each?.name !== 'string')))
    return undefined
  return claim.serviceaccount?.name ? claim : undefined
}

const invalidated = 'service account token has been invalidated'

/** Why the token is void although its signature and times are right; undefined when it is good. */
export function boundObjectsGone(claim: KubernetesClaim, objects: BoundObjectGetter, now: number): string | undefined {
  const { namespace, serviceaccount, secret, pod, node } = claim
  const { name } = serviceaccount
  const account = objects.get('serviceaccounts', namespace, name)
  if (!account) return `serviceaccount "${name}" not found`
  if (diedBefore(account, now)) return `service account ${namespace}/${name} has been deleted`
  if (account.metadata.uid !== serviceaccount.uid)
    return `service account UID (${account.metadata.uid}) does not match claim (${serviceaccount.uid ?? ''})`
  return (
    (secret && gone(objects.get('secrets', namespace, secret.name), secret, 'secret', now)) ??
    (pod && gone(objects.get('pods', namespace, pod.name), pod, 'pod', now)) ??
    // The node of a pod is told, not checked: the pod is what the token lives by.
    (node && !pod ? gone(objects.get('nodes', '', node.name), node, 'node', now) : undefined)
  )
}

function gone(object: KubeObject | undefined, reference: ObjectReference, what: string, now: number) {
  if (object === undefined) return invalidated
  const { uid } = object.metadata
  if (uid !== (reference.uid ?? ''))
    return `${what} UID (${uid}) does not match service account ${what} ref claim (${reference.uid ?? ''})`
  return diedBefore(object, now) ? invalidated : undefined
}

const diedBefore = ({ metadata: { deletionTimestamp } }: KubeObject, now: number): boolean =>
  deletionTimestamp !== undefined && Date.parse(deletionTimestamp) < now - leewaySeconds * 1000
