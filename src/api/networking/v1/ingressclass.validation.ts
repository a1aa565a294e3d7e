// What a class of Ingresses may say, and what of it may change.

import { type FieldError, forbidden, notSupported, required, tooLong } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { byteLength } from '../../../machinery/go-text.ts'
import { isDomainPrefixedPath } from '../../../machinery/validation/domain-names.ts'
import { checkImmutable, checkName, type Errors } from '../../../machinery/validation/field-checks.ts'
import { nameIsDNSLabel } from '../../../machinery/validation/names.ts'
import type { KubeObject } from '../../resource.ts'
import { checkTypedReference } from './ingress.validation.ts'

const spec = root('spec')
const longestController = 250

export function validateIngressClass(ingressClass: KubeObject): FieldError[] {
  const errors: Errors = []
  const controller: string = ingressClass['spec']?.controller ?? ''
  const path = spec.child('controller')
  if (byteLength(controller) > longestController) errors.push(tooLong(path, controller, longestController))
  errors.push(...isDomainPrefixedPath(path, controller))
  const { parameters } = ingressClass['spec'] ?? {}
  if (parameters) checkParameters(parameters, spec.child('parameters'), errors)
  return errors
}

export function validateIngressClassUpdate(next: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  checkImmutable(next['spec']?.controller, old['spec']?.controller, spec.child('controller'), errors)
  errors.push(...validateIngressClass(next))
  return errors
}

const parameterScopes = ['Cluster', 'Namespace']

function checkParameters(parameters: Record<string, string>, path: FieldPath, errors: Errors): void {
  checkTypedReference(parameters, path, errors)
  const { scope, namespace } = parameters
  const at = path.child('namespace')
  if (scope === undefined) errors.push(required(path.child('scope')))
  else if (!parameterScopes.includes(scope)) errors.push(notSupported(path.child('scope'), scope, parameterScopes))
  else if (scope === 'Namespace') {
    if (namespace === undefined) errors.push(required(at, "`parameters.scope` is set to 'Namespace'"))
    else checkName(namespace, nameIsDNSLabel, at, errors)
  } else if (namespace !== undefined) errors.push(forbidden(at, "`parameters.scope` is set to 'Cluster'"))
}
