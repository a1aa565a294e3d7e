import { type Infer, object, ref, string } from '../../../machinery/schema/schema.ts'
import { LabelSelector } from '../../meta/v1/labelselector.ts'

export const ParamKind = object(
  'io.k8s.api.admissionregistration.v1.ParamKind',
  {
    apiVersion: string(1),
    kind: string(2),
  },
  { atomic: true },
)
export type ParamKind = Infer<typeof ParamKind>

export const ParamRef = object(
  'io.k8s.api.admissionregistration.v1.ParamRef',
  {
    name: string(1),
    namespace: string(2),
    selector: ref(3, LabelSelector),
    parameterNotFoundAction: string(4).pointer(),
  },
  { atomic: true },
)
export type ParamRef = Infer<typeof ParamRef>

export const Variable = object(
  'io.k8s.api.admissionregistration.v1.Variable',
  {
    name: string(1).required().protobufName('Name'),
    expression: string(2).required().protobufName('Expression'),
  },
  { atomic: true },
)
export type Variable = Infer<typeof Variable>
