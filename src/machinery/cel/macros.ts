// What the macros become. The folds are cel-go's, step by step, since what each step costs is part of the API.

import { call, emptyMap, ident, list, literal, memberCall, type Node } from './ast.ts'

/** A macro's argument is not what it must be. */
export class MacroError extends Error {
  readonly offset: number
  constructor(offset: number, message: string) {
    super(message)
    this.offset = offset
  }
}

const accumulator = '@result'

interface Fold {
  readonly initial: Node
  readonly condition: Node
  readonly step: Node
  readonly result: Node
}

export interface MacroOptions {
  /** `cel.bind(name, value, body)` is one. */
  readonly bindings?: boolean
}

/** The expansion, or undefined when this is an ordinary call. */
export function expandMacro(
  offset: number,
  name: string,
  target: Node | undefined,
  args: readonly Node[],
  { bindings = false }: MacroOptions = {},
): Node | undefined {
  if (!target) return name === 'has' && args.length === 1 ? has(offset, args[0]!) : undefined
  if (bindings && name === 'bind' && args.length === 3 && target.kind === 'ident' && target.name === 'cel') {
    const [variable, value, body] = args
    if (variable!.kind !== 'ident')
      throw new MacroError(variable!.offset, 'cel.bind() variable names must be simple identifiers')
    return bind(offset, variable!.name, value!, body!)
  }
  const macro = Object.hasOwn(receiverMacros, name) ? receiverMacros[name] : undefined
  return macro?.(offset, target, args)
}

function has(offset: number, argument: Node): Node {
  if (argument.kind !== 'select' || argument.test)
    throw new MacroError(argument.offset, 'invalid argument to has() macro')
  return { ...argument, offset, test: true }
}

type ReceiverMacro = (offset: number, target: Node, args: readonly Node[]) => Node | undefined

const accu = (offset: number): Node => ident(offset, accumulator)

const all = (at: number, predicate: Node): Fold => ({
  initial: literal(at, true),
  condition: call(at, '@not_strictly_false', accu(at)),
  step: call(at, '_&&_', accu(at), predicate),
  result: accu(at),
})
const exists = (at: number, predicate: Node): Fold => ({
  initial: literal(at, false),
  condition: call(at, '@not_strictly_false', call(at, '!_', accu(at))),
  step: call(at, '_||_', accu(at), predicate),
  result: accu(at),
})
const existsOne = (at: number, predicate: Node): Fold => ({
  initial: literal(at, 0n),
  condition: literal(at, true),
  step: call(at, '_?_:_', predicate, call(at, '_+_', accu(at), literal(at, 1n)), accu(at)),
  result: call(at, '_==_', accu(at), literal(at, 1n)),
})
const collect = (at: number, filter: Node | undefined, initial: Node, added: Node): Fold => ({
  initial,
  condition: literal(at, true),
  step: filter ? call(at, '_?_:_', filter, added, accu(at)) : added,
  result: accu(at),
})
const append = (at: number, filter: Node | undefined, item: Node): Fold =>
  collect(at, filter, list(at), call(at, '_+_', accu(at), list(at, item)))

/** Over two variables, with three arguments. */
const quantifier2 =
  (fold: (at: number, predicate: Node) => Fold): ReceiverMacro =>
  (offset, target, args) =>
    args.length === 3 ? comprehension(offset, target, [args[0]!, args[1]!], fold(offset, args[2]!)) : undefined

/** With two arguments over one variable, with three over two. */
const quantifier =
  (fold: (at: number, predicate: Node) => Fold): ReceiverMacro =>
  (offset, target, args) => {
    if (args.length !== 2) return quantifier2(fold)(offset, target, args)
    simpleName(args[0]!, 'argument must be a simple name')
    return comprehension(offset, target, [args[0]!], fold(offset, args[1]!))
  }

