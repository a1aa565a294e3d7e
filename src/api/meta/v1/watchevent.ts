// One line of a watch.

import { any, type Infer, object, string } from '../../../machinery/schema/schema.ts'

export const WatchEvent = object('io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent', {
  type: string(1).required(),
  object: any(2, 'io.k8s.apimachinery.pkg.runtime.RawExtension').required(),
})
export type WatchEvent = Infer<typeof WatchEvent>
