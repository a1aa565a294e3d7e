// What is wrong with a validating policy's expressions if the objects they are about are what their kinds say: warnings
// for status.typeChecking. The policy works as it is all the same.
//
// Brings CEL with it: import this file dynamically.

import { type CelType, celTypeOf } from '../../../machinery/cel/cel.ts'
import { compareText } from '../../../machinery/go-text.ts'
import { apiVersionOf, type ResourceDeclaration } from '../../resource.ts'
import { PolicyCompiler } from './policy-expressions.ts'
import type { ExpressionWarning, ValidatingAdmissionPolicy } from './validatingadmissionpolicy.ts'

/** Policies about more kinds are only checked for the first of them. */
const mostTypes = 10

/** `resources`: whatever is served, with schemas. */
export function checkPolicyTypes(
  policy: ValidatingAdmissionPolicy,
  resources: Iterable<ResourceDeclaration>,
): ExpressionWarning[] {
  const served = [...resources]
  const { paramKind, validations = [] } = policy.spec
  const kinds = kindsOf(policy, served)
  const param =
    paramKind && served.find(each => each.kind === paramKind.kind && apiVersionOf(each) === paramKind.apiVersion)
  const params: CelType = param ? celTypeOf(param.schema) : 'dyn'
  const warnings: ExpressionWarning[] = []
  const check = (fieldRef: string, expression: string): void => {
    const problems = kinds.flatMap(kind => {
      const problem = problemWith(policy, expression, celTypeOf(kind.schema), params)
      return problem === undefined ? [] : [`${kindText(kind)}: ${problem}\n`]
    })
    if (problems.length > 0) warnings.push({ fieldRef, warning: problems.join('\n') })
  }
  for (const [index, { expression, messageExpression }] of validations.entries()) {
    check(`spec.validations[${index}].expression`, expression)
    if (messageExpression) check(`spec.validations[${index}].messageExpression`, messageExpression)
  }
  return warnings
}

function problemWith(
  { spec }: ValidatingAdmissionPolicy,
  expression: string,
  object: CelType,
  params: CelType,
): string | undefined {
  const compiler = new PolicyCompiler(true, { object, params })
  const options = { params: spec.paramKind !== undefined, authorizer: true }
  for (const variable of spec.variables ?? []) compiler.addVariable(variable.name, variable.expression, options)
  const { error } = compiler.compile(expression, ['any'], options)
  return error?.replace(/^compilation failed: /, '')
}

/** `apps/v1, Kind=Deployment`. */
const kindText = ({ group, version, kind }: ResourceDeclaration): string => `${group}/${version}, Kind=${kind}`

/** What the policy's rules name outright; wildcards name nothing in particular. */
function kindsOf({ spec }: ValidatingAdmissionPolicy, served: readonly ResourceDeclaration[]): ResourceDeclaration[] {
  const found = new Map<string, ResourceDeclaration>()
  for (const rule of spec.matchConstraints?.resourceRules ?? []) {
    const { apiGroups = [], apiVersions = [], resources = [] } = rule
    if ([...apiGroups, ...apiVersions].some(name => name.includes('*'))) continue
    for (const group of [...apiGroups].sort(compareText))
      for (const version of [...apiVersions].sort(compareText))
        for (const resource of [...resources].sort(compareText)) {
          if (/[*/]/.test(resource) || found.size === mostTypes) continue
          const kind = served.find(
            each => each.group === group && each.version === version && each.resource === resource,
          )
          if (kind) found.set(kindText(kind), kind)
        }
  }
  return [...found.values()].sort(
    (a, b) => compareText(a.group, b.group) || compareText(a.version, b.version) || compareText(a.kind, b.kind),
  )
}
