import { boolean, type Infer, list, object, ref } from '../../../machinery/schema/schema.ts'
import { ageColumn, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'
import { LocalObjectReference, ObjectReference } from './reference.ts'

export const ServiceAccount = object('io.k8s.api.core.v1.ServiceAccount', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  secrets: list(2, ObjectReference).listType('map', 'name').patchStrategy('merge').mergeKey('name'),
  imagePullSecrets: list(3, LocalObjectReference).listType('atomic'),
  automountServiceAccountToken: boolean(4).pointer(),
})
export type ServiceAccount = Infer<typeof ServiceAccount>

export const ServiceAccountList = listKind('io.k8s.api.core.v1.ServiceAccountList', ServiceAccount)
export type ServiceAccountList = Infer<typeof ServiceAccountList>

export const serviceAccounts = resource({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  resource: 'serviceaccounts',
  schema: ServiceAccount,
  listSchema: ServiceAccountList,
  shortNames: ['sa'],
  namespaced: true,
  verbs: allVerbs,
  returnsDeletedObject: true,
  subresources: [
    { name: 'token', kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }, verbs: ['create'] },
  ],
  columns: [nameColumn, ageColumn],
})
