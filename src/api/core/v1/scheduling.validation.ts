// Where a pod wants to run: tolerations, affinity, spreading, gates.

import { duplicate, forbidden, invalid, notSupported, required } from '../../../machinery/field-error.ts'
import type { FieldPath } from '../../../machinery/field-path.ts'
import type { LabelSelector } from '../../../machinery/labels.ts'
import { checkIfGiven, checkQualifiedName, type Errors } from '../../../machinery/validation/field-checks.ts'
import { validateLabelName, validateLabelSelector } from '../../../machinery/validation/labels.ts'
import {
  isLabelValue,
  isQualifiedName,
  nameIsDNSLabel,
  nameIsDNSSubdomain,
} from '../../../machinery/validation/names.ts'
import { showing } from '../../go/internal-form.ts'
import type { Affinity, NodeAffinity, PodAffinityTerm, WeightedPodAffinityTerm } from './affinity.ts'
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from './nodeselector.ts'
import type { TopologySpreadConstraint } from './pod.ts'
import { Taint, type Toleration } from './toleration.ts'

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']
const tolerationOperators = ['Equal', 'Exists']
/** Comparing is off by default (KEP-5471), yet upstream names the operators to who asks for them. */
const allOperators = [...tolerationOperators, 'Lt', 'Gt']
const comparing = (operator: string): boolean => operator === 'Lt' || operator === 'Gt'

