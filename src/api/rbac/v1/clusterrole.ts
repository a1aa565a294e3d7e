import { type Infer, list, object, ref } from '../../../machinery/schema/schema.ts'
import { column, describedBy, nameColumn } from '../../column.ts'
import { LabelSelector } from '../../meta/v1/labelselector.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'
import { PolicyRule } from './role.ts'

export const AggregationRule = object('io.k8s.api.rbac.v1.AggregationRule', {
  clusterRoleSelectors: list(1, LabelSelector).listType('atomic'),
})
export type AggregationRule = Infer<typeof AggregationRule>

export const ClusterRole = object('io.k8s.api.rbac.v1.ClusterRole', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  rules: list(2, PolicyRule).always().listType('atomic'),
  aggregationRule: ref(3, AggregationRule),
})
export type ClusterRole = Infer<typeof ClusterRole>

export const ClusterRoleList = listKind('io.k8s.api.rbac.v1.ClusterRoleList', ClusterRole)
export type ClusterRoleList = Infer<typeof ClusterRoleList>

export const clusterRoles = resource({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRole',
  resource: 'clusterroles',
  schema: ClusterRole,
  listSchema: ClusterRoleList,
  namespaced: false,
  verbs: allVerbs,
  columns: [nameColumn, column('Created At', 'date', describedBy(ObjectMeta, 'creationTimestamp'))],
})
