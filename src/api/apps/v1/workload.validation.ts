// What Deployments, ReplicaSets, StatefulSets and DaemonSets have in common, and each of its own (upstream:
// pkg/apis/apps/validation).

import { normalEqual } from '../../../machinery/deep-equal.ts'
import { type FieldError, forbidden, invalid, notSupported, required } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { inKeyOrder } from '../../../machinery/go-text.ts'
import { type IntOrString, intValue, percentOf } from '../../../machinery/int-or-string.ts'
import { type LabelSelector, labelSelectorFrom, type Selector } from '../../../machinery/labels.ts'
import {
  checkDNSLabel,
  checkImmutable,
  checkNonnegative,
  checkOneOf,
  type Errors,
} from '../../../machinery/validation/field-checks.ts'
import { validateLabelSelector } from '../../../machinery/validation/labels.ts'
import { isPercent } from '../../../machinery/validation/names.ts'
import { checkClaimSpec } from '../../core/v1/persistentvolumeclaim.validation.ts'
import type { PodTemplateSpec } from '../../core/v1/pod.ts'
import { checkPodTemplate } from '../../core/v1/pod.validation.ts'
import type { KubeObject } from '../../resource.ts'
import type { DaemonSetSpec } from './daemonset.ts'
import type { DeploymentSpec } from './deployment.ts'
import type { ReplicaSetSpec } from './replicaset.ts'
import type { StatefulSetSpec } from './statefulset.ts'

const specPath = root('spec')
const statusPath = root('status')

/** A number or a percentage, not below zero. */
export function checkIntOrPercent(value: IntOrString | undefined, path: FieldPath, errors: Errors): void {
  if (typeof value === 'string') for (const message of isPercent(value)) errors.push(invalid(path, value, message))
  else if (value !== undefined && value < 0) errors.push(invalid(path, value, 'must be greater than or equal to 0'))
}

export function checkAtMost100Percent(value: IntOrString | undefined, path: FieldPath, errors: Errors): void {
  if ((percentOf(value) ?? 0) > 100) errors.push(invalid(path, value, 'must not be greater than 100%'))
}

const amount = (value: IntOrString | undefined): number => percentOf(value) ?? intValue(value)

const empty = (selector: LabelSelector): boolean =>
  Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0) === 0

/** Go writes maps in the order of their keys. */
const shown = (selector: LabelSelector | undefined) =>
  selector?.matchLabels ? { ...selector, matchLabels: inKeyOrder(selector.matchLabels) } : selector

/** The selector must be there, say something, and select what the template makes. */
function checkSelector(
  spec: { selector?: LabelSelector },
  emptyMessage: string,
  errors: Errors,
  invalidMessage = 'invalid label selector',
): Selector | undefined {
  const path = specPath.child('selector')
  if (!spec.selector) errors.push(required(path))
  else {
    errors.push(...validateLabelSelector(spec.selector, path))
    if (empty(spec.selector)) errors.push(invalid(path, spec.selector, emptyMessage))
  }
  try {
    return labelSelectorFrom(spec.selector)
  } catch {
    errors.push(invalid(path, shown(spec.selector), invalidMessage))
    return undefined
  }
}

export function checkSelected(
  selector: Selector,
  given: LabelSelector | undefined,
  template: PodTemplateSpec,
  path: FieldPath,
  errors: Errors,
): void {
  const labels = template.metadata?.labels
  if ((given === undefined || !empty(given)) && !selector.matches(labels ?? {}))
    errors.push(
      invalid(
        path.child('metadata', 'labels'),
        labels ? inKeyOrder(labels) : null,
        '`selector` does not match template `labels`',
      ),
    )
}

function checkRunsForever(template: PodTemplateSpec, path: FieldPath, kind: string, errors: Errors): void {
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {}
  if (restartPolicy !== 'Always')
    errors.push(notSupported(path.child('spec', 'restartPolicy'), restartPolicy ?? '', ['Always']))
  if (activeDeadlineSeconds !== undefined)
    errors.push(
      forbidden(path.child('spec', 'activeDeadlineSeconds'), `activeDeadlineSeconds in ${kind} is not Supported`),
    )
}

const templatePath = specPath.child('template')

