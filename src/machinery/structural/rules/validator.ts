// Objects held to the rules of their schema (x-kubernetes-validations): each rule on its part of the object, within one
// budget for all of them.

import { type CelBudget, CelCostExceeded, type CelProgram, runtimeCostBudget } from '../../cel/cel.ts'
import { escapeProperty } from '../../cel/types.ts'
import { Optional } from '../../cel/values.ts'
import {
  duplicate,
  type FieldError,
  fieldErrorMessage,
  forbidden,
  invalid,
  omitValue,
  required,
} from '../../field-error.ts'
import { byteLength, quote } from '../../go-text.ts'
import { type Correlated, isCorrelatableMap } from '../correlation.ts'
import { inKeyOrder, orderedJson } from '../json-text.ts'
import { keyOf } from '../list-types.ts'
import {
  additionalOf,
  childPath,
  indexPath,
  isObject,
  itemsOf,
  type JsonSchema,
  keyPath,
  type MaybePath,
  propertyOf,
  someSchema,
} from '../schema.ts'
import { type CompiledRule, compileRules } from './compile.ts'
import { declarationOf, type RuleDeclaration } from './declaration.ts'

/** What is checked, and what it was before. */
export interface Subject {
  readonly path: MaybePath
  readonly value: unknown
  /** undefined: there is nothing to compare with. */
  readonly old: unknown
  readonly correlated?: Correlated
  /** Gets the failures of what has not changed, which pass. */
  warn?(message: string): void
}

export interface RuleValidator {
  validate(subject: Subject): FieldError[]
}

/** undefined when the schema has no rules. */
export function ruleValidator(schema: JsonSchema, isResource: boolean): RuleValidator | undefined {
  if (!someSchema(schema, each => (each['x-kubernetes-validations']?.length ?? 0) > 0)) return undefined
  const declaration = declarationOf(schema, isResource)
  const root = declaration && nodeOf(schema, declaration)
  if (!root) return undefined
  return {
    validate({ path, value, old, correlated, warn }) {
      const run: Run = { budget: { remaining: runtimeCostBudget }, errors: [], isOver: false, warn }
      visit(root, path, value, old, { here: correlated, above: undefined }, run)
      return run.errors
    },
  }
}

interface Node {
  readonly schema: JsonSchema
  readonly rules: readonly CompiledRule[]
  readonly usesOldSelf: boolean
  readonly properties: ReadonlyMap<string, Node>
  readonly items?: Node
  readonly values?: Node
}

function nodeOf(schema: JsonSchema, declaration: RuleDeclaration): Node | undefined {
  const rules = schema['x-kubernetes-validations'] ? compileRules(schema, declaration) : []
  const [itemSchema, valueSchema] = [itemsOf(schema), additionalOf(schema)]
  const items = itemSchema && declaration.elements && nodeOf(itemSchema, declaration.elements)
  const values = valueSchema && declaration.elements && nodeOf(valueSchema, declaration.elements)
  const properties = new Map<string, Node>()
  for (const name of Object.keys(schema.properties ?? {})) {
    const property = propertyOf(schema, name)!
    const escaped = escapeProperty(name)
    const of =
      escaped === undefined
        ? declarationOf(property, property['x-kubernetes-embedded-resource'] === true)
        : declaration.fields?.get(escaped)
    const node = of && nodeOf(property, of)
    if (node) properties.set(name, node)
  }
  if (rules.length === 0 && !items && !values && properties.size === 0) return undefined
  const usesOldSelf = rules.some(rule => rule.usesOldSelf)
  return { schema, rules, usesOldSelf, properties, ...(items && { items }), ...(values && { values }) }
}

interface Run {
  readonly budget: CelBudget
  readonly errors: FieldError[]
  isOver: boolean
  readonly warn?: ((message: string) => void) | undefined
}

/** The nearest places that have a counterpart in the old object. */
interface Ratchet {
  readonly here: Correlated | undefined
  readonly above: Correlated | undefined
}

const isUnchanged = ({ here, above }: Ratchet): boolean => (here ?? above)?.unchanged ?? false

function below(ratchet: Ratchet, step: string | number): Ratchet {
  const { here, above } = ratchet
  if (!here) return ratchet
  if (!above && (step === 'apiVersion' || step === 'kind')) return { here: undefined, above: undefined }
  return { here: typeof step === 'number' ? here.item(step) : here.field(step), above: here }
}

