// From text to a program: parse, check, validate literals, plan.

import { type Node, walk } from './ast.ts'
import type {
  CelBudget,
  CelEnvironment,
  CelEnvironmentOptions,
  CelEvaluateOptions,
  CelProgram,
  CelSizes,
} from './cel.ts'
import { check } from './checker.ts'
import { estimateCost } from './cost-estimate.ts'
import { CelCompileError, CelCostExceeded, CelTypeError } from './errors.ts'
import { library, mutationLibrary } from './functions/library.ts'
import { type Evaluate, Frame, plan } from './interpreter.ts'
import { toJson } from './json-values.ts'
import { perCallLimit } from './limits.ts'
import { literalIssues } from './literals.ts'
import { parse, sorted } from './parser.ts'
import { type CelType, declaredName, sameType } from './types.ts'
import type { Value } from './values.ts'

export function celEnvironment(options: CelEnvironmentOptions): CelEnvironment {
  return new Environment(options)
}

class Environment implements CelEnvironment {
  readonly #options: CelEnvironmentOptions
  readonly #variables: ReadonlyMap<string, CelType>

  constructor(options: CelEnvironmentOptions) {
    this.#options = options
    this.#variables = new Map(Object.entries(options.variables))
  }

  extend(variables: Readonly<Record<string, CelType>>): CelEnvironment {
    return new Environment({ ...this.#options, variables: { ...this.#options.variables, ...variables } })
  }

  compile(expression: string, options: { readonly returns?: CelType | readonly CelType[] } = {}): CelProgram {
    const { findType, bindings } = this.#options
    const root = parse(expression, { bindings })
    check(expression, root, {
      variables: this.#variables,
      functions: this.#options.mutations ? mutationLibrary : library,
      findType: name => builtInTypes.get(name) ?? findType?.(name),
    })
    const issues = literalIssues(root)
    if (issues.length > 0) throw new CelCompileError(expression, sorted(issues))
    if (options.returns !== undefined) checkResult(root.type!, options.returns)
    return new Program(expression, root, this.#variables)
  }
}

function checkResult(type: CelType, returns: CelType | readonly CelType[]): void {
  const allowed = Array.isArray(returns) ? (returns as readonly CelType[]) : [returns as CelType]
  if (allowed.some(each => each === 'any' || sameType(each, type))) return
  const names = allowed.map(declaredName)
  const wanted = names.length === 1 ? names[0] : `one of [${names.join(' ')}]`
  throw new CelTypeError(`must evaluate to ${wanted} but got ${declaredName(type)}`)
}

/** Types that every expression may name. */
const builtInTypes: ReadonlyMap<string, CelType> = new Map<string, CelType>([
  ...(['bool', 'int', 'uint', 'double', 'string', 'bytes', 'dyn'] as const).map(name => [name, name] as const),
  ['null_type', 'null'],
  ['list', { list: 'dyn' }],
  ['map', { map: ['dyn', 'dyn'] }],
  ['type', { type: 'dyn' }],
  ['optional_type', { optional: 'dyn' }],
  ['google.protobuf.Timestamp', 'timestamp'],
  ['google.protobuf.Duration', 'duration'],
  // Upstream declares values of the other libraries, but not their types.
  ...['net.IP', 'net.CIDR'].map(opaque => [opaque, { opaque }] as const),
])

class Program implements CelProgram {
  readonly expression: string
  readonly #root: Node
  readonly #evaluate: Evaluate
  #used: ReadonlySet<string> | undefined

  constructor(expression: string, root: Node, variables: ReadonlyMap<string, CelType>) {
    this.expression = expression
    this.#root = root
    this.#evaluate = plan(root, variables)
  }

  get type(): CelType {
    return this.#root.type!
  }

  uses(variable: string): boolean {
    this.#used ??= new Set(
      [...walk(this.#root)].flatMap(node =>
        node.kind === 'ident' ? [node.name] : node.kind === 'select' && node.variable ? [node.variable] : [],
      ),
    )
    return this.#used.has(variable)
  }

  estimatedCost(sizes?: CelSizes): { min: number; max: number } {
    return estimateCost(this.#root, sizes)
  }

  evaluate(variables: Readonly<Record<string, unknown>>, options?: CelEvaluateOptions): unknown {
    return toJson(this.evaluateValue(variables, options))
  }

  evaluateValue(variables: Readonly<Record<string, unknown>>, options: CelEvaluateOptions = {}): Value {
    const frame = new Frame(variables, options.limit ?? perCallLimit)
    try {
      return this.#evaluate(frame)
    } finally {
      if (options.budget) spend(options.budget, frame.cost)
    }
  }
}

function spend(budget: CelBudget, cost: number): void {
  budget.remaining -= cost
  if (budget.remaining < 0) throw new CelCostExceeded('budget')
}