function checkTemplate(
  selector: Selector | undefined,
  spec: { selector?: LabelSelector; template?: PodTemplateSpec },
  kind: string,
  errors: Errors,
): void {
  if (!selector) return
  const template = spec.template ?? ({} as PodTemplateSpec)
  checkSelected(selector, spec.selector, template, templatePath, errors)
  checkPodTemplate(template, templatePath, errors)
  checkRunsForever(template, templatePath, kind, errors)
}

export function validateDeployment(deployment: KubeObject): FieldError[] {
  const errors: Errors = []
  const spec = deployment['spec'] as DeploymentSpec
  checkNonnegative(spec.replicas, specPath, 'replicas', errors)
  checkTemplate(checkSelector(spec, 'empty selector is invalid for deployment', errors), spec, 'ReplicaSet', errors)
  const strategy = spec.strategy ?? {}
  const path = specPath.child('strategy')
  const { rollingUpdate } = strategy
  if (strategy.type === 'Recreate') {
    if (rollingUpdate)
      errors.push(forbidden(path.child('rollingUpdate'), "may not be specified when strategy `type` is 'Recreate'"))
  } else if (strategy.type === 'RollingUpdate') {
    if (!rollingUpdate) errors.push(required(path.child('rollingUpdate'), 'this should be defaulted and never be nil'))
    else {
      const at = path.child('rollingUpdate')
      const { maxUnavailable, maxSurge } = rollingUpdate
      checkIntOrPercent(maxUnavailable, at.child('maxUnavailable'), errors)
      checkIntOrPercent(maxSurge, at.child('maxSurge'), errors)
      if (amount(maxUnavailable) === 0 && amount(maxSurge) === 0)
        errors.push(invalid(at.child('maxUnavailable'), maxUnavailable, 'may not be 0 when `maxSurge` is 0'))
      checkAtMost100Percent(maxUnavailable, at.child('maxUnavailable'), errors)
    }
  } else errors.push(notSupported(path, strategy, ['Recreate', 'RollingUpdate']))
  checkNonnegative(spec.minReadySeconds, specPath, 'minReadySeconds', errors)
  checkNonnegative(spec.revisionHistoryLimit, specPath, 'revisionHistoryLimit', errors)
  const deadline = spec.progressDeadlineSeconds
  if (deadline !== undefined) {
    checkNonnegative(deadline, specPath, 'progressDeadlineSeconds', errors)
    if (deadline <= (spec.minReadySeconds ?? 0))
      errors.push(invalid(specPath.child('progressDeadlineSeconds'), deadline, 'must be greater than minReadySeconds'))
  }
  return errors
}

const selectorIsImmutable = (object: KubeObject, old: KubeObject, errors: FieldError[]): FieldError[] => {
  checkImmutable(object['spec'].selector, old['spec'].selector, specPath.child('selector'), errors)
  return errors
}

export const validateDeploymentUpdate = (deployment: KubeObject, old: KubeObject): FieldError[] =>
  selectorIsImmutable(deployment, old, validateDeployment(deployment))

export function validateReplicaSet(set: KubeObject): FieldError[] {
  const errors: Errors = []
  const spec = set['spec'] as ReplicaSetSpec
  checkNonnegative(spec.replicas, specPath, 'replicas', errors)
  checkNonnegative(spec.minReadySeconds, specPath, 'minReadySeconds', errors)
  // Upstream's own words speak of a deployment here.
  checkTemplate(checkSelector(spec, 'empty selector is invalid for deployment', errors), spec, 'ReplicaSet', errors)
  return errors
}

export const validateReplicaSetUpdate = (set: KubeObject, old: KubeObject): FieldError[] =>
  selectorIsImmutable(set, old, validateReplicaSet(set))

