import { type Infer, int32, microTime, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'

export const LeaseSpec = object('io.k8s.api.coordination.v1.LeaseSpec', {
  holderIdentity: string(1).pointer(),
  leaseDurationSeconds: int32(2).pointer(),
  acquireTime: microTime(3).pointer(),
  renewTime: microTime(4).pointer(),
  leaseTransitions: int32(5).pointer(),
  strategy: string(6).pointer(),
  preferredHolder: string(7).pointer(),
})
export type LeaseSpec = Infer<typeof LeaseSpec>

export const Lease = object('io.k8s.api.coordination.v1.Lease', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, LeaseSpec).always(),
})
export type Lease = Infer<typeof Lease>

export const LeaseList = listKind('io.k8s.api.coordination.v1.LeaseList', Lease)
export type LeaseList = Infer<typeof LeaseList>

export const leases = resource({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  resource: 'leases',
  schema: Lease,
  listSchema: LeaseList,
  namespaced: true,
  verbs: allVerbs,
  columns: [nameColumn, column('Holder', 'string', describedBy(LeaseSpec, 'holderIdentity')), ageColumn],
})
