// What an expression may cost before anything is known but how large its inputs may be (cel-go checker/cost.go). The API
// server refuses rules that may cost too much, so the numbers are upstream's.

import type { CallNode, ComprehensionNode, Node } from './ast.ts'
import {
  estimatedCallCost,
  fixed,
  listCost,
  mapCost,
  type Operand,
  product,
  type Range,
  selectCost,
  structCost,
  sum,
  union,
  unknown,
} from './call-costs.ts'
import type { CelType } from './types.ts'
import { codePoints } from './values.ts'

/** How large what stands at a path may be: see CelSizes. The path is empty for what comes from no variable. */
export type Sizes = (path: readonly string[], type: CelType) => Range | undefined

/** How large what a list or a map holds may be. */
interface EntrySize {
  readonly container: 'list' | 'map'
  readonly key: Range
  readonly value: Range
}

interface Local {
  readonly path: readonly string[] | undefined
  readonly size: Range | undefined
  readonly entry: EntrySize | undefined
}

export function estimateCost(root: Node, sizes: Sizes | undefined): Range {
  return new Estimator(sizes ?? (() => undefined)).cost(root)
}

class Estimator {
  readonly #sizesOf: Sizes
  readonly #paths = new Map<Node, readonly string[]>()
  readonly #sizes = new Map<Node, Range>()
  readonly #entries = new Map<Node, EntrySize>()
  readonly #locals: [string, Local][] = []

  constructor(sizesOf: Sizes) {
    this.#sizesOf = sizesOf
  }

  cost(node: Node): Range {
    switch (node.kind) {
      case 'literal':
        return fixed(0)
      case 'ident': {
        const local = this.#local(node.name)
        if (!local) this.#paths.set(node, [node.name])
        else if (local.path) this.#paths.set(node, local.path)
        return fixed(selectCost)
      }
      case 'select': {
        if (node.typeValue || node.variable !== undefined) {
          if (node.variable !== undefined) this.#paths.set(node, [node.variable])
          return fixed(selectCost)
        }
        const operand = this.cost(node.operand)
        if (node.test) return operand
        const path = this.#path(node.operand)
        if (path) this.#paths.set(node, [...path, node.field])
        if (node.optional) return sum(operand, fixed(1))
        return hasFields(node.operand.type) ? sum(operand, fixed(selectCost)) : operand
      }
      case 'call':
        return this.#call(node)
      case 'list': {
        const costs = node.elements.map(element => this.cost(element))
        const sizes = node.elements.map(element => this.#sizeOf(element) ?? unknown)
        const value = sizes.length > 0 ? sizes.reduce(union) : fixed(0)
        this.#entries.set(node, { container: 'list', key: fixed(1), value })
        return sum(...costs, fixed(listCost))
      }
      case 'map': {
        const costs = node.entries.flatMap(entry => [this.cost(entry.key), this.cost(entry.value)])
        const over = (nodes: readonly Node[]): Range =>
          nodes.length > 0 ? nodes.map(each => this.#sizeOf(each) ?? unknown).reduce(union) : fixed(0)
        const key = over(node.entries.map(entry => entry.key))
        this.#entries.set(node, { container: 'map', key, value: over(node.entries.map(entry => entry.value)) })
        return sum(...costs, fixed(mapCost))
      }
      case 'struct':
        return sum(...node.fields.map(field => this.cost(field.value)), fixed(structCost))
      case 'comprehension':
        return this.#fold(node)
    }
  }

  #call(node: CallNode): Range {
    if (node.fn === 'dyn' && !node.target) {
      const arg = node.args[0]!
      const cost = this.cost(arg)
      const size = this.#sizeOf(arg)
      const entry = this.#entryOf(arg)
      if (size) this.#sizes.set(node, size)
      if (entry) this.#entries.set(node, entry)
      return sum(fixed(1), cost)
    }
    const argCosts = node.args.map(arg => this.cost(arg))
    const args = node.args.map(arg => this.#operand(arg))
    const targetCost = node.target ? this.cost(node.target) : fixed(0)
    const target = node.target ? this.#operand(node.target) : undefined
    const total = sum(...argCosts)
    if (node.fn === '_&&_' || node.fn === '_||_')
      return { min: argCosts[0]!.min, max: argCosts[0]!.max + argCosts[1]!.max }
    if (node.fn === '_?_:_') {
      const [, yes, no] = node.args
      this.#sizes.set(node, union(args[1]!.size, args[2]!.size))
      const entry = unionOf(this.#entryOf(yes!), this.#entryOf(no!))
      if (entry) this.#entries.set(node, entry)
      return sum(argCosts[0]!, union(argCosts[1]!, argCosts[2]!))
    }
    if (node.fn === '_+_') {
      const entry = unionOf(this.#entryOf(node.args[0]!), this.#entryOf(node.args[1]!))
      if (entry && node.overloads?.some(each => each.id.startsWith('add_'))) this.#entries.set(node, entry)
    }
    let cost: Range | undefined
    let size: Range | undefined
    for (const { id } of node.overloads ?? []) {
      const estimate = estimatedCallCost(node.fn, id, target, args)
      cost = cost ? union(cost, estimate.cost) : estimate.cost
      if (estimate.size) size = size ? union(size, estimate.size) : estimate.size
      if (id === 'index_list' || id === 'index_map') {
        const of = node.args[0]!
        size = this.#entryOf(of)?.value
        const path = this.#path(of)
        if (path) this.#paths.set(node, [...path, id === 'index_list' ? '@items' : '@values'])
      }
    }
    size ??= this.#sizeOf(node)
    if (size) this.#sizes.set(node, size)
    return sum(targetCost, total, cost ?? fixed(0))
  }

  #fold(node: ComprehensionNode): Range {
    const rangeCost = this.cost(node.range)
    const initialCost = this.cost(node.initial)
    const size = this.#sizeOf(node.initial)
    const entry = this.#entryOf(node.initial)
    this.#locals.push([node.accumulator, { path: this.#path(node.initial), size, entry }])
    if (isBind(node)) {
      const result = this.cost(node.result)
      this.#locals.pop()
      const resultSize = this.#sizeOf(node.result)
      const resultEntry = this.#entryOf(node.result)
      if (resultSize) this.#sizes.set(node, resultSize)
      if (resultEntry) this.#entries.set(node, resultEntry)
      return sum(rangeCost, initialCost, result)
    }
    const rangeEntry = this.#entryOf(node.range)
    const isList = (rangeEntry?.container ?? (isListType(node.range.type) ? 'list' : 'map')) === 'list'
    const path = this.#path(node.range)
    const local = (part: string, of: Range | undefined): Local => ({
      path: path && [...path, part],
      size: of,
      entry: undefined,
    })
    const keys = local(isList ? '@indices' : '@keys', rangeEntry?.key)
    const values = local(isList ? '@items' : '@values', rangeEntry?.value)
    if (node.variable2 !== undefined) this.#locals.push([node.variable, keys], [node.variable2, values])
    else this.#locals.push([node.variable, isList ? values : keys])
    const loop = sum(this.cost(node.condition), this.cost(node.step))
    const stepEntry = this.#entryOf(node.step)
    this.#locals.length -= node.variable2 === undefined ? 1 : 2
    const result = this.cost(node.result)
    this.#locals.pop()
    const count = this.#sizeOf(node.range) ?? unknown
    if (node.initial.kind === 'literal') this.#sizes.set(node, fixed(1))
    else if (node.initial.kind === 'list' || node.initial.kind === 'map') {
      this.#sizes.set(node, count)
      if (stepEntry) this.#entries.set(node, stepEntry)
    }
    return sum(rangeCost, initialCost, result, product(count, loop))
  }

  #local(name: string): Local | undefined {
    return this.#locals.findLast(([known]) => known === name)?.[1]
  }

  #path(node: Node): readonly string[] | undefined {
    if (node.kind === 'ident') {
      const local = this.#local(node.name)
      if (local) return local.path
    }
    return this.#paths.get(node)
  }

  #entryOf(node: Node): EntrySize | undefined {
    return this.#entries.get(node) ?? (node.kind === 'ident' ? this.#local(node.name)?.entry : undefined)
  }

