import { compareText } from '../../../machinery/go-text.ts'
import { ageCell } from '../../cells.ts'
import type { FlowSchema } from './flowschema.ts'

export function flowSchemaCells(flowSchema: FlowSchema, now: number): unknown[] {
  const { spec, status } = flowSchema
  return [
    flowSchema.metadata.name,
    spec.priorityLevelConfiguration.name,
    spec.matchingPrecedence ?? 0,
    spec.distinguisherMethod?.type ?? '<none>',
    ageCell(flowSchema, now),
    status.conditions?.find(condition => condition.type === 'Dangling')?.status ?? '?',
  ]
}

/** In a Table they stand in the order in which they are tried. */
export function compareFlowSchemas(a: FlowSchema, b: FlowSchema): number {
  const byPrecedence = (a.spec.matchingPrecedence ?? 0) - (b.spec.matchingPrecedence ?? 0)
  return byPrecedence || compareText(a.metadata.name ?? '', b.metadata.name ?? '')
}
