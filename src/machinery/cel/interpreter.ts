// A checked tree as closures, which evaluate it and count what each step costs.
//
// Errors travel as CelRuntimeError, thrown; `&&`, `||` and the folds that all() and exists() are catch them, since a
// definite answer on one side makes up for an error on the other. A cost that is exceeded is nobody's to catch.

import { elementOf, fieldOf, isKey, keyText, noSuchKey, noSuchOverload, optionally, pairs, present } from './access.ts'
import type { CallNode, ComprehensionNode, ListNode, MapNode, Node, SelectNode, StructNode } from './ast.ts'
import { actualCost, equalityCost, listCost, mapCost, selectCost, structCost } from './call-costs.ts'
import { CelCostExceeded, CelRuntimeError } from './errors.ts'
import { BuiltObject, fromJson } from './json-values.ts'
import { accepts } from './overload.ts'
import type { CelObjectType, CelType } from './types.ts'
import {
  ArrayList,
  BuiltMap,
  costSize,
  equal,
  ListValue,
  MapValue,
  Optional,
  TypeValue,
  typeNameOf,
  type Value,
} from './values.ts'

/** One evaluation. */
export class Frame {
  cost = 0
  readonly #limit: number
  readonly #variables: Readonly<Record<string, unknown>>
  readonly #known: Value[] = []
  /** The variables of the folds now running; an accumulator may hold an error. */
  readonly locals: (Value | CelRuntimeError)[] = []

  constructor(variables: Readonly<Record<string, unknown>>, limit: number) {
    this.#variables = variables
    this.#limit = limit
  }

  charge(cost: number): void {
    this.cost += cost
    if (this.cost > this.#limit) throw new CelCostExceeded('call')
  }

  variable(name: string, slot: number, type: CelType): Value {
    const known = this.#known[slot]
    if (known !== undefined) return known
    const json = this.#variables[name]
    if (json === undefined) throw new CelRuntimeError(`no such attribute(s): ${name}`)
    const value = fromJson(json, type)
    this.#known[slot] = value
    return value
  }
}

export type Evaluate = (frame: Frame) => Value

export function plan(root: Node, variables: ReadonlyMap<string, CelType>): Evaluate {
  return new Planner(variables).plan(root)
}

const conversions: ReadonlySet<string> = new Set(
  'bool bytes double duration dyn int string timestamp type uint'.split(' '),
)

class Planner {
  readonly #variables: ReadonlyMap<string, CelType>
  readonly #slots = new Map<string, number>()
  readonly #locals: string[] = []
  #localCount = 0
  readonly #localSlots: number[] = []

  constructor(variables: ReadonlyMap<string, CelType>) {
    this.#variables = variables
  }

  plan(node: Node): Evaluate {
    switch (node.kind) {
      case 'literal': {
        const { value } = node
        return () => value
      }
      case 'ident':
        return node.typeValue ? typeConstant(node.typeValue) : this.#variable(node.name)
      case 'select':
        if (node.typeValue) return typeConstant(node.typeValue)
        return node.variable === undefined ? this.#select(node) : this.#variable(node.variable)
      case 'call':
        return this.#call(node)
      case 'list':
        return this.#list(node)
      case 'map':
        return this.#map(node)
      case 'struct':
        return this.#struct(node)
      case 'comprehension':
        return this.#fold(node)
    }
  }

  #variable(name: string): Evaluate {
    const local = this.#locals.lastIndexOf(name)
    if (local >= 0) {
      const slot = this.#localSlots[local]!
      return frame => {
        frame.charge(selectCost)
        const value = frame.locals[slot]!
        if (value instanceof CelRuntimeError) throw value
        return value
      }
    }
    const slot = this.#slots.get(name) ?? this.#slots.size
    this.#slots.set(name, slot)
    const type = this.#variables.get(name) ?? 'dyn'
    return frame => {
      frame.charge(selectCost)
      return frame.variable(name, slot, type)
    }
  }

