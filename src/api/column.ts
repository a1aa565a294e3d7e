// How a kind says what columns it prints. Most columns are described by the field that they show; such a description is
// looked up when a Table is written, so that no sentence stands in two places.

import type { ObjectSchema } from '../machinery/schema/schema.ts'
import { fieldDescription } from './descriptions.ts'
import { ObjectMeta } from './meta/v1/objectmeta.ts'
import type { TableColumn } from './resource.ts'

interface DescribedBy {
  readonly definition: string
  readonly field: string
}

/** The column has the description of this field. */
export function describedBy<Value>(
  schema: ObjectSchema & { __value?: Value },
  field: keyof Value & string,
): DescribedBy {
  return { definition: schema.name, field }
}

export function column(
  name: string,
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date',
  description: string | DescribedBy,
  options: { readonly format?: string; readonly priority?: number } = {},
): TableColumn {
  const { format = '', priority = 0 } = options
  if (typeof description === 'string') return { name, type, format, description, priority }
  const { definition, field } = description
  return {
    name,
    type,
    format,
    get description() {
      return fieldDescription(definition, field)
    },
    priority,
  }
}

export const nameColumn = column('Name', 'string', describedBy(ObjectMeta, 'name'), { format: 'name' })
export const ageColumn = column('Age', 'string', describedBy(ObjectMeta, 'creationTimestamp'))
