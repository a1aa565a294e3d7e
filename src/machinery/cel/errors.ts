// What can go wrong with an expression, in cel-go's words.

/** One thing wrong with an expression's text, at a character offset in it; below zero when it is nowhere. */
export interface CelIssue {
  readonly offset: number
  readonly message: string
}

/** The expression does not parse, or does not type-check. The message has every issue, each with its line and a caret. */
export class CelCompileError extends Error {
  readonly issues: readonly CelIssue[]

  constructor(expression: string, issues: readonly CelIssue[]) {
    super(issues.map(issue => formatIssue(expression, issue)).join('\n'))
    this.name = 'CelCompileError'
    this.issues = issues
  }
}

/** The expression compiled but is of a type that its place does not allow: `must evaluate to bool but got int`. */
export class CelTypeError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CelTypeError'
  }
}

/** Evaluation came to an error: `no such key: x`. */
export class CelRuntimeError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CelRuntimeError'
  }
}

/** Evaluation was stopped: the call's own limit (`call`), or what the caller had left for it (`budget`). */
export class CelCostExceeded extends Error {
  readonly limit: 'call' | 'budget'

  constructor(limit: 'call' | 'budget') {
    super(
      limit === 'call'
        ? 'operation cancelled: actual cost limit exceeded'
        : 'validation failed due to running out of cost budget, no further validation rules will be run',
    )
    this.name = 'CelCostExceeded'
    this.limit = limit
  }
}

function formatIssue(expression: string, issue: CelIssue): string {
  if (issue.offset < 0) return `ERROR: <input>:-1:0: ${issue.message}`
  if (expression === '') return `ERROR: <input>:1:0: ${issue.message}`
  const before = expression.slice(0, issue.offset)
  const line = before.split('\n').length
  const lineStart = before.lastIndexOf('\n') + 1
  const column = [...expression.slice(lineStart, issue.offset)].length
  const lineEnd = expression.indexOf('\n', issue.offset)
  const text = expression.slice(lineStart, lineEnd < 0 ? undefined : lineEnd).replaceAll('\t', ' ')
  // Under characters that may be wide stand wide marks.
  const characters = [...text]
  const isWide = (index: number): boolean => (characters[index] ?? '').codePointAt(0)! > 0x7f
  const dots = Array.from({ length: column }, (_, index) => (isWide(index) ? '．' : '.')).join('')
  return `ERROR: <input>:${line}:${column + 1}: ${issue.message}\n | ${text}\n | ${dots}${isWide(column) ? '＾' : '^'}`
}