  #select({ operand, field, test, optional }: SelectNode): Evaluate {
    const target = this.plan(operand)
    if (test) {
      return frame => {
        const from = present(target(frame))
        if (from === undefined) return false
        // `has(a.?b)` has no select of its own to spare.
        return fieldOf(from, field) !== undefined
      }
    }
    return frame => {
      const from = target(frame)
      frame.charge(selectCost)
      if (from instanceof Optional || optional) return optionally(from, inner => fieldOf(inner, field))
      const value = fieldOf(from, field)
      if (value === undefined) throw noSuchKey(field)
      return value
    }
  }

  #list({ elements, optional }: ListNode): Evaluate {
    const items = elements.map(element => this.plan(element))
    if (optional.size === 0 && elements.every(isConstant)) {
      const constant = new ArrayList(items.map(item => item(nothing)))
      return () => constant
    }
    return frame => {
      const values: Value[] = []
      for (let index = 0; index < items.length; index++) {
        const value = items[index]!(frame)
        if (!optional.has(index)) values.push(value)
        else if (!(value instanceof Optional))
          throw new CelRuntimeError(`cannot initialize optional list element from non-optional value ${keyText(value)}`)
        else if (value.value !== undefined) values.push(value.value)
      }
      frame.charge(listCost)
      return new ArrayList(values)
    }
  }

  #map({ entries }: MapNode): Evaluate {
    const planned = entries.map(entry => ({
      key: this.plan(entry.key),
      value: this.plan(entry.value),
      optional: entry.optional,
    }))
    const build = (frame: Frame): Value => {
      const map = new BuiltMap()
      for (const entry of planned) {
        const key = entry.key(frame)
        let value: Value | undefined = entry.value(frame)
        if (entry.optional) {
          if (!(value instanceof Optional)) {
            const text = `cannot initialize optional entry '${keyText(key)}' from non-optional value ${keyText(value)}`
            throw new CelRuntimeError(text)
          }
          value = value.value
          if (value === undefined) continue
        }
        if (!map.add(key, value)) throw new CelRuntimeError(`Failed with repeated key: ${keyText(key)}`)
      }
      return map
    }
    if (entries.every(entry => !entry.optional && isConstant(entry.key) && isConstant(entry.value))) {
      let constant: Value | undefined
      return () => (constant ??= build(nothing))
    }
    return frame => {
      const map = build(frame)
      frame.charge(mapCost)
      return map
    }
  }

  #struct(node: StructNode): Evaluate {
    const type = node.type as CelObjectType
    const planned = node.fields.map(field => ({ ...field, evaluate: this.plan(field.value) }))
    return frame => {
      const fields = new Map<string, Value>()
      for (const field of planned) {
        let value: Value | undefined = field.evaluate(frame)
        if (field.optional) {
          if (!(value instanceof Optional)) {
            const text = `cannot initialize optional entry '${field.name}' from non-optional value ${keyText(value)}`
            throw new CelRuntimeError(text)
          }
          value = value.value
        }
        if (value !== undefined) fields.set(field.name, value)
      }
      frame.charge(structCost)
      return new BuiltObject(type, fields)
    }
  }

  #call(node: CallNode): Evaluate {
    const { fn } = node
    const args = (node.target ? [node.target, ...node.args] : node.args).map(arg => this.plan(arg))
    const [first, second, third] = args
    switch (fn) {
      case '_&&_':
        return logical(first!, second!, false)
      case '_||_':
        return logical(first!, second!, true)
      case '_?_:_':
        return frame => {
          const condition = first!(frame)
          if (typeof condition !== 'boolean') throw noSuchOverload()
          return condition ? second!(frame) : third!(frame)
        }
      case '@not_strictly_false':
        return frame => {
          let value: Value
          try {
            value = first!(frame)
          } catch (error) {
            if (!(error instanceof CelRuntimeError)) throw error
            value = true
          }
          frame.charge(1)
          return value !== false
        }
      case '_[_]':
        return frame => {
          const from = first!(frame)
          const index = second!(frame)
          frame.charge(selectCost)
          if (from instanceof Optional) return optionally(from, inner => elementOf(inner, index, true))
          return elementOf(from, index, false)!
        }
      case '_[?_]':
        return frame => {
          const from = first!(frame)
          const index = second!(frame)
          frame.charge(1)
          return optionally(from, inner => elementOf(inner, index, true))
        }
      case 'or':
      case 'orValue':
        if (node.overloads?.some(each => each.id.startsWith('optional_or'))) return alternative(first!, second!, fn)
        break
      case '@in': {
        const constant = isConstant(node.args[1]!) && node.args[1]!.kind === 'list'
        return frame => {
          const value = first!(frame)
          const range = second!(frame)
          if (range instanceof ListValue) {
            if (!constant) frame.charge(costSize(range))
            for (const item of range) if (equal(item, value)) return true
            return false
          }
          frame.charge(1)
          if (range instanceof MapValue) return isKey(value) && range.find(value) !== undefined
          throw noSuchOverload()
        }
      }
      case '_==_':
      case '_!=_': {
        const wanted = fn === '_==_'
        return frame => {
          const [left, right] = [first!(frame), second!(frame)]
          frame.charge(equalityCost(left, right))
          return equal(left, right) === wanted
        }
      }
    }
    return this.#overloaded(node, args)
  }

  #overloaded(node: CallNode, args: readonly Evaluate[]): Evaluate {
    const { fn, overloads = [] } = node
    const evaluate: Evaluate = frame => {
      const values: Value[] = new Array(args.length)
      for (let index = 0; index < args.length; index++) values[index] = args[index]!(frame)
      for (const each of overloads) {
        if (!each.params.every((param, index) => accepts(param, values[index]!))) continue
        const result = (each.call as (...args: Value[]) => Value)(...values)
        frame.charge(actualCost(fn, each.id, values, result))
        return result
      }
      if (operators.has(fn)) throw noSuchOverload()
      const types = values.map(typeNameOf)
      throw new CelRuntimeError(`no such overload: ${fn}(${types.join(', ')})`)
    }
    if (!conversions.has(fn) || node.args.length !== 1 || !isConstant(node.args[0]!)) return evaluate
    let constant: Value | undefined
    return () => (constant ??= evaluate(new Frame({}, Infinity)))
  }

  #fold(node: ComprehensionNode): Evaluate {
    const range = this.plan(node.range)
    const initial = this.plan(node.initial)
    const accumulator = this.#enter(node.accumulator)
    const first = this.#enter(node.variable)
    const second = node.variable2 === undefined ? -1 : this.#enter(node.variable2)
    const condition = this.plan(node.condition)
    const step = this.plan(node.step)
    this.#leave(second < 0 ? 1 : 2)
    const result = this.plan(node.result)
    this.#leave(1)
    return frame => {
      const over = range(frame)
      let start: Value = initial(frame)
      // Nobody but the steps sees what is accumulated, so that lists and maps may grow in place.
      if (node.initial.kind === 'list') start = new ArrayList([...(start as ListValue)], true)
      if (node.initial.kind === 'map' && node.initial.entries.length === 0) start = new BuiltMap()
      frame.locals[accumulator] = start
      for (const [key, value] of pairs(over, second >= 0)) {
        frame.locals[first] = key
        if (second >= 0) frame.locals[second] = value
        if (condition(frame) !== true) break
        try {
          frame.locals[accumulator] = step(frame)
        } catch (error) {
          if (!(error instanceof CelRuntimeError)) throw error
          frame.locals[accumulator] = error
        }
      }
      const accumulated = frame.locals[accumulator]!
      if (accumulated instanceof ArrayList && accumulated.growing)
        frame.locals[accumulator] = new ArrayList(accumulated.items)
      return result(frame)
    }
  }

  #enter(name: string): number {
    this.#locals.push(name)
    this.#localSlots.push(this.#localCount)
    return this.#localCount++
  }

  #leave(count: number): void {
    this.#locals.length -= count
    this.#localSlots.length -= count
  }
}