export function validateDaemonSet(set: KubeObject): FieldError[] {
  const errors: Errors = []
  const spec = set['spec'] as DaemonSetSpec
  const template = spec.template ?? ({} as PodTemplateSpec)
  errors.push(...validateLabelSelector(spec.selector, specPath.child('selector')))
  try {
    checkSelected(labelSelectorFrom(spec.selector), spec.selector, template, templatePath, errors)
  } catch {
    // Said above.
  }
  if (spec.selector && empty(spec.selector))
    errors.push(invalid(specPath.child('selector'), spec.selector, 'empty selector is invalid for daemonset'))
  checkPodTemplate(template, templatePath, errors)
  checkRunsForever(template, templatePath, 'DaemonSet', errors)
  checkNonnegative(spec.minReadySeconds, specPath, 'minReadySeconds', errors)
  const strategy = spec.updateStrategy ?? {}
  const { type, rollingUpdate } = strategy
  const path = specPath.child('updateStrategy')
  if (type === 'RollingUpdate') {
    const at = path.child('rollingUpdate')
    if (!rollingUpdate) errors.push(required(at))
    else {
      const { maxUnavailable, maxSurge } = rollingUpdate
      const unavailable = amount(maxUnavailable) !== 0
      const surge = amount(maxSurge) !== 0
      for (const field of ['maxUnavailable', 'maxSurge'] as const) {
        checkIntOrPercent(rollingUpdate[field], at.child(field), errors)
        checkAtMost100Percent(rollingUpdate[field], at.child(field), errors)
      }
      if (unavailable && surge)
        errors.push(invalid(at.child('maxSurge'), maxSurge, 'may not be set when maxUnavailable is non-zero'))
      else if (!unavailable && !surge)
        errors.push(required(at.child('maxUnavailable'), 'cannot be 0 when maxSurge is 0'))
    }
  } else if (type !== 'OnDelete') errors.push(notSupported(path, strategy, ['RollingUpdate', 'OnDelete']))
  checkNonnegative(spec.revisionHistoryLimit, specPath, 'revisionHistoryLimit', errors)
  return errors
}

export const validateDaemonSetUpdate = (set: KubeObject, old: KubeObject): FieldError[] => [
  ...selectorIsImmutable(set, old, []),
  ...validateDaemonSet(set),
]

