// What is wrong with literals, which an expression could not but fail for: texts that are no durations, times or regular
// expressions, lists and maps of several types, and formats that do not fit what they are to format.

import { type CallNode, type Node, walk } from './ast.ts'
import type { CelIssue } from './errors.ts'
import { compileRegex } from './functions/regex.ts'
import { clauseMistakes, formatClauses } from './functions/string-format.ts'
import { parseCelDuration, parseTimestamp } from './times.ts'
import { type CelType, formatType, sameType, typeName } from './types.ts'

/** Of an expression that was checked. */
export function literalIssues(root: Node): CelIssue[] {
  const issues: CelIssue[] = []
  const formatted = new Set<Node>()
  for (const node of walk(root)) {
    if (node.kind === 'call') {
      // What is formatted may be of any types, however deep it stands.
      if (node.fn === 'format' && !formatted.has(node)) for (const part of walk(node)) formatted.add(part)
      issues.push(...textIssues(node), ...formatIssues(node))
    } else if (!formatted.has(node)) issues.push(...mixedIssues(node))
  }
  return issues
}

function textIssues(node: CallNode): CelIssue[] {
  const checked = checkedText(node)
  if (checked?.argument?.kind !== 'literal' || typeof checked.argument.value !== 'string') return []
  try {
    checked.read(checked.argument.value)
    return []
  } catch {
    return [{ offset: checked.argument.offset, message: `invalid ${checked.name} argument` }]
  }
}

function checkedText(
  node: CallNode,
): { name: string; argument: Node | undefined; read: (text: string) => unknown } | undefined {
  if (node.fn === 'duration') return { name: 'duration', argument: node.args[0], read: parseCelDuration }
  if (node.fn === 'timestamp') return { name: 'timestamp', argument: node.args[0], read: parseTimestamp }
  if (node.fn === 'matches') return { name: 'matches', argument: node.args.at(-1), read: compileRegex }
  return undefined
}

function mixedIssues(node: Node): CelIssue[] {
  const typeOf = (part: Node, optional: boolean): CelType => {
    const type = part.type!
    return optional && typeof type === 'object' && 'optional' in type ? type.optional : type
  }
  const mismatch = (part: Node, expected: CelType, found: CelType): CelIssue => ({
    offset: part.offset,
    message: `expected type '${formatType(expected)}' but found '${formatType(found)}'`,
  })
  if (node.kind === 'list') {
    const types = node.elements.map((element, index) => typeOf(element, node.optional.has(index)))
    const wrong = types.findIndex(type => !sameType(types[0]!, type))
    return wrong < 0 ? [] : [mismatch(node.elements[wrong]!, types[0]!, types[wrong]!)]
  }
  if (node.kind !== 'map' || node.entries.length === 0) return []
  const issues: CelIssue[] = []
  const [first, ...others] = node.entries
  const [keyType, valueType] = [first!.key.type!, typeOf(first!.value, first!.optional)]
  for (const { key, value, optional } of others) {
    if (!sameType(keyType, key.type!)) issues.push(mismatch(key, keyType, key.type!))
    const type = typeOf(value, optional)
    if (!sameType(valueType, type)) issues.push(mismatch(value, valueType, type))
  }
  return issues
}

/** Of a format and a list that both stand there as literals. */
function formatIssues(node: CallNode): CelIssue[] {
  const { target, args } = node
  const [list] = args
  if (node.fn !== 'format' || target?.kind !== 'literal' || typeof target.value !== 'string') return []
  if (args.length !== 1 || list?.kind !== 'list') return []
  let wrong: Node | undefined
  let asked = 0
  try {
    formatClauses(target.value, list.elements.length, (verb, _precision, index) => {
      asked++
      const { types, mistake } = clauseMistakes(verb)
      wrong = unformattable(list.elements[index]!, types, verb === 's')
      if (wrong) throw new Error(`error during formatting: ${mistake}, was given ${typeName(wrong.type!)}`)
      return ''
    })
  } catch (error) {
    return [{ offset: (wrong ?? node).offset, message: (error as Error).message }]
  }
  const given = list.elements.length
  if (given <= asked) return []
  const message = `too many arguments supplied to string.format (expected ${asked}, got ${given})`
  return [{ offset: node.offset, message }]
}

/** The part of an argument that is of none of the types. */
function unformattable(node: Node, types: ReadonlySet<string>, deep: boolean): Node | undefined {
  const type = node.type!
  if (type !== 'dyn' && !types.has(typeName(type))) return node
  const parts =
    node.kind === 'list' ? node.elements : node.kind === 'map' ? node.entries.flatMap(e => [e.key, e.value]) : []
  for (const part of deep ? parts : []) {
    const wrong = unformattable(part, types, deep)
    if (wrong) return wrong
  }
  return undefined
}
