// What calls cost: at run time, from their arguments, and beforehand, from how large the arguments may be. The two differ
// here and there; both are upstream's (cel-go runtimecost.go and checker/cost.go, apiserver pkg/cel/library/cost.go), and
// which rules a server accepts depends on them.

import type { Node } from './ast.ts'
import type { CelType } from './types.ts'
import { costSize, ListValue, MapValue, ObjectValue, OpaqueValue, type Value } from './values.ts'

export const selectCost = 1
export const listCost = 10
export const mapCost = 30
export const structCost = 40
const stringFactor = 0.1
const regexFactor = 0.25
const longestNameRegex = 128
const authorizationCheck = 350_000

/** From the least to the most; Infinity when nothing bounds it. */
export interface Range {
  readonly min: number
  readonly max: number
}

export const fixed = (value: number): Range => ({ min: value, max: value })
export const unknown: Range = { min: 0, max: Infinity }
export const sum = (...ranges: readonly Range[]): Range => ({
  min: ranges.reduce((total, range) => total + range.min, 0),
  max: ranges.reduce((total, range) => total + range.max, 0),
})
// Zero times unbounded is zero.
const times = (left: number, right: number): number => (left === 0 || right === 0 ? 0 : left * right)
export const product = (left: Range, right: Range): Range => ({
  min: times(left.min, right.min),
  max: times(left.max, right.max),
})
export const scaled = (range: Range, factor: number): Range => ({
  min: Math.ceil(times(range.min, factor)),
  max: Math.ceil(times(range.max, factor)),
})
export const union = (left: Range, right: Range): Range => ({
  min: Math.min(left.min, right.min),
  max: Math.max(left.max, right.max),
})

/** One argument as the estimate sees it. */
export interface Operand {
  readonly node: Node | undefined
  readonly type: CelType
  /** Its size; unbounded when not known. */
  readonly size: Range
  /** The size of what a list holds; undefined for what is no list. */
  readonly items: { readonly type: CelType; readonly size: Range } | undefined
}

export interface CallEstimate {
  readonly cost: Range
  /** Of the answer, where it has a size. */
  readonly size?: Range
}

interface CallCost {
  /** The receiver is the first argument. Undefined: as for any function. */
  readonly actual: (args: readonly Value[], result: Value, overload: string) => number | undefined
  readonly estimate: (
    target: Operand | undefined,
    args: readonly Operand[],
    overload: string,
  ) => CallEstimate | undefined
}

const strings = (size: number, factor = 1): number => Math.ceil(size * factor * stringFactor)
const nominal: CallCost = { actual: () => 1, estimate: () => ({ cost: fixed(1) }) }

/** One pass over a text, given as argument or as receiver. */
const passOver = (factor = 1, resultSized = false): CallCost => ({
  actual: args => (args.length > 0 ? strings(costSize(args[0]!), factor) : undefined),
  estimate(target, args) {
    const text = target ?? args[0]
    if (!text) return undefined
    const cost = scaled(text.size, factor * stringFactor)
    return resultSized ? { cost, size: text.size } : { cost }
  },
})

const comparing: CallCost = {
  actual: args => (args.length > 0 ? traversal(args[0]!) : 0),
  estimate(target) {
    if (!target) return undefined
    if (!target.items) return { cost: scaled(target.size, stringFactor) }
    const { type, size } = target.items
    const each = type === 'string' || type === 'bytes' ? sum(fixed(1), scaled(size, stringFactor)) : fixed(1)
    return { cost: product(target.size, each) }
  },
}

/** Looking at every part of a value. */
function traversal(value: Value): number {
  if (typeof value === 'string' || value instanceof Uint8Array)
    return Math.floor((typeof value === 'string' ? Buffer.byteLength(value) : value.length) * stringFactor)
  if (value instanceof ListValue) {
    let cost = 0
    for (const item of value) cost += traversal(item)
    return cost
  }
  if (value instanceof MapValue) {
    let cost = 0
    for (const key of value.keys()) cost += traversal(key) + traversal(value.find(key)!)
    return cost
  }
  if (value instanceof ObjectValue) {
    let cost = 0
    for (const name of value.names()) cost += traversal(name) + traversal(value.find(name)!)
    return cost
  }
  return 1
}

