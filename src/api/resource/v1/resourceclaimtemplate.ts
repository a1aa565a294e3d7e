import { type Infer, object, ref } from '../../../machinery/schema/schema.ts'
import { ageColumn, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'
import { ResourceClaimSpec } from './resourceclaim.ts'

export const ResourceClaimTemplateSpec = object('io.k8s.api.resource.v1.ResourceClaimTemplateSpec', {
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, ResourceClaimSpec).required(),
})
export type ResourceClaimTemplateSpec = Infer<typeof ResourceClaimTemplateSpec>

export const ResourceClaimTemplate = object('io.k8s.api.resource.v1.ResourceClaimTemplate', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, ResourceClaimTemplateSpec).required(),
})
export type ResourceClaimTemplate = Infer<typeof ResourceClaimTemplate>

export const ResourceClaimTemplateList = listKind(
  'io.k8s.api.resource.v1.ResourceClaimTemplateList',
  ResourceClaimTemplate,
)
export type ResourceClaimTemplateList = Infer<typeof ResourceClaimTemplateList>

export const resourceClaimTemplates = resource({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaimTemplate',
  resource: 'resourceclaimtemplates',
  schema: ResourceClaimTemplate,
  listSchema: ResourceClaimTemplateList,
  namespaced: true,
  verbs: allVerbs,
  returnsDeletedObject: true,
  columns: [nameColumn, ageColumn],
})
