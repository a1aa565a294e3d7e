// The expressions of a definition's schema: whether they compile, and whether what they may cost fits a budget.

import { type FieldError, forbidden, invalid } from '../../../machinery/field-error.ts'
import type { FieldPath } from '../../../machinery/field-path.ts'
import { compileRules, maxCardinality } from '../../../machinery/structural/rules/compile.ts'
import { declarationOf, type RuleDeclaration } from '../../../machinery/structural/rules/declaration.ts'
import { ruleValidator } from '../../../machinery/structural/rules/validator.ts'
import { type JsonSchema, someSchema, type ValidationRule } from '../../../machinery/structural/schema.ts'
import type { RuleCompiler } from './customresourcedefinition.validation.ts'
import type { Places } from './jsonschemaprops.validation.ts'

/** What one expression may cost. */
export const perExpressionCostLimit = 10_000_000
/** What all expressions of a version may cost together. */
export const totalCostLimit = 100_000_000

/** A place in the schema: how often its data can exist, and what its rules see. */
interface Place {
  readonly schema: JsonSchema
  readonly isResource: boolean
  /** undefined: nothing bounds it. */
  readonly cardinality: number | undefined
}

/** How many more of its children there are than of a schema's data; undefined when nothing bounds it. */
function factorOf({ type, additionalProperties, maxProperties, maxItems }: JsonSchema): number | undefined {
  const bound = (max: number | undefined) => (max === undefined ? undefined : Math.max(0, max))
  if (type === 'object') return additionalProperties === undefined ? 1 : bound(maxProperties)
  return type === 'array' ? bound(maxItems) : 1
}

function inside(place: unknown, schema: JsonSchema): Place {
  const { schema: parent, cardinality } = place as Place
  const factor = factorOf(parent)
  return {
    schema,
    isResource: schema['x-kubernetes-embedded-resource'] === true,
    cardinality: cardinality === undefined || factor === undefined ? undefined : cardinality * factor,
  }
}

const places: Places = {
  property: inside,
  items: inside,
  values: inside,
}

export const ruleCompiler: RuleCompiler = {
  open(schema, { isUnchanged }) {
    const costs: { readonly path: FieldPath; readonly cost: number }[] = []
    let total = 0
    const observe = (path: FieldPath, cost: number) => {
      total += cost
      if (cost >= totalCostLimit / 100) costs.push({ path, cost })
    }
    return {
      place: { schema, isResource: true, cardinality: 1 } satisfies Place,
      places,
      checkRules(of, path, place, uncorrelatable) {
        const declaration = declarationOf(of, (place as Place).isResource)
        if (!declaration)
          return [
            {
              type: 'InternalError',
              field: String(path.child('x-kubernetes-validations')),
              detail:
                'internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations',
            },
          ]
        return checkRules(of, declaration, path, place as Place, uncorrelatable, isUnchanged, observe)
      },
      total(path) {
        if (total <= totalCostLimit) return []
        const expensive = costs.sort((a, b) => b.cost - a.cost).slice(0, 4)
        const detail = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema'
        const name = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema'
        return [
          ...expensive.map(each => forbidden(each.path, detail)),
          forbidden(path, costMessage(name, total, totalCostLimit)),
        ]
      },
    }
  },
  checkDefault(path, schema, value, isResource) {
    if (!someSchema(schema, each => (each['x-kubernetes-validations']?.length ?? 0) > 0)) return []
    const validator = ruleValidator(schema, isResource)
    if (!validator) return []
    const errors = validator.validate({ path, value, old: value })
    // A default may come where there was nothing before.
    return errors.length > 0 ? errors : validator.validate({ path, value, old: undefined })
  },
}

function checkRules(
  schema: JsonSchema,
  declaration: RuleDeclaration,
  path: FieldPath,
  { cardinality }: Place,
  uncorrelatable: FieldPath | undefined,
  isUnchanged: boolean,
  observe: (path: FieldPath, cost: number) => void,
): FieldError[] {
  const errors: FieldError[] = []
  const times = cardinality ?? maxCardinality(declaration.minSize)
  for (const [index, compiled] of compileRules(schema, declaration).entries()) {
    const at = path.child('x-kubernetes-validations').index(index)
    const { rule } = compiled
    const cost = compiled.maxCost === 0 ? 0 : compiled.maxCost * times
    if (!isUnchanged && cost > perExpressionCostLimit)
      errors.push(forbidden(at.child('rule'), costMessage('estimated rule cost', cost, perExpressionCostLimit)))
    observe(at.child('rule'), cost)
    if (compiled.problem !== undefined) errors.push(invalid(at.child('rule'), printed(rule), compiled.problem))
    const messagePath = at.child('messageExpression')
    if (compiled.messageProblem !== undefined) errors.push(invalid(messagePath, printed(rule), compiled.messageProblem))
    else if (compiled.messageProgram) {
      const messageCost = compiled.messageMaxCost
      if (!isUnchanged && messageCost > perExpressionCostLimit)
        errors.push(
          forbidden(messagePath, costMessage('estimated messageExpression cost', messageCost, perExpressionCostLimit)),
        )
      observe(messagePath, messageCost)
    }
    if (compiled.usesOldSelf) {
      if (uncorrelatable)
        errors.push(
          invalid(
            at.child('rule'),
            rule.rule,
            `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`,
          ),
        )
    } else if (rule.optionalOldSelf !== undefined)
      errors.push(
        invalid(at.child('optionalOldSelf'), rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule'),
      )
  }
  return errors
}

/** As upstream's own type is written. */
function printed({
  rule,
  message = '',
  messageExpression = '',
  reason,
  fieldPath = '',
  optionalOldSelf,
}: ValidationRule) {
  return {
    Rule: rule,
    Message: message,
    MessageExpression: messageExpression,
    Reason: reason ?? null,
    FieldPath: fieldPath,
    OptionalOldSelf: optionalOldSelf ?? null,
  }
}

function costMessage(name: string, cost: number, limit: number): string {
  const times = cost / limit
  const factor = times > 100 ? 'more than 100x' : times < 1.5 ? `${times.toFixed(6)}x` : `${times.toFixed(1)}x`
  return `${name} exceeds budget by factor of ${factor} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`
}