const regex = (text: number, pattern: number): number =>
  Math.ceil((1 + text) * stringFactor) * Math.ceil(pattern * regexFactor)
const regexRange = (text: Range, pattern: Range): Range =>
  product(scaled(sum(text, fixed(1)), stringFactor), scaled(pattern, regexFactor))

const finding: CallCost = {
  actual: args => (args.length >= 2 ? regex(costSize(args[0]!), costSize(args[1]!)) : undefined),
  estimate: (target, args) =>
    target && args[0]
      ? { cost: regexRange(target.size, args[0].size), size: { min: 0, max: target.size.max } }
      : undefined,
}

const selector: CallCost = {
  actual: args => (args.length >= 2 ? selectorCost(fixed(costSize(args[1]!))).max : undefined),
  estimate: (_target, args) => (args.length === 1 ? { cost: selectorCost(args[0]!.size) } : undefined),
}
const selectorCost = (length: Range): Range =>
  sum(fixed(listCost), scaled(length, stringFactor), scaled(scaled(length, 0.5), listCost + structCost))

/** Containment of an address or a block in a block. */
const containing = (textOverload: string, extra: number, passes: number): CallCost => ({
  actual(args, _result, overload) {
    if (args.length < 2) return undefined
    const block = costSize(args[0]!)
    const base = strings(block * 2) + (passes > 2 ? strings(block) : 0) + extra
    return base + (overload === textOverload ? strings(costSize(args[1]!)) : 0)
  },
  estimate(_target, args, overload) {
    const address: Range = { min: 4, max: 16 }
    let cost = sum(scaled(sum(address, address), stringFactor), fixed(extra))
    if (passes > 2) cost = sum(cost, scaled(address, stringFactor))
    if (overload === textOverload) cost = sum(cost, scaled(args[0]!.size, stringFactor))
    return { cost }
  },
})

const setCost = (factor: number): CallCost => ({
  actual: args => 1 + Math.floor(costSize(args[0]!) * costSize(args[1]!) * factor),
  estimate: (_target, args) => ({ cost: sum(scaled(product(args[0]!.size, args[1]!.size), factor), fixed(1)) }),
})

const newList = (size: Range, factor = 1): CallEstimate => ({
  cost: sum(scaled(size, factor), fixed(1 + listCost)),
  size,
})
const newListActual = (size: number, factor = 1): number => Math.floor(size * factor) + 1 + listCost
const literalInt = (operand: Operand | undefined, otherwise: number): number => {
  const node = operand?.node
  if (node?.kind !== 'literal' || typeof node.value !== 'bigint') return otherwise
  return Math.max(0, Number(node.value))
}
const selfComparing = (list: Value): number => {
  const size = costSize(list)
  const first = list instanceof ListValue && size > 0 ? list.at(0) : undefined
  const factor = typeof first === 'string' || first instanceof Uint8Array ? 2 + stringFactor : 2
  return newListActual(size * size, factor)
}
const sorting = (keys: (target: Operand, args: readonly Operand[]) => Operand): CallCost['estimate'] => {
  return (target, args) => {
    if (!target) return undefined
    const { size, items } = keys(target, args)
    const factor = items?.type === 'string' || items?.type === 'bytes' ? 2 + stringFactor : 2
    return newList(product(size, size), factor)
  }
}

