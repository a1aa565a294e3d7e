// What upstream's parser expects where, which its complaints tell.

import type { Token } from './lexer.ts'

const expressionStarts =
  "'[' '{' '(' '.' '-' '!' 'true' 'false' 'null' NUM_FLOAT NUM_INT NUM_UINT STRING BYTES IDENTIFIER".split(' ')
/** What may stand where an expression starts, in upstream's order; and what else may. */
export const startOf = (also = '', at = 0): string => {
  const others = also === '' ? [] : [also]
  return `{${[...expressionStarts.slice(0, at), ...others, ...expressionStarts.slice(at)].join(', ')}}`
}
export const expressionStart = startOf()

export function startsExpression({ kind, text }: Token): boolean {
  if (kind === 'symbol') return '[{(.-!'.includes(text)
  return kind !== 'end' && !(kind === 'identifier' && text === 'in')
}

/** Whether only one of the brackets in them is open. */
export function oneIsOpen(tokens: readonly Token[]): boolean {
  let open = 0
  for (const { kind, text } of tokens) {
    if (kind !== 'symbol') continue
    if ('([{'.includes(text)) open++
    else if (')]}'.includes(text)) open--
  }
  return open === 1
}
