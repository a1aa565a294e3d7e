// The scale subresource: replicas of whatever has some.

import { type Infer, int32, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy } from '../../column.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { resource } from '../../resource.ts'

export const ScaleSpec = object('io.k8s.api.autoscaling.v1.ScaleSpec', {
  replicas: int32(1).default(0),
})
export type ScaleSpec = Infer<typeof ScaleSpec>

export const ScaleStatus = object('io.k8s.api.autoscaling.v1.ScaleStatus', {
  replicas: int32(1).required(),
  selector: string(2),
})
export type ScaleStatus = Infer<typeof ScaleStatus>

export const Scale = object('io.k8s.api.autoscaling.v1.Scale', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, ScaleSpec).always(),
  status: ref(3, ScaleStatus).always(),
})
export type Scale = Infer<typeof Scale>

/** No path of its own leads to it: it is what the scale of a workload is shown as. */
export const scales = resource<Scale>({
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  resource: 'scales',
  namespaced: true,
  verbs: ['get', 'patch', 'update'],
  schema: Scale,
  columns: [
    // Unlike other names it has no format.
    column('Name', 'string', describedBy(ObjectMeta, 'name')),
    column('Desired', 'integer', describedBy(ScaleSpec, 'replicas')),
    column('Available', 'integer', describedBy(ScaleStatus, 'replicas')),
    ageColumn,
  ],
})
