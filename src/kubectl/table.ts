// Tables for people: columns as wide as their widest cell, three spaces between them.

import { jsonText } from '../machinery/json/write.ts'

export interface TableColumn {
  readonly name: string
  readonly priority?: number
}

export interface TableRow {
  readonly cells: readonly unknown[]
  readonly object?: { readonly metadata?: { namespace?: string; name?: string; labels?: Record<string, string> } }
}

/** What the API server answers for `as=Table`. */
export interface Table {
  readonly columnDefinitions?: readonly TableColumn[]
  readonly rows?: readonly TableRow[]
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string }
}

export interface TableOptions {
  readonly wide?: boolean
  readonly noHeaders?: boolean
  readonly withNamespace?: boolean
  readonly showLabels?: boolean
  /** Goes before each name, as in `pod/web-0`. */
  readonly kind?: string
}

const padding = 3
const leastWidth = 6

export function renderTable({ rows = [], columnDefinitions = [] }: Table, options: TableOptions): string {
  const shown = columnDefinitions.flatMap(({ priority = 0 }, index) => (priority === 0 || options.wide ? [index] : []))
  const header = shown.map(index => columnDefinitions[index]!.name.toUpperCase())
  const lines = rows.map(({ cells, object }) => {
    const texts = shown.map(index => {
      const text = cellText(cells[index])
      return options.kind && columnDefinitions[index]!.name === 'Name' ? `${options.kind}/${text}` : text
    })
    if (options.withNamespace) texts.unshift(object?.metadata?.namespace ?? '')
    if (options.showLabels) texts.push(labelsText(object?.metadata?.labels))
    return texts
  })
  if (options.withNamespace) header.unshift('NAMESPACE')
  if (options.showLabels) header.push('LABELS')
  return renderLines(options.noHeaders ? lines : [header, ...lines])
}

export function renderLines(lines: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const line of lines)
    for (const [index, text] of line.entries())
      widths[index] = Math.max(widths[index] ?? leastWidth, [...text].length + padding)
  return lines
    .map(line => {
      const cells = line.map((text, index) =>
        index === line.length - 1 ? text : text + ' '.repeat(widths[index]! - [...text].length),
      )
      return `${cells.join('')}\n`
    })
    .join('')
}

/** One line of it: what follows would break the table. */
function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return ''
  const text = typeof cell === 'string' ? cell : jsonText(cell)
  const end = text.search(/[\n\r\f]/)
  return end < 0 ? text : `${text.slice(0, end)}...`
}

export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const texts = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return texts.length > 0 ? texts.sort().join(',') : '<none>'
}
