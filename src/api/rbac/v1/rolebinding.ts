import { type Infer, list, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'

export const Subject = object(
  'io.k8s.api.rbac.v1.Subject',
  {
    kind: string(1).required(),
    apiGroup: string(2),
    name: string(3).required(),
    namespace: string(4),
  },
  { atomic: true },
)
export type Subject = Infer<typeof Subject>

export const RoleRef = object(
  'io.k8s.api.rbac.v1.RoleRef',
  {
    apiGroup: string(1).always().serverDefault('rbac.authorization.k8s.io'),
    kind: string(2).required(),
    name: string(3).required(),
  },
  { atomic: true },
)
export type RoleRef = Infer<typeof RoleRef>

export const RoleBinding = object('io.k8s.api.rbac.v1.RoleBinding', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  subjects: list(2, Subject).listType('atomic'),
  roleRef: ref(3, RoleRef).required(),
})
export type RoleBinding = Infer<typeof RoleBinding>

export const RoleBindingList = listKind('io.k8s.api.rbac.v1.RoleBindingList', RoleBinding)
export type RoleBindingList = Infer<typeof RoleBindingList>

export const roleBindings = resource({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'RoleBinding',
  resource: 'rolebindings',
  schema: RoleBinding,
  listSchema: RoleBindingList,
  namespaced: true,
  verbs: allVerbs,
  columns: [
    nameColumn,
    column(
      'Role',
      'string',
      'RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.',
    ),
    ageColumn,
    column('Users', 'string', 'Users in the roleBinding', { priority: 1 }),
    column('Groups', 'string', 'Groups in the roleBinding', { priority: 1 }),
    column('ServiceAccounts', 'string', 'ServiceAccounts in the roleBinding', { priority: 1 }),
  ],
})
