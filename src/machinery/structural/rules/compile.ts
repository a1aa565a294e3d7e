// Rules as programs: compiled once per schema, with what each costs at most.

import { type CelProgram, CelTypeError, celEnvironment } from '../../cel/cel.ts'
import { resolveFieldPath } from '../field-reference.ts'
import type { JsonSchema, ValidationRule } from '../schema.ts'
import { maxRequestBytes, type RuleDeclaration, sizeAt } from './declaration.ts'

export interface CompiledRule {
  readonly rule: ValidationRule
  /** undefined when it did not compile: `problem` says why. */
  readonly program?: CelProgram
  readonly problem?: string
  readonly usesOldSelf: boolean
  /** How much one evaluation costs at most. */
  readonly maxCost: number
  readonly messageProgram?: CelProgram
  readonly messageProblem?: string
  readonly messageMaxCost: number
  /** Where failures are reported, from the place of the rule. */
  readonly fieldPath?: string
}

/** How often, at most, data of at least this size fits into one request. */
export const maxCardinality = (minSize: number): number => Math.floor(maxRequestBytes / (minSize + 1))

export function compileRules(schema: JsonSchema, declaration: RuleDeclaration): CompiledRule[] {
  const { type } = declaration
  const environments = {
    plain: celEnvironment({ variables: { self: type, oldSelf: type } }),
    optional: celEnvironment({ variables: { self: type, oldSelf: { optional: type } } }),
  }
  return (schema['x-kubernetes-validations'] ?? []).map(rule => {
    const environment = environments[rule.optionalOldSelf ? 'optional' : 'plain']
    return compileRule(rule, schema, declaration, environment)
  })
}

function compileRule(
  rule: ValidationRule,
  schema: JsonSchema,
  declaration: RuleDeclaration,
  environment: ReturnType<typeof celEnvironment>,
): CompiledRule {
  const none = { rule, usesOldSelf: false, maxCost: 0, messageMaxCost: 0 }
  const costOf = (program: CelProgram) => program.estimatedCost(path => sizeAt(declaration, path)).max
  let program: CelProgram
  try {
    program = environment.compile(rule.rule, { returns: 'bool' })
  } catch (error) {
    const isType = error instanceof CelTypeError
    const problem = isType
      ? 'cel expression must evaluate to a bool'
      : `compilation failed: ${(error as Error).message}`
    return { ...none, problem }
  }
  const place = rule.fieldPath ? resolveFieldPath(rule.fieldPath, schema) : undefined
  const compiled = {
    ...none,
    program,
    usesOldSelf: program.uses('oldSelf'),
    maxCost: costOf(program),
    ...(place && place.problem === undefined && { fieldPath: String(place.path) }),
  }
  if (!rule.messageExpression) return compiled
  try {
    const messageProgram = environment.compile(rule.messageExpression, { returns: 'string' })
    return { ...compiled, messageProgram, messageMaxCost: costOf(messageProgram) }
  } catch (error) {
    const messageProblem =
      error instanceof CelTypeError
        ? 'messageExpression must evaluate to a string'
        : `messageExpression compilation failed: ${(error as Error).message}`
    return { ...compiled, messageProblem }
  }
}
