// Which type may stand for which, with type parameters bound along the way (cel-go's rules, so that what compiles there
// compiles here).

import { type CelType, formatType, isDyn } from './types.ts'

/** What type parameters stand for so far. */
export type Bindings = Map<string, CelType>

/** Stands for a part that was already complained about; goes with everything. */
export const errorType: CelType = { opaque: '!error!' }
export const isError = (type: CelType): boolean =>
  typeof type === 'object' && 'opaque' in type && type.opaque === '!error!'

const isParam = (type: CelType): type is { readonly param: string } => typeof type === 'object' && 'param' in type
const isWild = (type: CelType): boolean => isDyn(type) || isError(type)

/** The bindings with which `from` may be used as `to`, or undefined. Leaves those given alone. */
export function assignable(bindings: Bindings, to: CelType, from: CelType): Bindings | undefined {
  const trial = new Map(bindings)
  return unify(trial, to, from) ? trial : undefined
}

export function allAssignable(
  bindings: Bindings,
  to: readonly CelType[],
  from: readonly CelType[],
): Bindings | undefined {
  if (to.length !== from.length) return undefined
  const trial = new Map(bindings)
  return to.every((type, index) => unify(trial, type, from[index]!)) ? trial : undefined
}

function unify(bindings: Bindings, left: CelType, right: CelType): boolean {
  if (isParam(right)) {
    const { valid, bound } = substitutes(bindings, left, right)
    if (valid) return true
    if (bound) return false
  }
  if (isParam(left)) return substitutes(bindings, right, left).valid
  if (isWild(left) || isWild(right)) return true
  if (left === 'null') return nullable(right)
  if (right === 'null') return nullable(left)
  if (typeof left === 'string' || typeof right === 'string') return left === right
  if ('list' in left) return 'list' in right && unify(bindings, left.list, right.list)
  if ('map' in left)
    return 'map' in right && unify(bindings, left.map[0], right.map[0]) && unify(bindings, left.map[1], right.map[1])
  if ('optional' in left) return 'optional' in right && unify(bindings, left.optional, right.optional)
  if ('type' in left) return 'type' in right
  if ('object' in left) return 'object' in right && left.object === right.object
  return 'opaque' in left && 'opaque' in right && left.opaque === right.opaque
}

function substitutes(
  bindings: Bindings,
  type: CelType,
  param: { readonly param: string },
): { valid: boolean; bound: boolean } {
  if (isParam(type) && type.param === param.param) return { valid: true, bound: true }
  const current = bindings.get(param.param)
  if (current !== undefined) {
    if (exact(type, current)) return { valid: true, bound: true }
    if (!unify(bindings, type, current)) return { valid: false, bound: true }
    const general = moreGeneral(type, current)
    if (!occurs(bindings, param.param, general)) bindings.set(param.param, general)
    return { valid: true, bound: true }
  }
  if (occurs(bindings, param.param, type)) return { valid: false, bound: false }
  bindings.set(param.param, type)
  return { valid: true, bound: false }
}

export function exact(left: CelType, right: CelType): boolean {
  return left === right || formatType(left) === formatType(right)
}

function nullable(type: CelType): boolean {
  if (typeof type === 'string') return type === 'null' || type === 'timestamp' || type === 'duration' || type === 'any'
  return 'object' in type || 'opaque' in type || 'optional' in type
}

/** Of two types that unify, the one that says less. */
export function moreGeneral(left: CelType, right: CelType): CelType {
  return lessSpecific(left, right) ? left : right
}

function lessSpecific(left: CelType, right: CelType): boolean {
  if (isDyn(left) || isParam(left)) return true
  if (isDyn(right) || isParam(right)) return false
  if (typeof left === 'string' || typeof right === 'string') return left === right
  if ('list' in left) return 'list' in right && lessSpecific(left.list, right.list)
  if ('map' in left)
    return 'map' in right && lessSpecific(left.map[0], right.map[0]) && lessSpecific(left.map[1], right.map[1])
  if ('optional' in left) return 'optional' in right && lessSpecific(left.optional, right.optional)
  if ('type' in left) return 'type' in right
  return exact(left, right)
}

function occurs(bindings: Bindings, param: string, within: CelType): boolean {
  if (typeof within === 'string') return false
  if ('param' in within) {
    if (within.param === param) return true
    const bound = bindings.get(within.param)
    return bound !== undefined && occurs(bindings, param, bound)
  }
  if ('list' in within) return occurs(bindings, param, within.list)
  if ('map' in within) return occurs(bindings, param, within.map[0]) || occurs(bindings, param, within.map[1])
  if ('optional' in within) return occurs(bindings, param, within.optional)
  return 'type' in within && occurs(bindings, param, within.type)
}

/** The type with what is known of its parameters; with `toDyn`, the rest become dyn. */
export function substitute(bindings: Bindings, type: CelType, toDyn = false): CelType {
  if (typeof type === 'string') return type
  if ('param' in type) {
    const bound = bindings.get(type.param)
    if (bound !== undefined) return substitute(bindings, bound, toDyn)
    return toDyn ? 'dyn' : type
  }
  if ('list' in type) {
    const item = substitute(bindings, type.list, toDyn)
    return item === type.list ? type : { ...type, list: item }
  }
  if ('map' in type) {
    const [key, value] = [substitute(bindings, type.map[0], toDyn), substitute(bindings, type.map[1], toDyn)]
    return key === type.map[0] && value === type.map[1] ? type : { map: [key, value] }
  }
  if ('optional' in type) return { optional: substitute(bindings, type.optional, toDyn) }
  if ('type' in type) return { type: substitute(bindings, type.type, toDyn) }
  return type
}

/** A function's parameters under names that nothing else uses. */
export function renameParams(type: CelType, suffix: number): CelType {
  if (typeof type === 'string') return type
  if ('param' in type) return { param: `${type.param}#${suffix}` }
  if ('list' in type) return { ...type, list: renameParams(type.list, suffix) }
  if ('map' in type) return { map: [renameParams(type.map[0], suffix), renameParams(type.map[1], suffix)] }
  if ('optional' in type) return { optional: renameParams(type.optional, suffix) }
  if ('type' in type) return { type: renameParams(type.type, suffix) }
  return type
}
