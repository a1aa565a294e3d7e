// TokenRequest: the `token` subresource of a service account. Checks the request, resolves the object that the token is
// to be bound to, and answers the request with the token in its status.

import type { KubeObject } from '../../api/resource.ts'
import { invalid as fieldInvalid } from '../../machinery/field-error.ts'
import { quote } from '../../machinery/go-text.ts'
import { badRequest, conflict, invalid, notFound } from '../../machinery/status-error.ts'
import type { BoundObjectGetter, ObjectReference } from './service-account-claims.ts'
import type { ServiceAccountTokenIssuer } from './service-account-token-issuer.ts'

const kind = { group: 'authentication.k8s.io', kind: 'TokenRequest' }
export const defaultExpirationSeconds = 3600
const minExpirationSeconds = 600
/** What the ServiceAccount admission plugin asks for: such tokens live a year, for clients that never reread theirs. */
const warnOnlyExpirationSeconds = 3607
const extendedExpirationSeconds = 365 * 24 * 3600

export interface TokenRequestOptions {
  readonly issuer: ServiceAccountTokenIssuer
  readonly objects: BoundObjectGetter
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Takes what the client should be told. */
  readonly warnings?: string[]
}

/** Defaults and checks a TokenRequest, before admission; throws the 422. */
export function prepareTokenRequest(
  request: KubeObject,
  serviceAccount: KubeObject,
  audiences: readonly string[],
): KubeObject {
  const { namespace, name = '', uid } = serviceAccount.metadata
  const expect = (field: string, actual: string | undefined, wanted: string | undefined, what: string) => {
    if (actual && actual !== wanted)
      throw invalid(kind, name, [
        fieldInvalid(`metadata.${field}`, actual, `must match the service account ${what} if specified`),
      ])
  }
  expect('name', request.metadata?.name, name, 'name')
  expect('namespace', request.metadata?.namespace, namespace, 'namespace')
  const given = request.metadata?.uid
  if (given && given !== uid)
    throw conflict(
      { group: kind.group, resource: kind.kind },
      name,
      `the UID in the token request (${given}) does not match the UID of the service account (${uid})`,
    )
  const spec = { ...request['spec'] }
  spec.expirationSeconds ??= defaultExpirationSeconds
  if (!spec.audiences?.length) spec.audiences = [...audiences]
  const path = 'spec.expirationSeconds'
  if (spec.expirationSeconds < minExpirationSeconds)
    throw invalid(kind, '', [
      fieldInvalid(path, spec.expirationSeconds, 'may not specify a duration less than 10 minutes'),
    ])
  if (spec.expirationSeconds > 2 ** 32)
    throw invalid(kind, '', [
      fieldInvalid(path, spec.expirationSeconds, 'may not specify a duration larger than 2^32 seconds'),
    ])
  return {
    ...request,
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: { ...request.metadata, name, namespace, uid },
    spec,
  }
}

/** The prepared request with its status: the token, and until when it is good. And the token's id, for the audit log. */
export function answerTokenRequest(
  request: KubeObject,
  serviceAccount: KubeObject,
  { issuer, objects, now, warnings }: TokenRequestOptions,
): { readonly object: KubeObject; readonly credentialID: string } {
  const { namespace = '', name = '', uid } = serviceAccount.metadata
  const bound = request['spec'].boundObjectRef
    ? resolve(request['spec'].boundObjectRef, namespace, name, objects)
    : undefined
  const spec = { ...request['spec'] }
  const { maxExpirationSeconds } = issuer
  if (maxExpirationSeconds !== undefined && spec.expirationSeconds > maxExpirationSeconds) {
    warnings?.push(
      `requested expiration of ${spec.expirationSeconds} seconds shortened to ${maxExpirationSeconds} seconds`,
    )
    spec.expirationSeconds = maxExpirationSeconds
  }
  const extend =
    issuer.extendExpiration &&
    bound?.pod !== undefined &&
    spec.expirationSeconds === warnOnlyExpirationSeconds &&
    spec.audiences.length > 0 &&
    spec.audiences.every((audience: string) => issuer.audiences.includes(audience))
  const { token, credentialID } = issuer.issueWithID({
    namespace,
    serviceAccount: { name, uid },
    audiences: spec.audiences,
    expirationSeconds: extend ? extendedExpirationSeconds : spec.expirationSeconds,
    ...(extend && { warnAfterSeconds: spec.expirationSeconds }),
    ...bound,
  })
  const expires = new Date((Math.floor(now / 1000) + spec.expirationSeconds) * 1000)
  const object = {
    kind: request['kind'],
    apiVersion: request['apiVersion'],
    metadata: { creationTimestamp: `${new Date(now).toISOString().slice(0, 19)}Z`, ...request.metadata },
    spec: {
      audiences: spec.audiences,
      expirationSeconds: spec.expirationSeconds,
      boundObjectRef: spec.boundObjectRef ?? null,
    },
    status: { token, expirationTimestamp: `${expires.toISOString().slice(0, 19)}Z` },
  }
  return { object, credentialID }
}

interface BoundObjectReference {
  readonly kind?: string
  readonly apiVersion?: string
  readonly name?: string
  readonly uid?: string
}

function resolve(
  reference: BoundObjectReference,
  namespace: string,
  serviceAccount: string,
  objects: BoundObjectGetter,
): { pod?: ObjectReference; secret?: ObjectReference; node?: ObjectReference } {
  const { name = '', apiVersion = '' } = reference
  // What is no group and version is of no group.
  const parts = apiVersion.split('/')
  const group = parts.length === 2 ? parts[0]! : ''
  const find = (resource: string, where: string) => {
    if (name === '') throw badRequest('Name parameter required.')
    const object = objects.get(resource, where, name)
    if (object === undefined) throw notFound({ group: '', resource }, name)
    const { uid } = object.metadata
    if (reference.uid && reference.uid !== uid)
      throw conflict(
        { group, resource: reference.kind ?? '' },
        name,
        `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
      )
    return { object, reference: { name, uid } }
  }
  switch (group === '' ? reference.kind : undefined) {
    case 'Pod': {
      const pod = objects.get('pods', namespace, name)
      const account = pod?.['spec']?.serviceAccountName ?? ''
      if (pod !== undefined && account !== serviceAccount)
        throw badRequest(
          `cannot bind token for serviceaccount ${quote(serviceAccount)} to pod running with different serviceaccount name.`,
        )
      const found = find('pods', namespace)
      const nodeName: string | undefined = found.object['spec']?.nodeName
      if (!nodeName) return { pod: found.reference }
      return { pod: found.reference, node: { name: nodeName, uid: objects.get('nodes', '', nodeName)?.metadata.uid } }
    }
    case 'Secret':
      return { secret: find('secrets', namespace).reference }
    case 'Node':
      return { node: find('nodes', '').reference }
    default: {
      const version = parts.length > 2 ? '' : parts[parts.length - 1]
      throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${reference.kind ?? ''}`)
    }
  }
}
