// The common form of a status condition.

import { type Infer, int64, object, string, time } from '../../../machinery/schema/schema.ts'

export const Condition = object('io.k8s.apimachinery.pkg.apis.meta.v1.Condition', {
  type: string(1).required(),
  status: string(2).required(),
  observedGeneration: int64(3),
  lastTransitionTime: time(4).required(),
  reason: string(5).required(),
  message: string(6).required(),
})
export type Condition = Infer<typeof Condition>
