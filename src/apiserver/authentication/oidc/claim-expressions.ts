// The CEL expressions of an AuthenticationConfiguration: over `claims`, what the token says, and over `user`, whom that
// makes of its holder. Loaded only when there are any.

import { type Node, walk } from '../../../machinery/cel/ast.ts'
import { CelCompileError, type CelProgram, celEnvironment, declaredType, fromJson } from '../../../machinery/cel/cel.ts'
import { JsonList, JsonMap } from '../../../machinery/cel/json-values.ts'
import { parse } from '../../../machinery/cel/parser.ts'
import { ListValue, type Value } from '../../../machinery/cel/values.ts'
import type { UserInfo } from '../../user.ts'

type Json = Readonly<Record<string, unknown>>

const claimsEnvironment = celEnvironment({ variables: { claims: { map: ['string', 'any'] } } })

const userType = declaredType('kubernetes.UserInfo', {
  username: 'string',
  uid: 'string',
  groups: { list: 'string' },
  extra: { map: ['string', { list: 'string' }] },
})
const userEnvironment = celEnvironment({ variables: { user: userType } })

/** The program, or what is wrong with the expression. */
export function compileExpression(
  over: 'claims' | 'user',
  expression: string,
  returns: 'bool' | 'any',
): CelProgram | string {
  try {
    const program = (over === 'claims' ? claimsEnvironment : userEnvironment).compile(expression)
    return returns === 'bool' && program.type !== 'bool' ? 'must evaluate to bool' : program
  } catch (error) {
    if (error instanceof CelCompileError) return `compilation failed: ${error.message}`
    throw error
  }
}

/** Whether the expression selects this claim by name: `claims.email`, `claims.?email`, `has(claims.email)`. */
export function selectsClaim(expression: string, claim: string): boolean {
  const isClaims = (node: Node | undefined) => node?.kind === 'ident' && node.name === 'claims'
  return [...walk(parse(expression))].some(
    node => node.kind === 'select' && isClaims(node.operand) && node.field === claim,
  )
}

export const evaluateOverClaims = (program: CelProgram, claims: Json): Value =>
  evaluate(program, { claims: new EscapedMap(claims) })

export const evaluateOverUser = (program: CelProgram, { name, uid, groups, extra }: UserInfo): Value =>
  evaluate(program, {
    user: { username: name, uid: uid ?? '', groups, extra: new EscapedMap(extra ?? {}) },
  })

function evaluate(program: CelProgram, variables: Json): Value {
  try {
    return program.evaluateValue(variables)
  } catch (error) {
    throw new Error(`expression '${program.expression}' resulted in error: ${(error as Error).message}`)
  }
}

/** Text, or a list of texts, as a list without the empty ones. Throws for anything else. */
export function textsOf(value: Value): string[] {
  const texts = value === null ? [] : value instanceof ListValue ? [...value] : [value]
  for (const text of texts)
    if (typeof text !== 'string') throw new Error('expression must return a string or a list of strings')
  return (texts as string[]).filter(text => text !== '')
}

// Claims are whatever JSON the issuer likes. Upstream reads it as Go does: every number is a double; and lets a name
// that is none in CEL be written with escapes: `claims.kubernetes__dot__io`.

class EscapedMap extends JsonMap {
  constructor(json: Json) {
    super(json, 'dyn')
  }

  override find(key: Value): Value | undefined {
    if (typeof key !== 'string') return undefined
    const name = key.includes('__') ? (unescaped(key) ?? key) : key
    return Object.hasOwn(this.json, name) ? claimValue(this.json[name]) : undefined
  }
}

class EscapedList extends JsonList {
  constructor(json: readonly unknown[]) {
    super(json, { list: 'dyn' })
  }

  override at(index: number): Value {
    return claimValue(this.json[index])
  }
}

function claimValue(json: unknown): Value {
  if (Array.isArray(json)) return new EscapedList(json)
  if (typeof json === 'object' && json !== null) return new EscapedMap(json as Json)
  return fromJson(json, typeof json === 'number' ? 'double' : 'dyn')
}

const escapes: Readonly<Record<string, string>> = { underscores: '__', dot: '.', dash: '-', slash: '/' }

/** The name behind an escaped one; undefined when it is not escaped properly. */
function unescaped(name: string): string | undefined {
  const [, keyword] = /^__([a-z]+)__$/.exec(name) ?? []
  if (keyword !== undefined && !(keyword in escapes)) return keyword
  let proper = true
  const plain = name.replace(/__(?:(underscores|dot|dash|slash)__)?/g, (_found, escaped?: string) => {
    if (escaped === undefined) proper = false
    return escaped === undefined ? '' : escapes[escaped]!
  })
  return proper ? plain : undefined
}