export function checkTolerations(tolerations: readonly Toleration[], path: FieldPath, errors: Errors): void {
  for (let index = 0; index < tolerations.length; index++) {
    const { key = '', operator = '', value = '', effect = '', tolerationSeconds } = tolerations[index]!
    const at = path.index(index)
    if (key !== '') for (const message of isQualifiedName(key)) errors.push(invalid(at.child('key'), key, message))
    else if (operator !== 'Exists')
      errors.push(
        invalid(
          at.child('operator'),
          operator,
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      )
    if (tolerationSeconds !== undefined && effect !== 'NoExecute')
      errors.push(invalid(at.child('effect'), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
    if (operator === 'Equal' || operator === '') {
      const messages = isLabelValue(value)
      if (messages.length > 0) errors.push(invalid(at.child('operator'), value, messages.join(';')))
    } else if (operator === 'Exists') {
      if (value !== '')
        errors.push(invalid(at.child('operator'), value, "value must be empty when `operator` is 'Exists'"))
    } else
      errors.push(
        notSupported(at.child('operator'), operator, comparing(operator) ? allOperators : tolerationOperators),
      )
    if (effect !== '' && !effects.includes(effect)) errors.push(notSupported(at.child('effect'), effect, effects))
  }
}

export function checkTaints(taints: readonly Taint[], path: FieldPath, errors: Errors): void {
  const seen = new Set<string>()
  for (const [index, taint] of taints.entries()) {
    const at = path.index(index)
    const { key = '', value = '', effect = '' } = taint
    errors.push(...validateLabelName(key, at.child('key')))
    const messages = isLabelValue(value)
    if (messages.length > 0) errors.push(invalid(at.child('value'), value, messages.join(';')))
    if (effect === '') errors.push(required(at.child('effect')))
    else if (!effects.includes(effect)) errors.push(notSupported(at.child('effect'), effect, effects))
    const pair = `${effect}/${key}`
    if (seen.has(pair)) {
      errors.push({ ...duplicate(at, showing(Taint, taint)), detail: 'taints must be unique by key and effect pair' })
    }
    seen.add(pair)
  }
}

export function checkNodeSelector(selector: NodeSelector, path: FieldPath, errors: Errors): void {
  const terms = selector.nodeSelectorTerms ?? []
  const at = path.child('nodeSelectorTerms')
  if (terms.length === 0) errors.push(required(at, 'must have at least one node selector term'))
  for (const [index, term] of terms.entries()) checkTerm(term, at.index(index), true, errors)
}

/** `values`: whether values must be label values. */
function checkTerm(term: NodeSelectorTerm, path: FieldPath, values: boolean, errors: Errors): void {
  for (const [index, requirement] of (term.matchExpressions ?? []).entries())
    checkExpression(requirement, path.child('matchExpressions').index(index), values, errors)
  for (const [index, requirement] of (term.matchFields ?? []).entries())
    checkField(requirement, path.child('matchFields').index(index), errors)
}

function checkExpression(
  requirement: NodeSelectorRequirement,
  path: FieldPath,
  labelValues: boolean,
  errors: Errors,
): void {
  const { key = '', operator = '', values = [] } = requirement
  const at = path.child('values')
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) errors.push(required(at, "must be specified when `operator` is 'In' or 'NotIn'"))
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0)
      errors.push(forbidden(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
  } else if (operator === 'Gt' || operator === 'Lt') {
    if (values.length !== 1) errors.push(required(at, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
  } else errors.push(invalid(path.child('operator'), operator, 'not a valid selector operator'))
  errors.push(...validateLabelName(key, path.child('key')))
  if (!labelValues) return
  for (const [index, value] of values.entries())
    for (const message of isLabelValue(value)) errors.push(invalid(at.index(index), value, message))
}

function checkField(requirement: NodeSelectorRequirement, path: FieldPath, errors: Errors): void {
  const { key = '', operator = '', values = [] } = requirement
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length !== 1)
      errors.push(
        required(
          path.child('values'),
          "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
        ),
      )
  } else errors.push(invalid(path.child('operator'), operator, 'not a valid selector operator'))
  if (key !== 'metadata.name') errors.push(invalid(path.child('key'), key, 'not a valid field selector key'))
  else
    for (const [index, value] of values.entries())
      for (const message of nameIsDNSSubdomain(value, false))
        errors.push(invalid(path.child('values').index(index), value, message))
}

const requiredTerms = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferredTerms = 'preferredDuringSchedulingIgnoredDuringExecution'

function checkWeight(weight: number | undefined, path: FieldPath, errors: Errors): void {
  const value = weight ?? 0
  if (value <= 0 || value > 100) errors.push(invalid(path.child('weight'), value, 'must be in the range 1-100'))
}

export function checkAffinity(affinity: Affinity, path: FieldPath, errors: Errors): void {
  if (affinity.nodeAffinity) checkNodeAffinity(affinity.nodeAffinity, path.child('nodeAffinity'), errors)
  for (const kind of ['podAffinity', 'podAntiAffinity'] as const) {
    const of = affinity[kind]
    if (!of) continue
    const at = path.child(kind)
    for (const [index, term] of (of[requiredTerms] ?? []).entries())
      checkPodTerm(term, at.child(requiredTerms).index(index), errors)
    for (const [index, term] of ((of[preferredTerms] ?? []) as WeightedPodAffinityTerm[]).entries()) {
      const there = at.child(preferredTerms).index(index)
      checkWeight(term.weight, there, errors)
      checkPodTerm(term.podAffinityTerm ?? ({} as PodAffinityTerm), there.child('podAffinityTerm'), errors)
    }
  }
}

function checkNodeAffinity(affinity: NodeAffinity, path: FieldPath, errors: Errors): void {
  const selector = affinity[requiredTerms]
  if (selector) checkNodeSelector(selector, path.child(requiredTerms), errors)
  for (const [index, { weight, preference }] of (affinity[preferredTerms] ?? []).entries()) {
    const at = path.child(preferredTerms).index(index)
    checkWeight(weight, at, errors)
    // Values that no label has do no harm among preferences.
    if (preference) checkTerm(preference, at.child('preference'), false, errors)
  }
}

function checkPodTerm(term: PodAffinityTerm, path: FieldPath, errors: Errors): void {
  errors.push(...validateLabelSelector(term.labelSelector, path.child('labelSelector')))
  errors.push(...validateLabelSelector(term.namespaceSelector, path.child('namespaceSelector')))
  for (const namespace of term.namespaces ?? [])
    for (const message of nameIsDNSLabel(namespace, false))
      errors.push(invalid(path.child('namespace'), namespace, message))
  checkLabelKeys(term.matchLabelKeys, term.labelSelector, path.child('matchLabelKeys'), errors)
  checkLabelKeys(term.mismatchLabelKeys, term.labelSelector, path.child('mismatchLabelKeys'), errors)
  checkKeysTwice(term.matchLabelKeys, term.labelSelector, path, errors)
  for (const [index, key] of (term.matchLabelKeys ?? []).entries())
    if (term.mismatchLabelKeys?.includes(key))
      errors.push(
        invalid(path.child('matchLabelKeys').index(index), key, 'exists in both matchLabelKeys and mismatchLabelKeys'),
      )
  const { topologyKey = '' } = term
  if (topologyKey === '') errors.push(required(path.child('topologyKey'), 'can not be empty'))
  errors.push(...validateLabelName(topologyKey, path.child('topologyKey')))
}

function checkLabelKeys(
  keys: readonly string[] | undefined,
  selector: LabelSelector | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  if (!keys?.length) return
  if (!selector) errors.push(forbidden(path, 'must not be specified when labelSelector is not set'))
  else for (const [index, key] of keys.entries()) errors.push(...validateLabelName(key, path.index(index)))
}

/** The keys were merged into the selector once; a second requirement on one of them came from the author. */
function checkKeysTwice(
  keys: readonly string[] | undefined,
  selector: LabelSelector | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  if (!keys?.length || !selector) return
  const seen = new Set(Object.keys(selector.matchLabels ?? {}))
  for (const { key } of selector.matchExpressions ?? []) {
    const index = keys.indexOf(key)
    if (index >= 0 && seen.has(key))
      errors.push(invalid(path.index(index), key, 'exists in both matchLabelKeys and labelSelector'))
    seen.add(key)
  }
}

const scheduleActions = ['DoNotSchedule', 'ScheduleAnyway']
const inclusionPolicies = ['Honor', 'Ignore']
const positive = 'must be greater than zero'

export function checkTopologySpread(
  constraints: readonly TopologySpreadConstraint[],
  path: FieldPath,
  errors: Errors,
): void {
  for (const [index, constraint] of constraints.entries()) {
    const at = path.index(index)
    const { maxSkew = 0, topologyKey = '', whenUnsatisfiable = '', minDomains } = constraint
    if (maxSkew <= 0) errors.push(invalid(at.child('maxSkew'), maxSkew, positive))
    if (topologyKey === '') errors.push(required(at.child('topologyKey'), 'can not be empty'))
    if (!scheduleActions.includes(whenUnsatisfiable))
      errors.push(notSupported(at.child('whenUnsatisfiable'), whenUnsatisfiable, scheduleActions))
    if (
      constraints
        .slice(index + 1)
        .some(other => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable)
    )
      errors.push(duplicate(at.child('{topologyKey, whenUnsatisfiable}'), `{${topologyKey}, ${whenUnsatisfiable}}`))
    if (minDomains !== undefined) {
      if (minDomains <= 0) errors.push(invalid(at.child('minDomains'), minDomains, positive))
      if (whenUnsatisfiable !== 'DoNotSchedule')
        errors.push(
          invalid(
            at.child('minDomains'),
            minDomains,
            `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`,
          ),
        )
    }
    checkIfGiven(constraint.nodeAffinityPolicy, inclusionPolicies, at, 'nodeAffinityPolicy', errors)
    checkIfGiven(constraint.nodeTaintsPolicy, inclusionPolicies, at, 'nodeTaintsPolicy', errors)
    const keys = at.child('matchLabelKeys')
    checkLabelKeys(constraint.matchLabelKeys, constraint.labelSelector, keys, errors)
    checkKeysTwice(constraint.matchLabelKeys, constraint.labelSelector, keys, errors)
    errors.push(...validateLabelSelector(constraint.labelSelector, at.child('labelSelector')))
  }
}

export function checkSchedulingGates(
  gates: readonly { readonly name?: string }[],
  path: FieldPath,
  errors: Errors,
): void {
  const seen = new Set<string>()
  for (const [index, { name = '' }] of gates.entries()) {
    checkQualifiedName(name, path.index(index), errors)
    if (seen.has(name)) errors.push(duplicate(path.index(index), name))
    seen.add(name)
  }
}