  #sizeOf(node: Node): Range | undefined {
    const known = this.#sizes.get(node)
    if (known) return known
    if (node.kind === 'literal') {
      if (typeof node.value === 'string') return fixed(codePoints(node.value))
      return fixed(node.value instanceof Uint8Array ? node.value.length : 1)
    }
    if (node.kind === 'list') return fixed(node.elements.length)
    if (node.kind === 'map') return fixed(node.entries.length)
    const given = this.#givenSize(this.#path(node), node.type ?? 'dyn')
    if (given) this.#sizes.set(node, given)
    return given ?? typeSize(node.type) ?? (node.kind === 'ident' ? this.#local(node.name)?.size : undefined)
  }

  #givenSize(path: readonly string[] | undefined, type: CelType): Range | undefined {
    return this.#sizesOf(path?.[0]?.startsWith('@') ? [] : (path ?? []), type)
  }

  #operand(node: Node): Operand {
    const type = node.type ?? 'dyn'
    let items: Operand['items']
    if (typeof type === 'object' && 'list' in type) {
      const path = this.#path(node)
      const size = this.#givenSize(path && [...path, '@items'], type.list)
      items = { type: type.list, size: size ?? unknown }
    }
    return { node, type, size: this.#sizeOf(node) ?? unknown, items }
  }
}

function hasFields(type: CelType | undefined): boolean {
  return typeof type === 'object' && ('map' in type || 'object' in type || 'opaque' in type)
}

function isListType(type: CelType | undefined): boolean {
  return typeof type === 'object' && 'list' in type
}

/** Values of these types have size 1. */
function typeSize(type: CelType | undefined): Range | undefined {
  switch (type) {
    case 'bool':
    case 'int':
    case 'uint':
    case 'double':
    case 'timestamp':
    case 'duration':
      return fixed(1)
  }
  return typeof type === 'object' && 'optional' in type ? typeSize(type.optional) : undefined
}

function unionOf(left: EntrySize | undefined, right: EntrySize | undefined): EntrySize | undefined {
  if (!left || !right) return undefined
  return { container: left.container, key: union(left.key, right.key), value: union(left.value, right.value) }
}

function isBind(node: ComprehensionNode): boolean {
  return node.range.kind === 'list' && node.range.elements.length === 0 && node.accumulator !== '@result'
}
