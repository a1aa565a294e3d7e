// One validating policy on one request: its conditions, its validations with their messages, its audit annotations.

import { type Compiled, PolicyCompiler } from '../../../api/admissionregistration/v1/policy-expressions.ts'
import type {
  ValidatingAdmissionPolicy,
  Validation,
} from '../../../api/admissionregistration/v1/validatingadmissionpolicy.ts'
import { maxMessageBytes, runtimeCostBudget } from '../../../machinery/cel/cel.ts'
import { byteLength } from '../../../machinery/go-text.ts'
import {
  activation,
  evaluate,
  evaluateMatchConditions,
  isBudgetSpent,
  type Outcome,
  type Subject,
} from '../matching/expressions.ts'

/** A validation that did not hold, or could not be evaluated. */
export interface Finding {
  /** Which validation. */
  readonly index: number
  readonly message: string
  /** A Status reason; '' when the policy gave none to an error. */
  readonly reason: string
}

export type Note =
  | { readonly key: string; readonly value: string; readonly error?: undefined }
  | { readonly error: string }

export interface Findings {
  readonly findings: readonly Finding[]
  readonly notes: readonly Note[]
}

interface CompiledPolicy {
  readonly variables: ReadonlyMap<string, Compiled>
  readonly conditions: readonly Compiled[]
  readonly validations: readonly {
    readonly of: Validation
    readonly compiled: Compiled
    readonly message: Compiled | undefined
  }[]
  readonly annotations: readonly { readonly key: string; readonly expression: string; readonly compiled: Compiled }[]
}

/** By the stored object: a changed policy is another one. */
const compiledPolicies = new WeakMap<object, CompiledPolicy>()

function compiledPolicy(policy: ValidatingAdmissionPolicy): CompiledPolicy {
  let compiled = compiledPolicies.get(policy)
  if (!compiled) {
    compiled = compilePolicy(policy)
    compiledPolicies.set(policy, compiled)
  }
  return compiled
}

function compilePolicy({ spec }: ValidatingAdmissionPolicy): CompiledPolicy {
  const compiler = new PolicyCompiler()
  const options = { params: spec.paramKind !== undefined, authorizer: true }
  for (const { name, expression } of spec.variables ?? []) compiler.addVariable(name, expression, options)
  return {
    variables: compiler.variables,
    conditions: (spec.matchConditions ?? []).map(({ expression }) => compiler.compile(expression, ['bool'], options)),
    validations: (spec.validations ?? []).map(of => ({
      of,
      compiled: compiler.compile(of.expression, ['bool'], options),
      message: of.messageExpression
        ? compiler.compile(of.messageExpression, ['string'], { ...options, authorizer: false })
        : undefined,
    })),
    annotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      key,
      expression: valueExpression,
      compiled: compiler.compile(valueExpression, ['string', 'null'], options),
    })),
  }
}

const nothing: Findings = { findings: [], notes: [] }

export function evaluateValidations(policy: ValidatingAdmissionPolicy, subject: Subject): Findings {
  const ignoresErrors = policy.spec.failurePolicy === 'Ignore'
  const failed = (message: string): Findings =>
    ignoresErrors ? nothing : { findings: [{ index: 0, message, reason: '' }], notes: [] }
  const compiled = compiledPolicy(policy)
  const { variables } = compiled
  if (compiled.conditions.length > 0) {
    const { matches, error } = evaluateMatchConditions(compiled.conditions, subject, variables)
    if (error !== undefined) return failed(error)
    if (!matches) return nothing
  }
  try {
    const budget = { remaining: runtimeCostBudget }
    const values = activation(subject, variables, budget, { authorizer: true, namespace: true })
    const outcomes = compiled.validations.map(({ compiled: each }) => evaluate(each, values, budget))
    const messages = messagesOf(compiled, subject, budget)
    const findings = outcomes.flatMap((outcome, index): Finding[] => {
      const { of } = compiled.validations[index]!
      if (outcome.error !== undefined) return ignoresErrors ? [] : [{ index, message: outcome.error, reason: '' }]
      if (typeof messages === 'string') return ignoresErrors ? [] : [{ index, message: messages, reason: '' }]
      if ('value' in outcome && outcome.value === true) return []
      return [{ index, message: messageOf(of, messages[index]), reason: of.reason ?? 'Invalid' }]
    })
    return { findings, notes: notesOf(compiled, subject, ignoresErrors) }
  } catch (error) {
    if (!isBudgetSpent(error)) throw error
    return failed((error as Error).message)
  }
}

/** The messages, or why there will be none: their budget is what the validations have left. */
function messagesOf(
  { validations, variables }: CompiledPolicy,
  subject: Subject,
  budget: { remaining: number },
): readonly (Outcome | undefined)[] | string {
  if (!validations.some(({ message }) => message)) return []
  const values = activation(subject, variables, budget, { authorizer: false, namespace: true })
  try {
    return validations.map(({ message }) => message && evaluate(message, values, budget))
  } catch (error) {
    if (!isBudgetSpent(error)) throw error
    return `failed messageExpression: ${(error as Error).message}`
  }
}

/** The message expression's, when it made one that may be shown; else the policy's own; else the expression. */
function messageOf({ message, expression }: Validation, outcome: Outcome | undefined): string {
  if (outcome && 'value' in outcome && typeof outcome.value === 'string') {
    const made = outcome.value.trim()
    if (made !== '' && byteLength(made) <= maxMessageBytes && !made.includes('\n')) return made
  }
  const own = message?.trim()
  return own ? own : `failed expression: ${expression.trim()}`
}

function notesOf({ annotations, variables }: CompiledPolicy, subject: Subject, ignoresErrors: boolean): Note[] {
  if (annotations.length === 0) return []
  const budget = { remaining: runtimeCostBudget }
  const values = activation(subject, variables, budget, { authorizer: false, namespace: true })
  return annotations.flatMap(({ key, compiled }): Note[] => {
    const outcome = evaluate(compiled, values, budget)
    if (outcome.error !== undefined) return ignoresErrors ? [] : [{ error: outcome.error }]
    if (!('value' in outcome) || typeof outcome.value !== 'string') return []
    const value = outcome.value.trim()
    return value === '' ? [] : [{ key, value }]
  })
}
