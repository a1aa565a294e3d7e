// The expressions that say which requests a webhook authorizer is asked about. Brings CEL with it: import this file
// dynamically.

import { type CelType, CelTypeError, celEnvironment, declaredType } from '../../machinery/cel/cel.ts'
import type { CompileCondition } from './configuration.ts'

const strings: CelType = { list: 'string' }
const selector = (name: string) =>
  declaredType(`kubernetes.${name}`, {
    rawSelector: 'string',
    requirements: {
      list: declaredType('kubernetes.SelectorRequirement', { key: 'string', operator: 'string', values: strings }),
    },
  })

const request = declaredType('kubernetes.SubjectAccessReviewSpec', {
  resourceAttributes: declaredType('kubernetes.ResourceAttributes', {
    namespace: 'string',
    verb: 'string',
    group: 'string',
    version: 'string',
    resource: 'string',
    subresource: 'string',
    name: 'string',
    fieldSelector: selector('FieldSelectorAttributes'),
    labelSelector: selector('LabelSelectorAttributes'),
  }),
  nonResourceAttributes: declaredType('kubernetes.NonResourceAttributes', { path: 'string', verb: 'string' }),
  user: 'string',
  groups: strings,
  extra: { map: ['string', strings] },
  uid: 'string',
})

/** Absent texts are empty ones, as upstream shows a review to its expressions. */
const emptyAttributes = { namespace: '', verb: '', group: '', version: '', resource: '', subresource: '', name: '' }

export function conditionCompiler(): CompileCondition {
  const environment = celEnvironment({ variables: { request } })
  return expression => {
    let program: ReturnType<typeof environment.compile>
    try {
      program = environment.compile(expression, { returns: 'bool' })
    } catch (error) {
      const { message } = error as Error
      throw new Error(error instanceof CelTypeError ? message : `compilation failed: ${message}`)
    }
    return spec => {
      const { resourceAttributes, nonResourceAttributes } = spec
      const given = {
        user: spec.user ?? '',
        groups: spec.groups ?? [],
        uid: spec.uid ?? '',
        extra: spec.extra ?? {},
        ...(resourceAttributes && { resourceAttributes: { ...emptyAttributes, ...resourceAttributes } }),
        ...(nonResourceAttributes && { nonResourceAttributes: { path: '', verb: '', ...nonResourceAttributes } }),
      }
      try {
        return program.evaluate({ request: given }) === true
      } catch (error) {
        throw new Error(
          `cel evaluation error: expression '${expression}' resulted in error: ${(error as Error).message}`,
        )
      }
    }
  }
}