function visit(node: Node, path: MaybePath, value: unknown, old: unknown, ratchet: Ratchet, run: Run): void {
  if (value === null || value === undefined || run.isOver) return
  if (node.rules.length > 0) evaluateRules(node, path, value, old ?? undefined, ratchet, run)
  if (Array.isArray(value)) {
    if (!node.items) return
    const keys = node.schema['x-kubernetes-list-map-keys'] ?? []
    const before =
      node.schema['x-kubernetes-list-type'] === 'map' && Array.isArray(old)
        ? new Map(old.map(item => [orderedJson(keyOf(item, keys)), item]))
        : undefined
    for (const [index, item] of value.entries())
      visit(
        node.items,
        indexPath(path, index),
        item,
        before?.get(orderedJson(keyOf(item, keys))),
        below(ratchet, index),
        run,
      )
  } else if (isObject(value)) {
    const before = isObject(old) && isCorrelatableMap(node.schema['x-kubernetes-map-type']) ? old : undefined
    for (const key of Object.keys(value)) {
      if (node.values) visit(node.values, keyPath(path, key), value[key], before?.[key], below(ratchet, key), run)
      const property = node.properties.get(key)
      if (property) visit(property, childPath(path, key), value[key], before?.[key], below(ratchet, key), run)
    }
  }
}

const outOfBudget = 'validation failed due to running out of cost budget, no further validation rules will be run'

function evaluateRules(
  { schema, rules, usesOldSelf }: Node,
  path: MaybePath,
  value: unknown,
  old: unknown,
  ratchet: Ratchet,
  run: Run,
): void {
  const { type = '' } = schema
  const fail = (detail: string) => run.errors.push(invalid(path, type, detail))
  const stop = (detail: string) => {
    fail(detail)
    run.isOver = true
  }
  const plain = { self: value, ...(usesOldSelf && old !== undefined && { oldSelf: old }) }
  const withOptional = { self: value, oldSelf: old === undefined ? Optional.none : old }
  for (const compiled of rules) {
    if (run.isOver) return
    const { rule, program } = compiled
    if (compiled.problem !== undefined) {
      fail(`rule compile error: ${compiled.problem}`)
      continue
    }
    if (!program || (compiled.usesOldSelf && old === undefined && !rule.optionalOldSelf)) continue
    if (run.budget.remaining <= 0) {
      stop(outOfBudget)
      return
    }
    const variables = rule.optionalOldSelf ? withOptional : plain
    try {
      if (program.evaluate(variables, { budget: run.budget }) === true) continue
    } catch (error) {
      const message = (error as Error).message
      if (error instanceof CelCostExceeded) {
        const detail =
          error.limit === 'budget'
            ? outOfBudget
            : `'${message}': no further validation rules will be run due to call cost exceeds limit for rule: ${nameOf(compiled)}`
        stop(detail)
        return
      }
      if (message.startsWith('no such overload'))
        fail(
          `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${nameOf(compiled)}`,
        )
      else fail(`${message} evaluating rule: ${nameOf(compiled)}`)
      continue
    }
    report(compiled, path, type, value, variables, ratchet, run)
  }
}

const nameOf = ({ rule }: CompiledRule): string => (rule.message || rule.rule).trim()

function report(
  compiled: CompiledRule,
  path: MaybePath,
  type: string,
  value: unknown,
  variables: Readonly<Record<string, unknown>>,
  ratchet: Ratchet,
  run: Run,
): void {
  const { rule, messageProgram, fieldPath } = compiled
  const at = fieldPath ? childPath(path, fieldPath) : path
  const add = (error: FieldError) => {
    if (!compiled.usesOldSelf && isUnchanged(ratchet)) run.warn?.(fieldErrorMessage(error))
    else run.errors.push(error)
  }
  let detail = rule.message ? rule.message.trim() : `failed rule: ${nameOf(compiled)}`
  if (messageProgram) {
    const message = messageOf(messageProgram, rule.messageExpression!, variables, run.budget)
    if (message.isFatal) {
      add(invalid(at, type, message.text!))
      run.isOver = true
      return
    }
    if (message.text !== undefined) detail = message.text
  }
  const shown = type === 'object' || type === 'array' ? omitValue : inKeyOrder(value)
  add(failureOf(rule.reason, at, shown, detail))
}

function failureOf(reason: string | undefined, path: MaybePath, value: unknown, detail: string): FieldError {
  switch (reason) {
    case 'FieldValueForbidden':
      return forbidden(path, detail)
    case 'FieldValueRequired':
      return required(path, detail)
    case 'FieldValueDuplicate':
      return duplicate(path, value)
    default:
      return invalid(path, value, detail)
  }
}

const longestMessageBytes = 5 * 1024

/** No text: the expression gave none that can be used, and the rule's own message stands. */
function messageOf(
  program: CelProgram,
  expression: string,
  variables: Readonly<Record<string, unknown>>,
  budget: CelBudget,
): { readonly text?: string; readonly isFatal?: true } {
  try {
    const text = program.evaluate(variables, { budget })
    if (typeof text !== 'string') return {}
    const trimmed = text.trim()
    if (trimmed === '' || trimmed.includes('\n') || byteLength(trimmed) > longestMessageBytes) return {}
    return { text: trimmed }
  } catch (error) {
    if (!(error instanceof CelCostExceeded)) return {}
    const text =
      error.limit === 'budget'
        ? 'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run'
        : `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${quote(expression)}`
    return { text, isFatal: true }
  }
}
