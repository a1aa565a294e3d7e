// The difference of two values as upstream shows it in "may not change" errors (apimachinery util/diff): a unified diff
// of their indented JSON, three lines of context, no file names.

import { jsonText } from './json/write.ts'

const context = 3
/** Beyond this many lines the middle is shown as replaced as a whole. */
const mostLines = 2000

export function diffOf(before: unknown, after: unknown): string {
  return unifiedDiff(linesOf(before), linesOf(after))
}

const linesOf = (value: unknown): string[] => jsonText(value, 1).split('\n')

interface Edit {
  readonly kind: ' ' | '-' | '+'
  readonly line: string
  readonly from: number
  readonly to: number
}

function unifiedDiff(before: readonly string[], after: readonly string[]): string {
  const edits = editsOf(before, after)
  let out = ''
  let index = 0
  while (index < edits.length) {
    if (edits[index]!.kind === ' ') {
      index++
      continue
    }
    const start = Math.max(0, index - context)
    let end = index
    let quiet = 0
    for (let next = index; next < edits.length && quiet <= 2 * context; next++) {
      if (edits[next]!.kind === ' ') quiet++
      else {
        quiet = 0
        end = next
      }
    }
    const hunk = edits.slice(start, Math.min(edits.length, end + 1 + context))
    const count = (kind: string): number => hunk.filter(edit => edit.kind !== kind).length
    out += `@@ -${range(hunk[0]!.from, count('+'))} +${range(hunk[0]!.to, count('-'))} @@\n`
    for (const { kind, line } of hunk) out += `${kind}${line}\n`
    index = start + hunk.length
  }
  return out
}

const range = (start: number, length: number): string =>
  length === 1 ? String(start + 1) : `${length === 0 ? start : start + 1},${length}`

/** A shortest edit by the longest common subsequence of what lies between the common ends. */
function editsOf(before: readonly string[], after: readonly string[]): Edit[] {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head++
  let tail = 0
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  )
    tail++
  const edits: Edit[] = []
  let [from, to] = [0, 0]
  const keep = (): void => {
    edits.push({ kind: ' ', line: before[from]!, from: from++, to: to++ })
  }
  const remove = (): void => {
    edits.push({ kind: '-', line: before[from]!, from: from++, to })
  }
  const add = (): void => {
    edits.push({ kind: '+', line: after[to]!, from, to: to++ })
  }
  while (from < head) keep()
  const [rows, columns] = [before.length - tail, after.length - tail]
  if (rows - head > 0 && columns - head > 0 && (rows - head) * (columns - head) <= mostLines * mostLines) {
    const width = columns - head + 1
    const lengths = new Uint32Array((rows - head + 1) * width)
    for (let row = rows - 1; row >= head; row--)
      for (let column = columns - 1; column >= head; column--) {
        const at = (row - head) * width + column - head
        lengths[at] =
          before[row] === after[column]
            ? lengths[at + width + 1]! + 1
            : Math.max(lengths[at + width]!, lengths[at + 1]!)
      }
    while (from < rows && to < columns) {
      const at = (from - head) * width + to - head
      if (before[from] === after[to]) keep()
      else if (lengths[at + width]! >= lengths[at + 1]!) remove()
      else add()
    }
  }
  while (from < rows) remove()
  while (to < columns) add()
  while (from < before.length) keep()
  return edits
}
