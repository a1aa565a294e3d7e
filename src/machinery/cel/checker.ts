// The type of every part of an expression, which overloads its calls may use, and what is wrong with it.

import {
  type CallNode,
  type ComprehensionNode,
  type ListNode,
  type MapNode,
  type Node,
  qualifiedName,
  type SelectNode,
  type StructNode,
  walk,
} from './ast.ts'
import { CelCompileError, type CelIssue } from './errors.ts'
import type { Overload } from './overload.ts'
import { sorted } from './parser.ts'
import { type CelObjectType, type CelType, formatType, isDyn } from './types.ts'
import {
  allAssignable,
  assignable,
  type Bindings,
  errorType,
  exact,
  isError,
  moreGeneral,
  renameParams,
  substitute,
} from './unify.ts'

export interface Declarations {
  readonly variables: ReadonlyMap<string, CelType>
  readonly functions: ReadonlyMap<string, readonly Overload[]>
  /** Names that stand for types: `int`, `JSONPatch` … */
  readonly findType: (name: string) => CelType | undefined
}

/** Annotates the tree. Throws CelCompileError. */
export function check(expression: string, root: Node, declarations: Declarations): void {
  const checker = new Checker(declarations)
  checker.check(root)
  checker.finish(root)
  if (checker.issues.length > 0) throw new CelCompileError(expression, sorted(checker.issues))
}

class Checker {
  readonly issues: CelIssue[] = []
  readonly #declarations: Declarations
  readonly #scopes: Map<string, CelType>[] = []
  #bindings: Bindings = new Map()
  #fresh = 0

  constructor(declarations: Declarations) {
    this.#declarations = declarations
  }