const receiverMacros: Readonly<Record<string, ReceiverMacro>> = {
  all: quantifier(all),
  exists: quantifier(exists),
  exists_one: quantifier(existsOne),
  existsOne: quantifier2(existsOne),
  map(offset, target, args) {
    if (args.length !== 2 && args.length !== 3) return undefined
    const filter = args.length === 3 ? args[1] : undefined
    return comprehension(offset, target, [args[0]!], append(offset, filter, args.at(-1)!))
  },
  filter(offset, target, args) {
    if (args.length !== 2) return undefined
    const variable = simpleName(args[0]!, 'argument is not an identifier')
    return comprehension(offset, target, [args[0]!], append(offset, args[1], ident(args[0]!.offset, variable)))
  },
  transformList(offset, target, args) {
    if (args.length !== 3 && args.length !== 4) return undefined
    const filter = args.length === 4 ? args[2] : undefined
    return comprehension(offset, target, [args[0]!, args[1]!], append(offset, filter, args.at(-1)!))
  },
  transformMap(offset, target, args) {
    if (args.length !== 3 && args.length !== 4) return undefined
    const filter = args.length === 4 ? args[2] : undefined
    const key = ident(args[0]!.offset, simpleName(args[0]!, 'argument must be a simple name'))
    const added = call(offset, 'cel.@mapInsert', accu(offset), key, args.at(-1)!)
    return comprehension(offset, target, [args[0]!, args[1]!], collect(offset, filter, emptyMap(offset), added))
  },
  transformMapEntry(offset, target, args) {
    if (args.length !== 3 && args.length !== 4) return undefined
    const filter = args.length === 4 ? args[2] : undefined
    const added = call(offset, 'cel.@mapInsert', accu(offset), args.at(-1)!)
    return comprehension(offset, target, [args[0]!, args[1]!], collect(offset, filter, emptyMap(offset), added))
  },
  optMap(offset, target, args) {
    if (args.length !== 2) return undefined
    const name = simpleName(args[0]!, 'optMap() variable name must be a simple identifier')
    const mapped = bind(offset, name, memberCall(offset, 'value', target), args[1]!)
    return whenPresent(offset, target, call(offset, 'optional.of', mapped))
  },
  optFlatMap(offset, target, args) {
    if (args.length !== 2) return undefined
    const name = simpleName(args[0]!, 'optFlatMap() variable name must be a simple identifier')
    return whenPresent(offset, target, bind(offset, name, memberCall(offset, 'value', target), args[1]!))
  },
  sortBy(offset, target, args) {
    if (args.length !== 2) return undefined
    if (!['list', 'select', 'ident', 'comprehension', 'call'].includes(target.kind)) {
      const message = 'sortBy can only be applied to a list, identifier, comprehension, call or select expression'
      throw new MacroError(target.offset, message)
    }
    const input = '@__sortBy_input__'
    const keys = receiverMacros['map']!(offset, ident(offset, input), args)!
    return bind(offset, input, target, memberCall(offset, '@sortByAssociatedKeys', ident(offset, input), keys))
  },
}

function whenPresent(offset: number, target: Node, present: Node): Node {
  return call(offset, '_?_:_', memberCall(offset, 'hasValue', target), present, call(offset, 'optional.none'))
}

/** A value under a name: a fold over nothing, whose accumulator is the variable. */
function bind(offset: number, name: string, value: Node, body: Node): Node {
  return {
    kind: 'comprehension',
    offset,
    range: list(offset),
    variable: '#unused',
    variable2: undefined,
    accumulator: name,
    initial: value,
    condition: literal(offset, false),
    step: ident(offset, name),
    result: body,
  }
}

function comprehension(offset: number, range: Node, variables: readonly Node[], fold: Fold): Node {
  const message = variables.length === 1 ? 'argument is not an identifier' : 'argument must be a simple name'
  const [variable, variable2] = variables.map(each => simpleName(each, message))
  if (variable === variable2) throw new MacroError(variables[1]!.offset, `duplicate variable name: ${variable}`)
  return { kind: 'comprehension', offset, range, variable: variable!, variable2, accumulator, ...fold }
}

function simpleName(node: Node, message: string): string {
  if (node.kind !== 'ident') throw new MacroError(node.offset, message)
  // The accumulator's name of old, which stays taken.
  if (node.name === '__result__')
    throw new MacroError(node.offset, 'iteration variable overwrites accumulator variable')
  return node.name
}
