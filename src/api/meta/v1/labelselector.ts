import { type Infer, list, map, object, string } from '../../../machinery/schema/schema.ts'

export const FieldSelectorRequirement = object('io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement', {
  key: string(1).required(),
  operator: string(2).required(),
  values: list(3, 'string').listType('atomic'),
})
export type FieldSelectorRequirement = Infer<typeof FieldSelectorRequirement>

export const LabelSelectorRequirement = object('io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement', {
  key: string(1).required(),
  operator: string(2).required(),
  values: list(3, 'string').listType('atomic'),
})
export type LabelSelectorRequirement = Infer<typeof LabelSelectorRequirement>

export const LabelSelector = object(
  'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector',
  {
    matchLabels: map(1, 'string'),
    matchExpressions: list(2, LabelSelectorRequirement).listType('atomic'),
  },
  { atomic: true },
)
export type LabelSelector = Infer<typeof LabelSelector>