const nothing = new Frame({}, Infinity)

const operators: ReadonlySet<string> = new Set([
  '_+_',
  '_-_',
  '_*_',
  '_/_',
  '_%_',
  '_<_',
  '_<=_',
  '_>_',
  '_>=_',
  '!_',
  '-_',
])

/** Computed once and free of cost, as upstream does with literals. */
function isConstant(node: Node): boolean {
  if (node.kind === 'literal') return true
  return node.kind === 'list' && node.optional.size === 0 && node.elements.every(isConstant)
}

function typeConstant(type: CelType): Evaluate {
  const value = new TypeValue(type)
  return () => value
}

/** `&&` (decided by false) and `||` (decided by true). */
function logical(left: Evaluate, right: Evaluate, decisive: boolean): Evaluate {
  return frame => {
    let fault: CelRuntimeError | undefined
    let value: Value | undefined
    try {
      value = left(frame)
    } catch (error) {
      if (!(error instanceof CelRuntimeError)) throw error
      fault = error
    }
    if (value === decisive) return decisive
    if (fault === undefined && typeof value !== 'boolean') fault = noSuchOverload()
    const other = right(frame)
    if (other === decisive) return decisive
    if (fault) throw fault
    if (typeof other !== 'boolean') throw noSuchOverload()
    return other
  }
}

/** `a.or(b)` and `a.orValue(b)`: the second is evaluated only when it is needed. */
function alternative(first: Evaluate, second: Evaluate, fn: 'or' | 'orValue'): Evaluate {
  return frame => {
    const value = first(frame)
    if (!(value instanceof Optional)) throw noSuchOverload()
    if (value.value === undefined) return second(frame)
    return fn === 'or' ? value : value.value
  }
}
