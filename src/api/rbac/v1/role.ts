import { type Infer, list, object, ref } from '../../../machinery/schema/schema.ts'
import { column, describedBy, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'

export const PolicyRule = object('io.k8s.api.rbac.v1.PolicyRule', {
  verbs: list(1, 'string').required().listType('atomic'),
  apiGroups: list(2, 'string').listType('atomic'),
  resources: list(3, 'string').listType('atomic'),
  resourceNames: list(4, 'string').listType('atomic'),
  nonResourceURLs: list(5, 'string').listType('atomic'),
})
export type PolicyRule = Infer<typeof PolicyRule>

export const Role = object('io.k8s.api.rbac.v1.Role', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  rules: list(2, PolicyRule).always().listType('atomic'),
})
export type Role = Infer<typeof Role>

export const RoleList = listKind('io.k8s.api.rbac.v1.RoleList', Role)
export type RoleList = Infer<typeof RoleList>

export const roles = resource({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'Role',
  resource: 'roles',
  schema: Role,
  listSchema: RoleList,
  namespaced: true,
  verbs: allVerbs,
  columns: [nameColumn, column('Created At', 'date', describedBy(ObjectMeta, 'creationTimestamp'))],
})
