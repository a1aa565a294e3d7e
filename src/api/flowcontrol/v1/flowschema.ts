import { boolean, type Infer, int32, list, object, ref, string, time } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'

export const FlowDistinguisherMethod = object('io.k8s.api.flowcontrol.v1.FlowDistinguisherMethod', {
  type: string(1).required(),
})
export type FlowDistinguisherMethod = Infer<typeof FlowDistinguisherMethod>

export const PriorityLevelConfigurationReference = object(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationReference',
  {
    name: string(1).required(),
  },
)
export type PriorityLevelConfigurationReference = Infer<typeof PriorityLevelConfigurationReference>

export const UserSubject = object('io.k8s.api.flowcontrol.v1.UserSubject', {
  name: string(1).required(),
})
export type UserSubject = Infer<typeof UserSubject>

export const GroupSubject = object('io.k8s.api.flowcontrol.v1.GroupSubject', {
  name: string(1).required(),
})
export type GroupSubject = Infer<typeof GroupSubject>

export const ServiceAccountSubject = object('io.k8s.api.flowcontrol.v1.ServiceAccountSubject', {
  namespace: string(1).required(),
  name: string(2).required(),
})
export type ServiceAccountSubject = Infer<typeof ServiceAccountSubject>

export const Subject = object(
  'io.k8s.api.flowcontrol.v1.Subject',
  {
    kind: string(1).required(),
    user: ref(2, UserSubject),
    group: ref(3, GroupSubject),
    serviceAccount: ref(4, ServiceAccountSubject),
  },
  { unions: [{ discriminator: 'kind', fields: { group: 'Group', serviceAccount: 'ServiceAccount', user: 'User' } }] },
)
export type Subject = Infer<typeof Subject>

export const ResourcePolicyRule = object('io.k8s.api.flowcontrol.v1.ResourcePolicyRule', {
  verbs: list(1, 'string').required().listType('set'),
  apiGroups: list(2, 'string').required().listType('set'),
  resources: list(3, 'string').required().listType('set'),
  clusterScope: boolean(4),
  namespaces: list(5, 'string').always().listType('set'),
})
export type ResourcePolicyRule = Infer<typeof ResourcePolicyRule>

export const NonResourcePolicyRule = object('io.k8s.api.flowcontrol.v1.NonResourcePolicyRule', {
  verbs: list(1, 'string').required().listType('set'),
  nonResourceURLs: list(6, 'string').required().listType('set'),
})
export type NonResourcePolicyRule = Infer<typeof NonResourcePolicyRule>

export const PolicyRulesWithSubjects = object('io.k8s.api.flowcontrol.v1.PolicyRulesWithSubjects', {
  subjects: list(1, Subject).required().listType('atomic'),
  resourceRules: list(2, ResourcePolicyRule).listType('atomic'),
  nonResourceRules: list(3, NonResourcePolicyRule).listType('atomic'),
})
export type PolicyRulesWithSubjects = Infer<typeof PolicyRulesWithSubjects>

export const FlowSchemaSpec = object('io.k8s.api.flowcontrol.v1.FlowSchemaSpec', {
  priorityLevelConfiguration: ref(1, PriorityLevelConfigurationReference).required(),
  matchingPrecedence: int32(2).always().serverDefault(1000),
  distinguisherMethod: ref(3, FlowDistinguisherMethod),
  rules: list(4, PolicyRulesWithSubjects).listType('atomic'),
})
export type FlowSchemaSpec = Infer<typeof FlowSchemaSpec>

export const FlowSchemaCondition = object('io.k8s.api.flowcontrol.v1.FlowSchemaCondition', {
  type: string(1),
  status: string(2),
  lastTransitionTime: time(3).always(),
  reason: string(4),
  message: string(5),
})
export type FlowSchemaCondition = Infer<typeof FlowSchemaCondition>

export const FlowSchemaStatus = object('io.k8s.api.flowcontrol.v1.FlowSchemaStatus', {
  conditions: list(1, FlowSchemaCondition).listType('map', 'type').patchStrategy('merge').mergeKey('type'),
})
export type FlowSchemaStatus = Infer<typeof FlowSchemaStatus>

export const FlowSchema = object('io.k8s.api.flowcontrol.v1.FlowSchema', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, FlowSchemaSpec).always(),
  status: ref(3, FlowSchemaStatus).always(),
})
export type FlowSchema = Infer<typeof FlowSchema>

export const FlowSchemaList = listKind('io.k8s.api.flowcontrol.v1.FlowSchemaList', FlowSchema)
export type FlowSchemaList = Infer<typeof FlowSchemaList>

export const flowSchemas = resource({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'FlowSchema',
  resource: 'flowschemas',
  schema: FlowSchema,
  listSchema: FlowSchemaList,
  namespaced: false,
  verbs: allVerbs,
  subresources: [statusSubresource],
  columns: [
    nameColumn,
    column('PriorityLevel', 'string', describedBy(PriorityLevelConfigurationReference, 'name')),
    column('MatchingPrecedence', 'string', describedBy(FlowSchemaSpec, 'matchingPrecedence')),
    column('DistinguisherMethod', 'string', describedBy(FlowSchemaSpec, 'distinguisherMethod')),
    ageColumn,
    column('MissingPL', 'string', 'references a broken or non-existent PriorityLevelConfiguration'),
  ],
})
