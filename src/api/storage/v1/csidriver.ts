import { boolean, type Infer, int64, list, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'

export const TokenRequest = object('io.k8s.api.storage.v1.TokenRequest', {
  audience: string(1).required(),
  expirationSeconds: int64(2).pointer(),
})
export type TokenRequest = Infer<typeof TokenRequest>

export const CSIDriverSpec = object('io.k8s.api.storage.v1.CSIDriverSpec', {
  attachRequired: boolean(1).pointer().serverDefault(true),
  podInfoOnMount: boolean(2).pointer().serverDefault(false),
  volumeLifecycleModes: list(3, 'string').serverDefault(['Persistent']).listType('set'),
  storageCapacity: boolean(4).pointer().serverDefault(false),
  fsGroupPolicy: string(5).pointer().serverDefault('ReadWriteOnceWithFSType'),
  tokenRequests: list(6, TokenRequest).listType('atomic'),
  requiresRepublish: boolean(7).pointer().serverDefault(false),
  seLinuxMount: boolean(8).pointer().serverDefault(false),
  nodeAllocatableUpdatePeriodSeconds: int64(9).pointer(),
  serviceAccountTokenInSecrets: boolean(10).pointer(),
  preventPodSchedulingIfMissing: boolean(11).pointer(),
})
export type CSIDriverSpec = Infer<typeof CSIDriverSpec>

export const CSIDriver = object('io.k8s.api.storage.v1.CSIDriver', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, CSIDriverSpec).required(),
})
export type CSIDriver = Infer<typeof CSIDriver>

export const CSIDriverList = listKind('io.k8s.api.storage.v1.CSIDriverList', CSIDriver)
export type CSIDriverList = Infer<typeof CSIDriverList>

export const csiDrivers = resource({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  resource: 'csidrivers',
  schema: CSIDriver,
  listSchema: CSIDriverList,
  namespaced: false,
  verbs: allVerbs,
  returnsDeletedObject: true,
  columns: [
    nameColumn,
    column('AttachRequired', 'boolean', describedBy(CSIDriverSpec, 'attachRequired')),
    column('PodInfoOnMount', 'boolean', describedBy(CSIDriverSpec, 'podInfoOnMount')),
    column('StorageCapacity', 'boolean', describedBy(CSIDriverSpec, 'storageCapacity')),
    column('TokenRequests', 'string', describedBy(CSIDriverSpec, 'tokenRequests')),
    column('RequiresRepublish', 'boolean', describedBy(CSIDriverSpec, 'requiresRepublish')),
    column('Modes', 'string', describedBy(CSIDriverSpec, 'volumeLifecycleModes')),
    ageColumn,
  ],
})