const calls: Readonly<Record<string, CallCost>> = {
  check: { actual: () => authorizationCheck, estimate: () => ({ cost: fixed(authorizationCheck) }) },
  fieldSelector: selector,
  labelSelector: selector,
  isSorted: comparing,
  sum: comparing,
  max: comparing,
  min: comparing,
  indexOf: comparing,
  lastIndexOf: comparing,
  url: passOver(1, true),
  'jsonpatch.escapeKey': passOver(1, true),
  lowerAscii: passOver(1, true),
  upperAscii: passOver(1, true),
  substring: passOver(1, true),
  trim: passOver(1, true),
  replace: {
    actual: args => strings(costSize(args[0]!), 2),
    estimate: (target, args) =>
      target && args.length >= 2
        ? {
            cost: scaled(target.size, 2 * stringFactor),
            size: replacedSize(target.size, args[0]!.size, args[1]!.size),
          }
        : undefined,
  },
  split: {
    actual: args => strings(costSize(args[0]!), 2),
    estimate(target, args) {
      if (!target) return undefined
      return {
        cost: scaled(target.size, 2 * stringFactor),
        size: { min: 0, max: literalInt(args[1], target.size.max) },
      }
    },
  },
  join: {
    actual: (_args, result) => strings(costSize(result), 2),
    estimate(target, args) {
      if (!target) return undefined
      let size = target.items ? product(target.size, target.items.size) : fixed(0)
      if (args[0]) {
        const between = { min: Math.max(0, target.size.min - 1), max: Math.max(0, target.size.max - 1) }
        size = sum(size, product(args[0].size, between))
      }
      return { cost: scaled(size, stringFactor), size }
    },
  },
  find: finding,
  findAll: finding,
  cidr: passOver(),
  isIP: passOver(),
  isCIDR: passOver(),
  ip: {
    actual: (args, result, overload) => (overload === 'cidr_ip' ? 1 : passOver().actual(args, result, overload)),
    estimate: (target, args, overload) =>
      overload === 'cidr_ip' ? { cost: fixed(1) } : passOver().estimate(target, args, overload),
  },
  'ip.isCanonical': passOver(2),
  containsIP: containing('cidr_contains_ip_string', 0, 2),
  containsCIDR: containing('cidr_contains_cidr_string', 1, 3),
  quantity: passOver(),
  isQuantity: passOver(),
  semver: passOver(),
  isSemver: passOver(),
  validate: {
    actual: args => (args.length >= 2 ? regex(costSize(args[1]!), costSize(args[0]!)) : undefined),
    estimate: (_target, args) =>
      args[0] ? { cost: scaled(scaled(args[0].size, stringFactor), longestNameRegex * regexFactor) } : undefined,
  },
  'sets.contains': setCost(1),
  'sets.intersects': setCost(1),
  'sets.equivalent': setCost(2),
  slice: {
    actual: (_args, result) => newListActual(costSize(result)),
    estimate: (target, args) =>
      target ? newList(fixed(Math.max(0, literalInt(args[1], target.size.max) - literalInt(args[0], 0)))) : undefined,
  },
  flatten: {
    actual: args => newListActual(costSize(args[0]!), typeof args[1] === 'bigint' ? Number(args[1]) : 1),
    estimate: (target, args) =>
      target ? newList(target.size, args[0] ? literalInt(args[0], Infinity) : 1) : undefined,
  },
  'lists.range': {
    actual: (_args, result) => newListActual(costSize(result)),
    estimate: (_target, args) => newList(fixed(literalInt(args[0], Infinity))),
  },
  reverse: {
    actual: (_args, result) => newListActual(costSize(result)),
    estimate: target => (target ? newList(target.size) : undefined),
  },
  distinct: {
    actual: args => selfComparing(args[0]!),
    estimate: target => (target ? newList(product(target.size, target.size), 2) : undefined),
  },
  sort: { actual: args => selfComparing(args[0]!), estimate: sorting(target => target) },
  '@sortByAssociatedKeys': { actual: args => selfComparing(args[1]!), estimate: sorting((_target, args) => args[0]!) },
}

const nominalCalls: ReadonlySet<string> = new Set(
  (
    'serviceAccount path group resource subresource namespace name allowed reason error errored ' +
    'masked prefixLength family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast ' +
    'format.named sign asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo add sub major minor patch ' +
    'getScheme getHostname getHost getPort getEscapedPath getQuery'
  ).split(' '),
)

function replacedSize(text: Range, replaced: Range, by: Range): Range {
  // The longest: the shortest parts, replaced by the longest, as often as may be.
  let [most, keptMost] = [0, 0]
  if (replaced.min === 0) [most, keptMost] = [text.max + 1, text.max]
  else if (by.max <= replaced.min) keptMost = text.max
  else most = Math.ceil(text.max / replaced.min)
  let [least, keptLeast] = [0, 0]
  if (replaced.max === 0) [least, keptLeast] = [text.min + 1, text.min]
  else if (replaced.max <= by.min) keptLeast = text.min
  else least = Math.ceil(text.min / replaced.max)
  return { min: times(least, by.min) + keptLeast, max: times(most, by.max) + keptMost }
}

const callCost = (fn: string): CallCost | undefined =>
  nominalCalls.has(fn) ? nominal : Object.hasOwn(calls, fn) ? calls[fn] : undefined

