// The Common Expression Language as Kubernetes has it: the rules of custom resources (x-kubernetes-validations),
// admission policies and match conditions.
//
// Comes in: an expression, the variables it may use and their types. Goes out: a program, which was type-checked, knows
// what it may cost, and is evaluated on plain JSON values within a budget. Regular expressions are RE2's, so none runs
// away; every step is counted as upstream's API server counts it.
//
// Load this file with a dynamic `import()`: a cluster without expressions should not pay for it.

import type { CelType } from './types.ts'
import type { Value } from './values.ts'

export { CelCompileError, CelCostExceeded, type CelIssue, CelRuntimeError, CelTypeError } from './errors.ts'
export {
  authorizerValue,
  type CelAuthorizationCheck,
  type CelAuthorizer,
  resourceCheckValue,
} from './functions/authorization.ts'
export { fromJson, LazyObject, toJson } from './json-values.ts'
export { matchConditionsCostBudget, maxMessageBytes, perCallLimit, runtimeCostBudget } from './limits.ts'
export { objectNameMismatches } from './object-names.ts'
export {
  type CelField,
  type CelListType,
  type CelObjectType,
  type CelType,
  declaredName,
  declaredType,
  escapeProperty,
  formatType,
  objectType,
} from './types.ts'
export type { Value as CelValue } from './values.ts'

export interface CelEnvironmentOptions {
  readonly variables: Readonly<Record<string, CelType>>
  /** Types that expressions may name, and construct if they are objects, besides the language's and the libraries'. */
  readonly findType?: (name: string) => CelType | undefined
  /** For mutations: jsonpatch.escapeKey may be called. */
  readonly mutations?: boolean
  /** cel.bind(name, value, body) may be used. */
  readonly bindings?: boolean
}

export interface CelEnvironment {
  /** Throws CelCompileError, or CelTypeError when the expression's type is none of `returns`. */
  compile(expression: string, options?: { readonly returns?: CelType | readonly CelType[] }): CelProgram
  /** The same environment with more variables. */
  extend(variables: Readonly<Record<string, CelType>>): CelEnvironment
}

/** Shared by the evaluations that draw on it; each takes off what it cost. */
export interface CelBudget {
  remaining: number
}

export interface CelEvaluateOptions {
  readonly budget?: CelBudget
  /** In place of `perCallLimit`. */
  readonly limit?: number
}

/** How long strings, lists and maps may be at most: by path from a variable (`['self', 'items', '@items', 'name']`,
 *  with `@items` for a list's, `@keys` and `@values` for a map's). Undefined when nothing bounds it. */
export type CelSizes = (path: readonly string[], type: CelType) => { min: number; max: number } | undefined

export interface CelProgram {
  readonly expression: string
  readonly type: CelType
  /** Whether the expression uses this variable. */
  uses(variable: string): boolean
  /** Infinity where nothing bounds it. */
  estimatedCost(sizes?: CelSizes): { readonly min: number; readonly max: number }
  /** The value as JSON. Variables are JSON values (adapted by their declared type) or values of earlier programs; a getter
   *  among them is asked only when the expression needs it. Throws CelRuntimeError, CelCostExceeded. */
  evaluate(variables: Readonly<Record<string, unknown>>, options?: CelEvaluateOptions): unknown
  /** The value itself, to hand on to another program. */
  evaluateValue(variables: Readonly<Record<string, unknown>>, options?: CelEvaluateOptions): Value
}

export { celEnvironment } from './environment.ts'
export { celTypeOf } from './schema-types.ts'