function checkStatefulSet(set: KubeObject, isNew: boolean): FieldError[] {
  const errors: Errors = []
  const spec = set['spec'] as StatefulSetSpec
  const policy = spec.podManagementPolicy
  if (!policy) errors.push(required(specPath.child('podManagementPolicy')))
  else if (policy !== 'OrderedReady' && policy !== 'Parallel')
    errors.push(invalid(specPath.child('podManagementPolicy'), policy, "must be 'OrderedReady' or 'Parallel'"))
  const strategy = spec.updateStrategy ?? {}
  const path = specPath.child('updateStrategy')
  if (!strategy.type) errors.push(required(path))
  else if (strategy.type === 'OnDelete') {
    if (strategy.rollingUpdate)
      errors.push(
        invalid(path.child('rollingUpdate'), strategy.rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'"),
      )
  } else if (strategy.type === 'RollingUpdate') {
    if (strategy.rollingUpdate) {
      const at = path.child('rollingUpdate')
      const { partition, maxUnavailable } = strategy.rollingUpdate
      checkNonnegative(partition, at, 'partition', errors)
      if (maxUnavailable !== undefined) {
        checkIntOrPercent(maxUnavailable, at.child('maxUnavailable'), errors)
        if (amount(maxUnavailable) === 0)
          errors.push(invalid(at.child('maxUnavailable'), maxUnavailable, 'cannot be 0'))
        checkAtMost100Percent(maxUnavailable, at.child('maxUnavailable'), errors)
      }
    }
  } else errors.push(invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'"))
  const retention = spec.persistentVolumeClaimRetentionPolicy
  if (retention)
    for (const field of ['whenDeleted', 'whenScaled'] as const)
      checkOneOf(
        retention[field],
        ['Retain', 'Delete'],
        specPath.child('persistentVolumeClaimRetentionPolicy'),
        field,
        errors,
      )
  // What cannot be changed any more is taken as it is.
  if (isNew)
    for (const [index, claim] of (spec.volumeClaimTemplates ?? []).entries())
      checkClaimSpec(
        claim.spec ?? ({} as never),
        specPath.child('volumeClaimTemplates').index(index).child('spec'),
        errors,
      )
  checkNonnegative(spec.replicas, specPath, 'replicas', errors)
  checkNonnegative(spec.minReadySeconds, specPath, 'minReadySeconds', errors)
  checkNonnegative(spec.ordinals?.start, specPath.child('ordinals'), 'start', errors)
  if (isNew && spec.serviceName) checkDNSLabel(spec.serviceName, specPath.child('serviceName'), errors)
  const selector = checkSelector(spec, 'empty selector is invalid for statefulset', errors, '')
  const template = spec.template ?? ({} as PodTemplateSpec)
  if (selector) {
    checkSelected(selector, spec.selector, template, templatePath, errors)
    // Its claims are volumes of its pods.
    const claims = [...new Set((spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name ?? ''))]
    const volumes = (template.spec?.volumes ?? []).filter(({ name = '' }) => !claims.includes(name))
    const claimed = claims.map(name => ({ name, persistentVolumeClaim: { claimName: name } }))
    checkPodTemplate(
      claims.length > 0
        ? { ...template, spec: { ...template.spec, volumes: [...claimed, ...volumes] } as never }
        : template,
      templatePath,
      errors,
    )
  }
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {}
  if (restartPolicy !== 'Always')
    errors.push(notSupported(templatePath.child('spec', 'restartPolicy'), restartPolicy ?? '', ['Always']))
  if (activeDeadlineSeconds !== undefined)
    errors.push(
      forbidden(
        templatePath.child('spec', 'activeDeadlineSeconds'),
        'activeDeadlineSeconds in StatefulSet is not Supported',
      ),
    )
  return errors
}

export const validateStatefulSet = (set: KubeObject): FieldError[] => checkStatefulSet(set, true)

const mutable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
]

export function validateStatefulSetUpdate(set: KubeObject, old: KubeObject): FieldError[] {
  const errors = checkStatefulSet(set, false)
  const fixed = (spec: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(spec).filter(([field]) => !mutable.includes(field)))
  // Claims' statuses are none of the author's business.
  if (!normalEqual(fixed(set['spec']), fixed(old['spec'])))
    errors.push(
      forbidden(
        specPath,
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      ),
    )
  return errors
}

type Status = Record<string, number | undefined>

/** Counts are not negative, nor more than there are replicas. */
function checkCounts(
  set: KubeObject,
  counts: readonly string[],
  capped: readonly string[],
  ready: string,
  errors: Errors,
): void {
  const status = (set['status'] ?? {}) as Status
  for (const field of counts) checkNonnegative(status[field], statusPath, field, errors)
  for (const field of capped)
    if ((status[field] ?? 0) > (status['replicas'] ?? 0))
      errors.push(invalid(statusPath.child(field), status[field], 'cannot be greater than status.replicas'))
  if (capped.includes('availableReplicas') && (status['availableReplicas'] ?? 0) > (status['readyReplicas'] ?? 0))
    errors.push(
      invalid(statusPath.child('availableReplicas'), status['availableReplicas'], `cannot be greater than ${ready}`),
    )
}

function checkCollisions(set: KubeObject, old: KubeObject, errors: Errors): void {
  const [next, before] = [set['status']?.collisionCount, old['status']?.collisionCount]
  if (before !== undefined && (next ?? -1) < before)
    errors.push(invalid(statusPath.child('collisionCount'), next ?? 0, 'cannot be decremented'))
}

const statusUpdate =
  (counts: readonly string[], capped: readonly string[], ready = 'readyReplicas') =>
  (set: KubeObject, old: KubeObject): FieldError[] => {
    const errors: Errors = []
    checkCounts(set, counts, capped, ready, errors)
    checkCollisions(set, old, errors)
    return errors
  }

export const validateDeploymentStatusUpdate = statusUpdate(
  [
    'observedGeneration',
    'replicas',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
    'unavailableReplicas',
    'terminatingReplicas',
    'collisionCount',
  ],
  ['updatedReplicas', 'readyReplicas', 'availableReplicas'],
)
export const validateReplicaSetStatusUpdate = statusUpdate(
  [
    'replicas',
    'fullyLabeledReplicas',
    'readyReplicas',
    'availableReplicas',
    'observedGeneration',
    'terminatingReplicas',
  ],
  ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
)
export const validateStatefulSetStatusUpdate = statusUpdate(
  [
    'replicas',
    'readyReplicas',
    'currentReplicas',
    'updatedReplicas',
    'availableReplicas',
    'observedGeneration',
    'collisionCount',
  ],
  ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'],
  'status.readyReplicas',
)
export const validateDaemonSetStatusUpdate = statusUpdate(
  [
    'currentNumberScheduled',
    'numberMisscheduled',
    'desiredNumberScheduled',
    'numberReady',
    'observedGeneration',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberUnavailable',
    'collisionCount',
  ],
  [],
)
