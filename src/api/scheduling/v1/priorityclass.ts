import { boolean, type Infer, int32, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'

export const PriorityClass = object('io.k8s.api.scheduling.v1.PriorityClass', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  value: int32(2).always(),
  globalDefault: boolean(3),
  description: string(4),
  preemptionPolicy: string(5).pointer().serverDefault('PreemptLowerPriority').enum('Never', 'PreemptLowerPriority'),
})
export type PriorityClass = Infer<typeof PriorityClass>

export const PriorityClassList = listKind('io.k8s.api.scheduling.v1.PriorityClassList', PriorityClass)
export type PriorityClassList = Infer<typeof PriorityClassList>

export const priorityClasses = resource({
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  resource: 'priorityclasses',
  schema: PriorityClass,
  listSchema: PriorityClassList,
  shortNames: ['pc'],
  namespaced: false,
  verbs: allVerbs,
  columns: [
    nameColumn,
    column('Value', 'integer', describedBy(PriorityClass, 'value')),
    column('Global-Default', 'boolean', describedBy(PriorityClass, 'globalDefault')),
    ageColumn,
    column('PreemptionPolicy', 'string', describedBy(PriorityClass, 'preemptionPolicy')),
  ],
})