  #report(offset: number, message: string): CelType {
    this.issues.push({ offset, message })
    return errorType
  }

  #resolved(type: CelType): CelType {
    return substitute(this.#bindings, type)
  }

  #mayBe(to: CelType, from: CelType): boolean {
    const bindings = assignable(this.#bindings, to, from)
    if (bindings) this.#bindings = bindings
    return bindings !== undefined
  }

  #mismatch(offset: number, expected: CelType, found: CelType): CelType {
    return this.#report(offset, `expected type '${this.#text(expected)}' but found '${this.#text(found)}'`)
  }

  #text(type: CelType): string {
    return formatType(this.#resolved(type))
  }

  check(node: Node): CelType {
    const type = this.#typeOf(node)
    node.type = type
    return type
  }

  /** At the end: what is still unknown is dyn. */
  finish(root: Node): void {
    for (const node of walk(root)) if (node.type) node.type = substitute(this.#bindings, node.type, true)
  }

  #typeOf(node: Node): CelType {
    switch (node.kind) {
      case 'literal':
        return literalType(node.value)
      case 'ident': {
        const variable = this.#variable(node.name)
        if (variable) return variable
        const named = this.#declarations.findType(node.name)
        if (named) {
          node.typeValue = named
          return { type: named }
        }
        return this.#report(node.offset, undeclared(node.name))
      }
      case 'select':
        return this.#select(node)
      case 'call':
        return this.#call(node)
      case 'list':
        return this.#list(node)
      case 'map':
        return this.#map(node)
      case 'struct':
        return this.#struct(node)
      case 'comprehension':
        return this.#comprehension(node)
    }
  }

  #variable(name: string): CelType | undefined {
    for (let index = this.#scopes.length - 1; index >= 0; index--) {
      const type = this.#scopes[index]!.get(name)
      if (type !== undefined) return type
    }
    return this.#declarations.variables.get(name)
  }

  #select(node: SelectNode): CelType {
    const name = qualifiedName(node)
    if (name !== undefined) {
      const variable = this.#declarations.variables.get(name)
      if (variable) {
        node.variable = name
        return variable
      }
      const named = this.#declarations.findType(name)
      if (named) {
        node.typeValue = named
        return { type: named }
      }
    }
    const operand = this.#resolved(this.check(node.operand))
    const isOptional = typeof operand === 'object' && 'optional' in operand
    const field = this.#field(node, isOptional ? operand.optional : operand)
    if (node.test) return 'bool'
    return isOptional || node.optional ? { optional: field } : this.#resolved(field)
  }

  #field(node: SelectNode, target: CelType): CelType {
    if (isDyn(target) || isError(target)) return 'dyn'
    if (typeof target === 'object') {
      if ('map' in target) return target.map[1]
      if ('object' in target) {
        const field = target.fields().get(node.field)
        return field ? field.type : this.#report(node.offset, `undefined field '${node.field}'`)
      }
      if ('param' in target) {
        this.#mayBe('dyn', target)
        return 'dyn'
      }
      // The libraries' own types are objects without fields.
      if ('opaque' in target && !structless.has(target.opaque))
        return this.#report(node.offset, `undefined field '${node.field}'`)
    }
    this.#report(node.offset, `type '${this.#text(target)}' does not support field selection`)
    return 'dyn'
  }

  #call(node: CallNode): CelType {
    for (const arg of node.args) this.check(arg)
    if (!node.target) {
      const overloads = this.#declarations.functions.get(node.fn)
      if (!overloads) return this.#report(node.offset, undeclared(node.fn))
      return this.#resolve(node, overloads)
    }
    const prefix = qualifiedName(node.target)
    if (prefix !== undefined) {
      const qualified = `${prefix}.${node.fn}`
      const overloads = this.#declarations.functions.get(qualified)
      if (overloads) {
        node.fn = qualified
        node.target = undefined
        return this.#resolve(node, overloads)
      }
    }
    this.check(node.target)
    const overloads = this.#declarations.functions.get(node.fn)
    if (!overloads) return this.#report(node.offset, undeclared(node.fn))
    return this.#resolve(node, overloads)
  }

  #resolve(node: CallNode, overloads: readonly Overload[]): CelType {
    const member = node.target !== undefined
    const nodes = node.target ? [node.target, ...node.args] : node.args
    const given = nodes.map(each => each.type!)
    if (node.fn === '_&&_' || node.fn === '_||_') {
      let wrong = false
      for (const [index, type] of given.entries()) {
        if (this.#mayBe('bool', type)) continue
        this.#mismatch(nodes[index]!.offset, 'bool', type)
        wrong = true
      }
      node.overloads = overloads
      return wrong ? errorType : 'bool'
    }
    const matching: Overload[] = []
    let result: CelType | undefined
    for (const candidate of overloads) {
      if (candidate.member !== member) continue
      const suffix = this.#fresh++
      const params = candidate.params.map(param => renameParams(param, suffix))
      const bindings = allAssignable(this.#bindings, given, params)
      if (!bindings) continue
      this.#bindings = bindings
      matching.push(candidate)
      const type = this.#resolved(renameParams(candidate.result, suffix))
      if (result === undefined) result = type
      else if (!isDyn(result) && !exact(result, type)) result = 'dyn'
    }
    if (result === undefined) {
      const texts = given.map(type => formatType(substitute(this.#bindings, type, true)))
      const signature = member ? `${texts[0]}.(${texts.slice(1).join(', ')})` : `(${texts.join(', ')})`
      return this.#report(node.offset, `found no matching overload for '${node.fn}' applied to '${signature}'`)
    }
    node.overloads = matching
    return result
  }

  #list(node: ListNode): CelType {
    let item: CelType | undefined
    for (const [index, element] of node.elements.entries()) {
      let type = this.check(element)
      if (node.optional.has(index)) type = this.#unwrapOptional(element, type)
      item = this.#join(item, type)
    }
    return { list: item ?? this.#unknown() }
  }

  #map(node: MapNode): CelType {
    let key: CelType | undefined
    let value: CelType | undefined
    for (const entry of node.entries) {
      key = this.#join(key, this.check(entry.key))
      let type = this.check(entry.value)
      if (entry.optional) type = this.#unwrapOptional(entry.value, type)
      value = this.#join(value, type)
    }
    return { map: [key ?? this.#unknown(), value ?? this.#unknown()] }
  }

  #unwrapOptional(node: Node, type: CelType): CelType {
    const resolved = this.#resolved(type)
    if (typeof resolved === 'object' && 'optional' in resolved) return resolved.optional
    if (!isDyn(resolved)) this.#mismatch(node.offset, { optional: resolved }, resolved)
    return resolved
  }

  #unknown(): CelType {
    return { param: `_var${this.#fresh++}` }
  }

  /** What differs is dyn here; that literals hold one type of thing is seen to afterwards. */
  #join(previous: CelType | undefined, type: CelType): CelType {
    if (previous === undefined) return type
    return this.#mayBe(previous, type) ? moreGeneral(previous, type) : 'dyn'
  }

  #struct(node: StructNode): CelType {
    const type = this.#declarations.findType(node.typeName)
    if (type === undefined) {
      for (const field of node.fields) this.check(field.value)
      return this.#report(node.offset, undeclared(node.typeName))
    }
    if (typeof type === 'string' || !('object' in type)) {
      for (const field of node.fields) this.check(field.value)
      return this.#report(node.offset, `'${node.typeName}' is not a message type`)
    }
    for (const field of node.fields) this.#structField(type, field)
    return type
  }

  #structField(type: CelObjectType, field: StructNode['fields'][number]): void {
    let given = this.check(field.value)
    if (field.optional) given = this.#unwrapOptional(field.value, given)
    const declared = type.fields().get(field.name)
    if (!declared) {
      this.#report(field.offset, `undefined field '${field.name}'`)
      return
    }
    if (this.#mayBe(declared.type, given)) return
    this.#report(
      field.offset,
      `expected type of field '${field.name}' is '${this.#text(declared.type)}' but provided type is '${this.#text(given)}'`,
    )
  }

  #comprehension(node: ComprehensionNode): CelType {
    const range = this.#resolved(this.check(node.range))
    const accumulated = this.check(node.initial)
    this.#scopes.push(new Map([[node.accumulator, accumulated]]))
    const [first, second] = this.#iteration(node, range)
    const loop = new Map([[node.variable, first]])
    if (node.variable2 !== undefined) loop.set(node.variable2, second)
    this.#scopes.push(loop)
    const condition = this.check(node.condition)
    if (!this.#mayBe('bool', condition)) this.#mismatch(node.condition.offset, 'bool', condition)
    const step = this.check(node.step)
    if (!this.#mayBe(accumulated, step)) this.#mismatch(node.step.offset, accumulated, step)
    this.#scopes.pop()
    const result = this.check(node.result)
    this.#scopes.pop()
    return this.#resolved(result)
  }

  #iteration(node: ComprehensionNode, range: CelType): readonly [CelType, CelType] {
    const two = node.variable2 !== undefined
    if (range === 'dyn' || isError(range)) return ['dyn', 'dyn']
    if (typeof range === 'object') {
      if ('list' in range) return two ? ['int', range.list] : [range.list, range.list]
      if ('map' in range) return [range.map[0], range.map[1]]
      if ('param' in range) {
        this.#mayBe('dyn', range)
        return ['dyn', 'dyn']
      }
    }
    const text = this.#text(range)
    this.#report(
      node.range.offset,
      `expression of type '${text}' cannot be range of a comprehension (must be list, map, or dynamic)`,
    )
    return [errorType, errorType]
  }
}

/** Upstream declares these as opaque rather than as objects. */
const structless: ReadonlySet<string> = new Set(['net.IP', 'net.CIDR'])

const undeclared = (name: string): string => `undeclared reference to '${name}' (in container '')`

function literalType(value: unknown): CelType {
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'bigint':
      return 'int'
    case 'number':
      return 'double'
    case 'string':
      return 'string'
  }
  if (value === null) return 'null'
  return value instanceof Uint8Array ? 'bytes' : 'uint'
}
