// What keeps pods off a node (taint), and which pods put up with it (toleration).

import { type Infer, int64, object, string, time } from '../../../machinery/schema/schema.ts'

export const Taint = object('io.k8s.api.core.v1.Taint', {
  key: string(1).required(),
  value: string(2),
  effect: string(3).required().enum('NoExecute', 'NoSchedule', 'PreferNoSchedule'),
  timeAdded: time(4).pointer(),
})
export type Taint = Infer<typeof Taint>

export const Toleration = object('io.k8s.api.core.v1.Toleration', {
  key: string(1),
  operator: string(2).enum('Equal', 'Exists', 'Gt', 'Lt'),
  value: string(3),
  effect: string(4).enum('NoExecute', 'NoSchedule', 'PreferNoSchedule'),
  tolerationSeconds: int64(5).pointer(),
})
export type Toleration = Infer<typeof Toleration>
