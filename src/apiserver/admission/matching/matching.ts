// Is this request one that a policy, a binding or a webhook is about?
//
// Comes in: the rules and selectors of an object that configures admission, and a request. Goes out: no, or the resource
// and kind as which the request matched: with matchPolicy Equivalent, a rule for another version of the same resource
// matches too, and the object is then handed over in that version.

import type { MatchResources, RuleWithOperations } from '../../../api/admissionregistration/v1/matchresources.ts'
import { conversionBetween } from '../../../api/conversion.ts'
import { groupResource, type KubeObject, type ResourceDeclaration } from '../../../api/resource.ts'
import { type LabelSelector, labelSelectorFrom, type Selector } from '../../../machinery/labels.ts'
import { internalError, notFound, type StatusError } from '../../../machinery/status-error.ts'
import { storedForm } from '../../registry/versions.ts'
import { type AdmissionAttributes, isResource, type ServedResources } from '../admission.ts'
import { ruleMatches } from './rules.ts'

export interface Matched {
  /** As which the request matched; the request's own unless by equivalence. */
  readonly resource: ResourceDeclaration
}

/** Undefined: not about this request. Throws a StatusError when that cannot be told. */
export function matchResources(
  match: MatchResources,
  attributes: AdmissionAttributes,
  served: ServedResources,
): Matched | undefined {
  // A selector that fails only counts once the rest says that the request is meant.
  const inNamespace = matchesNamespace(match.namespaceSelector, attributes)
  if (inNamespace === false) return undefined
  if (!matchesObject(match.objectSelector, attributes)) return undefined
  const equivalent = match.matchPolicy === 'Equivalent'
  if (matchRules(match.excludeResourceRules ?? [], equivalent, attributes, served)) return undefined
  const rules = match.resourceRules ?? []
  const matched =
    rules.length === 0 ? { resource: attributes.resource } : matchRules(rules, equivalent, attributes, served)
  if (matched && inNamespace !== true) throw inNamespace
  return matched
}

type NamedRule = RuleWithOperations & { readonly resourceNames?: readonly string[] }

/** The first rule that matches, in the request's version before any other. */
export function matchRules(
  rules: readonly NamedRule[],
  equivalent: boolean,
  attributes: AdmissionAttributes,
  served: ServedResources,
): Matched | undefined {
  const { resource } = attributes
  const named = ({ resourceNames = [] }: NamedRule): boolean =>
    resourceNames.length === 0 || resourceNames.includes(attributes.name)
  if (rules.some(rule => ruleMatches(rule, resource, attributes) && named(rule))) return { resource }
  if (!equivalent || rules.length === 0) return undefined
  const others = [...equivalents(resource, served)]
  for (const rule of rules) {
    const other = others.find(each => ruleMatches(rule, each, attributes))
    if (other && named(rule)) return { resource: other }
  }
  return undefined
}

/** The other versions, and other groups, under which the same objects are served. */
function* equivalents(resource: ResourceDeclaration, served: ServedResources): Generator<ResourceDeclaration> {
  for (const other of served.resources()) {
    if (other.resource !== resource.resource || other.storage?.group !== resource.storage?.group) continue
    if (other.group !== resource.group || other.version !== resource.version) yield other
  }
}

const selectors = new WeakMap<LabelSelector, Selector>()

function selectorOf(selector: LabelSelector): Selector {
  let parsed = selectors.get(selector)
  if (!parsed) {
    parsed = labelSelectorFrom(selector)
    selectors.set(selector, parsed)
  }
  return parsed
}

const isEmpty = ({ matchLabels, matchExpressions }: LabelSelector): boolean =>
  Object.keys(matchLabels ?? {}).length === 0 && (matchExpressions ?? []).length === 0

/** A StatusError when the namespace is not there. */
export function matchesNamespace(
  selector: LabelSelector | undefined,
  attributes: AdmissionAttributes,
): boolean | StatusError {
  if (!selector || isEmpty(selector)) return true
  const isNamespace = isResource(attributes, '', 'namespaces')
  // What has no namespace is never exempt by one.
  if (attributes.namespace === '' && !isNamespace) return true
  const { operation, object, lister, subresource } = attributes
  let labels: Readonly<Record<string, string>> | undefined
  if (isNamespace && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'))
    labels = object?.metadata['labels']
  else {
    const name = isNamespace ? attributes.name : attributes.namespace
    const namespace = lister.get('namespaces', '', name)
    if (!namespace) return notFound({ group: '', resource: 'namespaces' }, name)
    labels = namespace.metadata['labels']
  }
  try {
    return selectorOf(selector).matches(labels)
  } catch (error) {
    return internalError(error as Error)
  }
}

/** Whether the object matches as it is or as it was. */
export function matchesObject(
  selector: LabelSelector | undefined,
  { object, oldObject }: AdmissionAttributes,
): boolean {
  if (!selector || isEmpty(selector)) return true
  const parsed = selectorOf(selector)
  const matches = (of: KubeObject | undefined): boolean => of !== undefined && parsed.matches(of.metadata?.['labels'])
  return matches(object) || matches(oldObject)
}

/** The object in the version as which the request matched; a promise where a webhook converts it. */
export function asMatched(
  object: KubeObject | undefined,
  attributes: AdmissionAttributes,
  { resource }: Matched,
): KubeObject | undefined | Promise<KubeObject> {
  if (!object || resource === attributes.resource || attributes.subresource !== '') return object
  return convert(object, attributes.resource, resource)
}

/** And back, for what was changed in that version. */
export function fromMatched(
  object: KubeObject,
  attributes: AdmissionAttributes,
  { resource }: Matched,
): KubeObject | Promise<KubeObject> {
  if (resource === attributes.resource || attributes.subresource !== '') return object
  return convert(object, resource, attributes.resource)
}

function convert(
  object: KubeObject,
  from: ResourceDeclaration,
  to: ResourceDeclaration,
): KubeObject | Promise<KubeObject> {
  const stored = storedForm(from, object)
  return stored instanceof Promise ? stored.then(each => fromStored(each, to)) : fromStored(stored, to)
}

function fromStored(stored: KubeObject, to: ResourceDeclaration): KubeObject | Promise<KubeObject> {
  if (!to.custom) return conversionBetween(to.kind, to.storage, to)?.(stored) ?? stored
  const served = to.custom.fromStorage([stored])
  return served instanceof Promise ? served.then(([first]) => first!) : served[0]!
}

/** Reviews are asked for while policies are evaluated; and who configures admission must not be locked out by it. */
const neverAdmitted: ReadonlySet<string> = new Set([
  'selfsubjectreviews.authentication.k8s.io',
  'tokenreviews.authentication.k8s.io',
  'localsubjectaccessreviews.authorization.k8s.io',
  'selfsubjectaccessreviews.authorization.k8s.io',
  'selfsubjectrulesreviews.authorization.k8s.io',
  'subjectaccessreviews.authorization.k8s.io',
])
const admissionConfiguration: ReadonlySet<string> = new Set([
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'mutatingadmissionpolicies.admissionregistration.k8s.io',
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
])

export const isReview = ({ resource }: AdmissionAttributes): boolean => neverAdmitted.has(groupResource(resource))
export const isAdmissionConfiguration = ({ resource }: AdmissionAttributes): boolean =>
  admissionConfiguration.has(groupResource(resource))
