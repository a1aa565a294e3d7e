// What a priority class may say, and what of it may change (upstream: pkg/apis/scheduling/validation).

import { type FieldError, forbidden, notSupported, required } from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'
import { checkImmutable, type Errors } from '../../../machinery/validation/field-checks.ts'
import type { KubeObject } from '../../resource.ts'

const systemPrefix = 'system-'
const highestUserPriority = 1000000000
const systemClasses: Readonly<Record<string, number>> = {
  'system-node-critical': 2000001000,
  'system-cluster-critical': 2000000000,
}
const policies = ['PreemptLowerPriority', 'Never']

export function validatePriorityClass(priorityClass: KubeObject): FieldError[] {
  const errors: Errors = []
  const name = priorityClass.metadata.name ?? ''
  const { value = 0, preemptionPolicy } = priorityClass
  if (name.startsWith(systemPrefix)) {
    const known = systemClasses[name]
    const reserved = "priority class names with 'system-' prefix are reserved for system use only. error: "
    if (known === undefined)
      errors.push(forbidden(root('metadata', 'name'), `${reserved}${name} is not a known system priority class`))
    else if (value !== known)
      errors.push(forbidden(root('metadata', 'name'), `${reserved}value of ${name} PriorityClass must be ${known}`))
  } else if (value > highestUserPriority)
    errors.push(forbidden('value', `maximum allowed value of a user defined priority is ${highestUserPriority}`))
  if (preemptionPolicy === '') errors.push(required('preemptionPolicy'))
  else if (preemptionPolicy !== undefined && !policies.includes(preemptionPolicy))
    errors.push(notSupported('preemptionPolicy', preemptionPolicy, policies))
  return errors
}

export function validatePriorityClassUpdate(next: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  if ((next['value'] ?? 0) !== (old['value'] ?? 0)) errors.push(forbidden('value', 'may not be changed in an update.'))
  checkImmutable(next['preemptionPolicy'], old['preemptionPolicy'], root('preemptionPolicy'), errors)
  return errors
}
