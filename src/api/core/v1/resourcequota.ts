import { type Infer, list, map, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'

export const ScopedResourceSelectorRequirement = object('io.k8s.api.core.v1.ScopedResourceSelectorRequirement', {
  scopeName: string(1)
    .required()
    .enum(
      'BestEffort',
      'CrossNamespacePodAffinity',
      'NotBestEffort',
      'NotTerminating',
      'PriorityClass',
      'Terminating',
      'VolumeAttributesClass',
    ),
  operator: string(2).required().enum('DoesNotExist', 'Exists', 'In', 'NotIn'),
  values: list(3, 'string').listType('atomic'),
})
export type ScopedResourceSelectorRequirement = Infer<typeof ScopedResourceSelectorRequirement>

export const ScopeSelector = object(
  'io.k8s.api.core.v1.ScopeSelector',
  {
    matchExpressions: list(1, ScopedResourceSelectorRequirement).listType('atomic'),
  },
  { atomic: true },
)
export type ScopeSelector = Infer<typeof ScopeSelector>

export const ResourceQuotaSpec = object('io.k8s.api.core.v1.ResourceQuotaSpec', {
  hard: map(1, 'quantity'),
  scopes: list(2, 'string')
    .enum(
      'BestEffort',
      'CrossNamespacePodAffinity',
      'NotBestEffort',
      'NotTerminating',
      'PriorityClass',
      'Terminating',
      'VolumeAttributesClass',
    )
    .listType('atomic'),
  scopeSelector: ref(3, ScopeSelector),
})
export type ResourceQuotaSpec = Infer<typeof ResourceQuotaSpec>

export const ResourceQuotaStatus = object('io.k8s.api.core.v1.ResourceQuotaStatus', {
  hard: map(1, 'quantity'),
  used: map(2, 'quantity'),
})
export type ResourceQuotaStatus = Infer<typeof ResourceQuotaStatus>

export const ResourceQuota = object('io.k8s.api.core.v1.ResourceQuota', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, ResourceQuotaSpec).always(),
  status: ref(3, ResourceQuotaStatus).always(),
})
export type ResourceQuota = Infer<typeof ResourceQuota>

export const ResourceQuotaList = listKind('io.k8s.api.core.v1.ResourceQuotaList', ResourceQuota)
export type ResourceQuotaList = Infer<typeof ResourceQuotaList>

export const resourceQuotas = resource({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  resource: 'resourcequotas',
  schema: ResourceQuota,
  listSchema: ResourceQuotaList,
  shortNames: ['quota'],
  namespaced: true,
  verbs: allVerbs,
  returnsDeletedObject: true,
  subresources: [statusSubresource],
  columns: [
    nameColumn,
    column('Request', 'string', 'Request represents a minimum amount of cpu/memory that a container may consume.'),
    column(
      'Limit',
      'string',
      'Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.',
    ),
    ageColumn,
  ],
})