const comparisons: ReadonlySet<string> = new Set(['_<_', '_<=_', '_>_', '_>=_'])

/** What a call that was made has cost. */
export function actualCost(fn: string, overload: string, args: readonly Value[], result: Value): number {
  const special = callCost(fn)?.actual(args, result, overload)
  if (special !== undefined) return special
  switch (fn) {
    case 'startsWith':
    case 'endsWith':
    case 'format':
    case 'strings.quote':
      return strings(costSize(args[0]!))
    case 'matches':
      return regex(costSize(args[0]!), costSize(args[1]!))
    case 'contains':
      return strings(costSize(args[0]!)) * strings(costSize(args[1]!))
    case '_==_':
    case '_!=_':
      return equalityCost(args[0]!, args[1]!)
    case '_+_':
      return overload === 'add_string' || overload === 'add_bytes'
        ? strings(costSize(args[0]!) + costSize(args[1]!))
        : 1
  }
  if (overload === 'string_to_bytes' || overload === 'bytes_to_string') return strings(costSize(args[0]!))
  if (comparisons.has(fn) && (typeof args[0] === 'string' || args[0] instanceof Uint8Array))
    return strings(Math.min(costSize(args[0]), costSize(args[1]!)))
  return 1
}

export function equalityCost(left: Value, right: Value): number {
  if (left instanceof OpaqueValue) return 1
  return strings(Math.min(costSize(left), costSize(right)))
}

/** What a call may cost, without what its arguments do. */
export function estimatedCallCost(
  fn: string,
  overload: string,
  target: Operand | undefined,
  args: readonly Operand[],
): CallEstimate {
  const special = callCost(fn)?.estimate(target, args, overload)
  if (special) return special
  const [first, second] = args
  switch (fn) {
    case 'format':
      if (target) return { cost: scaled(target.size, stringFactor) }
      break
    case 'strings.quote':
      if (first) {
        const size = { min: first.size.min + 2, max: first.size.max * 2 + 2 }
        return { cost: scaled(first.size, stringFactor), size }
      }
      break
    case 'startsWith':
    case 'endsWith':
      if (first) return { cost: scaled(first.size, stringFactor) }
      break
    case '@in':
      if (overload === 'in_list' && second) return { cost: second.size }
      break
    case 'matches':
      if (target && first) return { cost: regexRange(target.size, first.size) }
      break
    case 'contains':
      if (target && first) return { cost: product(scaled(target.size, stringFactor), scaled(first.size, stringFactor)) }
      break
    case '_+_':
      if (first && second && ['add_list', 'add_string', 'add_bytes'].includes(overload)) {
        const size = sum(first.size, second.size)
        return { cost: overload === 'add_list' ? fixed(1) : scaled(size, stringFactor), size }
      }
      break
    case '_==_':
    case '_!=_':
      if (first && second) return { cost: estimatedEquality(first, second, fn === '_==_') }
  }
  if (overload === 'string_to_bytes' && first)
    return { cost: scaled(first.size, stringFactor), size: { min: first.size.min, max: first.size.max * 4 } }
  if (overload === 'bytes_to_string' && first)
    return {
      cost: scaled(first.size, stringFactor),
      size: { min: Math.floor(first.size.min / 4), max: first.size.max },
    }
  if (comparisons.has(fn) && (overload.endsWith('_string') || overload.endsWith('_bytes')) && first && second)
    return { cost: comparedCost(first.size, second.size) }
  return { cost: fixed(1) }
}

const comparedCost = (left: Range, right: Range): Range => {
  const max = Math.min(left.max, right.max)
  return scaled({ min: max > 0 ? 1 : 0, max }, stringFactor)
}

function estimatedEquality(left: Operand, right: Operand, exactly: boolean): Range {
  const { type } = left
  if (
    exactly &&
    typeof type === 'object' &&
    'opaque' in type &&
    typeof right.type === 'object' &&
    'opaque' in right.type
  ) {
    if (type.opaque === 'kubernetes.NamedFormat') return scaled({ min: 1, max: 64 }, stringFactor)
    if (type.opaque === 'kubernetes.URL') return scaled({ min: 1, max: right.size.max }, stringFactor)
    return fixed(1)
  }
  return comparedCost(left.size, right.size)
}
