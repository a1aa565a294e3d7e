// Which policies are in force, and with which parameters: policies paired with their bindings, straight from the cache.

import type { MatchResources } from '../../../api/admissionregistration/v1/matchresources.ts'
import type { ParamKind, ParamRef } from '../../../api/admissionregistration/v1/paramref.ts'
import { conversionBetween } from '../../../api/conversion.ts'
import { apiVersionOf, groupResource, type KubeObject, type ResourceDeclaration } from '../../../api/resource.ts'
import { compareText } from '../../../machinery/go-text.ts'
import { labelSelectorFrom } from '../../../machinery/labels.ts'
import { scaleOf } from '../../registry/subresources/scale.ts'
import { type AdmissionAttributes, type AdmissionLister, isResource, type ServedResources } from '../admission.ts'
import { asMatched, type Matched, matchResources } from '../matching/matching.ts'
import { type Steps, settled } from './steps.ts'

interface Bound {
  readonly metadata: { readonly name?: string }
  readonly spec: {
    readonly policyName?: string
    readonly paramRef?: ParamRef
    readonly matchResources?: MatchResources
  }
}

interface Policy {
  readonly metadata: { readonly name?: string }
  readonly spec: { readonly paramKind?: ParamKind; readonly matchConstraints?: MatchResources }
}

export interface Hook<P extends Policy, B extends Bound> {
  readonly policy: P
  readonly bindings: readonly B[]
}

/** Policies that somebody bound, in the order of their names. */
export function hooksOf<P extends Policy, B extends Bound>(
  lister: AdmissionLister,
  policies: string,
  bindings: string,
): Hook<P, B>[] {
  const byPolicy = new Map<string, B[]>()
  for (const object of lister.list(bindings, '')) {
    const binding = object as unknown as B
    const name = binding.spec.policyName ?? ''
    const known = byPolicy.get(name)
    if (known) known.push(binding)
    else byPolicy.set(name, [binding])
  }
  const hooks: Hook<P, B>[] = []
  for (const name of [...byPolicy.keys()].sort(compareText)) {
    const policy = lister.get(policies, '', name) as unknown as P | undefined
    if (policy) hooks.push({ policy, bindings: byPolicy.get(name)! })
  }
  return hooks
}

/** A policy, or a binding of it, that cannot be used as it is. */
export interface ConfigurationError<P, B> {
  readonly policy: P
  readonly binding?: B
  readonly message: string
}

/** One policy to be evaluated on one request, with one binding and one parameter. */
export interface Invocation<P, B> {
  readonly policy: P
  readonly binding: B
  readonly matched: Matched
  readonly params: KubeObject | undefined
}

/** The request's objects in the version as which it matched; of a change of scale, the Scales. */
export function* versioned(
  attributes: AdmissionAttributes,
  matched: Matched,
): Steps<{ readonly object: KubeObject | undefined; readonly oldObject: KubeObject | undefined }> {
  const { object, oldObject, subresource } = attributes
  if (subresource === 'scale') return { object: object && scaleOf(object), oldObject: oldObject && scaleOf(oldObject) }
  return {
    object: yield* settled(asMatched(attributes.object, attributes, matched)),
    oldObject: yield* settled(asMatched(attributes.oldObject, attributes, matched)),
  }
}

/** What is to be evaluated on this request, in order, and what cannot be. */
export function* invocations<P extends Policy, B extends Bound>(
  hooks: readonly Hook<P, B>[],
  attributes: AdmissionAttributes,
  served: ServedResources,
): Steps<(Invocation<P, B> | ConfigurationError<P, B>)[]> {
  const all: (Invocation<P, B> | ConfigurationError<P, B>)[] = []
  for (const { policy, bindings } of hooks) {
    const { paramKind, matchConstraints = {} } = policy.spec
    let matched: Matched | undefined
    try {
      matched = matchResources(matchConstraints, attributes, served)
    } catch (error) {
      all.push({ policy, message: `failed to configure policy: ${(error as Error).message}` })
      continue
    }
    if (!matched) continue
    const param = paramKind && resourceOfKind(paramKind, served)
    if (paramKind && !param) {
      const { apiVersion = '', kind = '' } = paramKind
      const name = `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`
      const message = `failed to find resource referenced by paramKind: '${name}'`
      all.push({ policy, message: `failed to configure policy: ${message}` })
      continue
    }
    for (const binding of bindings) {
      try {
        const { matchResources: narrower } = binding.spec
        if (narrower && !matchResources(narrower, attributes, served)) continue
        const found = collectParams(param, binding.spec.paramRef, attributes)
        if (found.length > 0) yield* checkConversion(attributes, matched)
        for (const params of found) all.push({ policy, binding, matched, params })
      } catch (error) {
        all.push({ policy, binding, message: `failed to configure binding: ${(error as Error).message}` })
      }
    }
  }
  return all
}

function* checkConversion(attributes: AdmissionAttributes, matched: Matched): Steps<void> {
  try {
    yield* versioned(attributes, matched)
  } catch (error) {
    throw new Error(`failed to convert object version: ${(error as Error).message}`)
  }
}

function resourceOfKind({ apiVersion, kind }: ParamKind, served: ServedResources): ResourceDeclaration | undefined {
  for (const resource of served.resources())
    if (resource.kind === kind && apiVersionOf(resource) === apiVersion && resource.verbs.includes('list'))
      return resource
  return undefined
}

/** The parameters a binding names; one `undefined` when it needs none. */
function collectParams(
  resource: ResourceDeclaration | undefined,
  reference: ParamRef | undefined,
  { lister, namespace: requested }: AdmissionAttributes,
): (KubeObject | undefined)[] {
  if (!resource || !reference) return [undefined]
  const { name, namespace, selector, parameterNotFoundAction } = reference
  if (namespace && !resource.namespaced)
    throw new Error('paramRef.namespace must not be provided for a cluster-scoped `paramKind`')
  const within = resource.namespaced ? namespace || requested : ''
  if (resource.namespaced && within === '')
    throw new Error('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources')
  const from = groupResource(resource)
  let found: KubeObject[]
  if (name) {
    if (selector) throw new Error('paramRef.name and paramRef.selector are mutually exclusive')
    const param = lister.get(from, within, name)
    found = param ? [param] : []
  } else if (selector) {
    const parsed = labelSelectorFrom(selector)
    found = [...lister.list(from, within)].filter(param => parsed.matches(param.metadata['labels']))
  } else throw new Error('one of name or selector must be provided')
  if (found.length === 0 && parameterNotFoundAction === 'Deny')
    throw new Error('no params found for policy binding with `Deny` parameterNotFoundAction')
  const convert = conversionBetween(resource.kind, resource.storage, resource)
  return convert ? found.map(convert) : found
}

/** The namespace a request is in; none for a namespace itself. */
export function namespaceOfRequest(attributes: AdmissionAttributes): KubeObject | undefined {
  if (attributes.namespace === '' || isResource(attributes, '', 'namespaces')) return undefined
  return attributes.lister.get('namespaces', '', attributes.namespace)
}
