// One validating policy on one request: its conditions, its validations with their messages, its audit annotations.

import type {
  ValidatingAdmissionPolicy,
  Validation,
} from '../../../api/admissionregistration/v1/validatingadmissionpolicy.ts'
import { maxMessageBytes, runtimeCostBudget } from '../../../machinery/cel/cel.ts'
import { byteLength } from '../../../machinery/go-text.ts'
import type { AdmissionMetrics } from '../admission-metrics.ts'
import { activation, evaluate, isBudgetSpent, type Outcome, type Subject } from '../matching/expressions.ts'
import { compiledPolicies } from './compiled-policies.ts'
import { measuredConditions } from './measured-conditions.ts'

/** A validation that did not hold, or could not be evaluated. */
export interface Finding {
  /** Which validation. */
  readonly index: number
  readonly message: string
  /** A Status reason; '' when the policy gave none to an error. */
  readonly reason: string
  /** How long the expression took. */
  readonly milliseconds: number
}

export type Note =
  | { readonly key: string; readonly value: string; readonly error?: undefined }
  | { readonly error: string }

export interface Findings {
  readonly findings: readonly Finding[]
  /** Errors that the policy wants to be ignored. */
  readonly ignored: readonly { readonly message: string; readonly milliseconds: number }[]
  readonly notes: readonly Note[]
}

const compiledPolicy = compiledPolicies(({ spec }: ValidatingAdmissionPolicy, compiler, options) => ({
  validations: (spec.validations ?? []).map(of => ({
    of,
    compiled: compiler.compile(of.expression, ['bool'], options),
    message: of.messageExpression
      ? compiler.compile(of.messageExpression, ['string'], { ...options, authorizer: false })
      : undefined,
  })),
  annotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
    key,
    compiled: compiler.compile(valueExpression, ['string', 'null'], options),
  })),
}))

type CompiledPolicy = ReturnType<typeof compiledPolicy>

const nothing: Findings = { findings: [], ignored: [], notes: [] }

export function evaluateValidations(
  policy: ValidatingAdmissionPolicy,
  subject: Subject,
  metrics: AdmissionMetrics,
): Findings {
  const { clock } = metrics
  const ignoresErrors = policy.spec.failurePolicy === 'Ignore'
  const finding = (index: number, message: string, milliseconds = 0): Findings =>
    ignoresErrors
      ? { ...nothing, ignored: [{ message, milliseconds }] }
      : { ...nothing, findings: [{ index, message, reason: '', milliseconds }] }
  const compiled = compiledPolicy(policy)
  const { variables } = compiled
  const { matches, error } = measuredConditions(policy.metadata.name ?? '', compiled, subject, metrics)
  if (error !== undefined) return finding(0, error)
  if (!matches) return nothing
  try {
    const budget = { remaining: runtimeCostBudget }
    const values = activation(subject, variables, budget, { authorizer: true, namespace: true })
    const outcomes = compiled.validations.map(({ compiled: each }) => {
      const started = clock.monotonic()
      const outcome = evaluate(each, values, budget)
      return { outcome, milliseconds: clock.monotonic() - started }
    })
    const messages = messagesOf(compiled, subject, budget)
    const findings: Finding[] = []
    const ignored: Findings['ignored'][number][] = []
    outcomes.forEach(({ outcome, milliseconds }, index) => {
      const { of } = compiled.validations[index]!
      const problem = outcome.error ?? (typeof messages === 'string' ? messages : undefined)
      if (problem !== undefined) {
        const found = finding(index, problem, milliseconds)
        findings.push(...found.findings)
        ignored.push(...found.ignored)
      } else if (!('value' in outcome && outcome.value === true)) {
        const message = messageOf(of, (messages as readonly (Outcome | undefined)[])[index])
        findings.push({ index, message, reason: of.reason ?? 'Invalid', milliseconds })
      }
    })
    return { findings, ignored, notes: notesOf(compiled, subject, ignoresErrors) }
  } catch (error) {
    if (!isBudgetSpent(error)) throw error
    return finding(0, (error as Error).message)
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
