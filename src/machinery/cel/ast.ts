// The tree of an expression. Each node knows where its text stands, for messages; the checker adds its type and, to a
// call, the overloads that may serve it.

import type { Overload } from './overload.ts'
import type { CelType } from './types.ts'
import type { Value } from './values.ts'

interface NodeBase {
  readonly offset: number
  type?: CelType
}

export interface LiteralNode extends NodeBase {
  readonly kind: 'literal'
  readonly value: Value
}
export interface IdentNode extends NodeBase {
  readonly kind: 'ident'
  readonly name: string
  /** A name that stands for a type rather than a variable. */
  typeValue?: CelType
}
export interface SelectNode extends NodeBase {
  readonly kind: 'select'
  readonly operand: Node
  readonly field: string
  /** has(a.b): whether it is there, not what it is. */
  readonly test: boolean
  /** `a.?b`. */
  readonly optional: boolean
  /** `a.b` turned out to be one name, of a type or of a variable. */
  typeValue?: CelType
  variable?: string
}
export interface CallNode extends NodeBase {
  readonly kind: 'call'
  fn: string
  target: Node | undefined
  readonly args: readonly Node[]
  overloads?: readonly Overload[]
}
export interface ListNode extends NodeBase {
  readonly kind: 'list'
  readonly elements: readonly Node[]
  /** Indexes of `[?x]`. */
  readonly optional: ReadonlySet<number>
}
export interface MapEntryNode {
  readonly offset: number
  readonly key: Node
  readonly value: Node
  readonly optional: boolean
}
export interface MapNode extends NodeBase {
  readonly kind: 'map'
  readonly entries: readonly MapEntryNode[]
}
export interface StructFieldNode {
  readonly offset: number
  readonly name: string
  readonly value: Node
  readonly optional: boolean
}
export interface StructNode extends NodeBase {
  readonly kind: 'struct'
  readonly typeName: string
  readonly fields: readonly StructFieldNode[]
}
/** What every macro becomes: a fold over a range. */
export interface ComprehensionNode extends NodeBase {
  readonly kind: 'comprehension'
  readonly range: Node
  /** The element of a list or key of a map; with `variable2`, the index or key. */
  readonly variable: string
  readonly variable2: string | undefined
  readonly accumulator: string
  readonly initial: Node
  readonly condition: Node
  readonly step: Node
  readonly result: Node
}

export type Node = LiteralNode | IdentNode | SelectNode | CallNode | ListNode | MapNode | StructNode | ComprehensionNode

export const literal = (offset: number, value: Value): LiteralNode => ({ kind: 'literal', offset, value })
export const ident = (offset: number, name: string): IdentNode => ({ kind: 'ident', offset, name })
export const call = (offset: number, fn: string, ...args: Node[]): CallNode => ({
  kind: 'call',
  offset,
  fn,
  target: undefined,
  args,
})
export const memberCall = (offset: number, fn: string, target: Node, ...args: Node[]): CallNode => ({
  kind: 'call',
  offset,
  fn,
  target,
  args,
})
export const list = (offset: number, ...elements: Node[]): ListNode => ({
  kind: 'list',
  offset,
  elements,
  optional: new Set(),
})
export const emptyMap = (offset: number): MapNode => ({ kind: 'map', offset, entries: [] })

/** `a.b.c` as the name it may be. */
export function qualifiedName(node: Node): string | undefined {
  if (node.kind === 'ident') return node.name
  if (node.kind !== 'select' || node.test || node.optional) return undefined
  const prefix = qualifiedName(node.operand)
  return prefix === undefined ? undefined : `${prefix}.${node.field}`
}

/** Every node below and including this one. */
export function* walk(node: Node): Generator<Node> {
  yield node
  for (const child of children(node)) yield* walk(child)
}

export function children(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'literal':
    case 'ident':
      return []
    case 'select':
      return [node.operand]
    case 'call':
      return node.target ? [node.target, ...node.args] : node.args
    case 'list':
      return node.elements
    case 'map':
      return node.entries.flatMap(entry => [entry.key, entry.value])
    case 'struct':
      return node.fields.map(field => field.value)
    case 'comprehension':
      return [node.range, node.initial, node.condition, node.step, node.result]
  }
}
