// The Table of a custom resource: its name, then the columns that its definition asks for.

import type { CustomResourceColumnDefinition } from '../../api/apiextensions/v1/customresourcedefinition.ts'
import { sinceCell } from '../../api/cells.ts'
import { describedBy, nameColumn, column as tableColumn } from '../../api/column.ts'
import type { TablePrinter } from '../../api/columns.ts'
import { ObjectMeta } from '../../api/meta/v1/objectmeta.ts'
import type { TableColumn } from '../../api/resource.ts'
import { type JsonPath, jsonPathText, parseJsonPath } from '../../machinery/json-path.ts'
import { inKeyOrder } from '../../machinery/structural/json-text.ts'
import { parseTime } from '../../machinery/time.ts'

type Column = Pick<CustomResourceColumnDefinition, 'name' | 'type' | 'jsonPath'> &
  Partial<CustomResourceColumnDefinition>

const age: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }
const ageColumn = tableColumn('Age', 'date', describedBy(ObjectMeta, 'creationTimestamp'))

export function customPrinter(columns: readonly Column[] | undefined): TablePrinter {
  const wanted: readonly Column[] = columns && columns.length > 0 ? columns : [age]
  const definitions: TableColumn[] = [nameColumn]
  const cells: ((object: unknown, now: number) => unknown)[] = []
  for (const column of wanted) {
    let path: JsonPath
    try {
      path = parseJsonPath(column.jsonPath)
    } catch {
      // Upstream prints what came before a path that it can't read.
      break
    }
    definitions.push(column === age ? ageColumn : definitionOf(column))
    cells.push((object, now) => {
      const found = path(object)
      return found.length === 0 ? null : cell(column.type, found[0], now)
    })
  }
  return {
    columns: definitions,
    prints: 'served',
    cells: (object, now) => [object.metadata.name, ...cells.map(print => print(object, now))],
  }
}

function definitionOf({ name, type, jsonPath, format = '', description, priority = 0 }: Column): TableColumn {
  const text = description || `Custom resource definition column (in JSONPath format): ${jsonPath}`
  return { name, type, format, description: text, priority }
}

function cell(type: string, value: unknown, now: number): unknown {
  if (type === 'string') return jsonPathText(inKeyOrder(value))
  switch (type) {
    case 'integer':
      if (typeof value === 'bigint') return value
      return typeof value === 'number' ? Math.trunc(value) : null
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date':
      return typeof value === 'string' ? dateCell(value, now) : null
    default:
      return null
  }
}

function dateCell(text: string, now: number): string {
  if (text === '' || text === 'null') return '<unknown>'
  try {
    parseTime(text)
  } catch {
    return '<invalid>'
  }
  return sinceCell(text, now)
}
