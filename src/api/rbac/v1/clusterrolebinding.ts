import { type Infer, list, object, ref } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'
import { RoleRef, Subject } from './rolebinding.ts'

export const ClusterRoleBinding = object('io.k8s.api.rbac.v1.ClusterRoleBinding', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  subjects: list(2, Subject).listType('atomic'),
  roleRef: ref(3, RoleRef).required(),
})
export type ClusterRoleBinding = Infer<typeof ClusterRoleBinding>

export const ClusterRoleBindingList = listKind('io.k8s.api.rbac.v1.ClusterRoleBindingList', ClusterRoleBinding)
export type ClusterRoleBindingList = Infer<typeof ClusterRoleBindingList>

export const clusterRoleBindings = resource({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRoleBinding',
  resource: 'clusterrolebindings',
  schema: ClusterRoleBinding,
  listSchema: ClusterRoleBindingList,
  namespaced: false,
  verbs: allVerbs,
  columns: [
    nameColumn,
    column(
      'Role',
      'string',
      'RoleRef can only reference a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.',
    ),
    ageColumn,
    column('Users', 'string', 'Users in the clusterRoleBinding', { priority: 1 }),
    column('Groups', 'string', 'Groups in the clusterRoleBinding', { priority: 1 }),
    column('ServiceAccounts', 'string', 'ServiceAccounts in the clusterRoleBinding', { priority: 1 }),
  ],
})
