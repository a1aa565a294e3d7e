import { type Infer, list, map, object, ref, string } from '../../../machinery/schema/schema.ts'
import { column, describedBy, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'

export const LimitRangeItem = object('io.k8s.api.core.v1.LimitRangeItem', {
  type: string(1).required(),
  max: map(2, 'quantity'),
  min: map(3, 'quantity'),
  default: map(4, 'quantity'),
  defaultRequest: map(5, 'quantity'),
  maxLimitRequestRatio: map(6, 'quantity'),
})
export type LimitRangeItem = Infer<typeof LimitRangeItem>

export const LimitRangeSpec = object('io.k8s.api.core.v1.LimitRangeSpec', {
  limits: list(1, LimitRangeItem).required().listType('atomic'),
})
export type LimitRangeSpec = Infer<typeof LimitRangeSpec>

export const LimitRange = object('io.k8s.api.core.v1.LimitRange', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, LimitRangeSpec).always(),
})
export type LimitRange = Infer<typeof LimitRange>

export const LimitRangeList = listKind('io.k8s.api.core.v1.LimitRangeList', LimitRange)
export type LimitRangeList = Infer<typeof LimitRangeList>

export const limitRanges = resource({
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  resource: 'limitranges',
  schema: LimitRange,
  listSchema: LimitRangeList,
  shortNames: ['limits'],
  namespaced: true,
  verbs: allVerbs,
  columns: [nameColumn, column('Created At', 'date', describedBy(ObjectMeta, 'creationTimestamp'))],
})
