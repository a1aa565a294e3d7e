import { type Infer, object, string } from '../../../machinery/schema/schema.ts'

export const GroupVersionKind = object('io.k8s.apimachinery.pkg.apis.meta.v1.GroupVersionKind', {
  group: string(1).always(),
  version: string(2).always(),
  kind: string(3).always(),
})
export type GroupVersionKind = Infer<typeof GroupVersionKind>

export const GroupVersionResource = object('io.k8s.apimachinery.pkg.apis.meta.v1.GroupVersionResource', {
  group: string(1).always(),
  version: string(2).always(),
  resource: string(3).always(),
})
export type GroupVersionResource = Infer<typeof GroupVersionResource>
