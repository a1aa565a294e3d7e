import { type Infer, list, object, ref, string } from '../../../machinery/schema/schema.ts'
import { LabelSelector } from '../../meta/v1/labelselector.ts'

export const MatchCondition = object('io.k8s.api.admissionregistration.v1.MatchCondition', {
  name: string(1).required(),
  expression: string(2).required(),
})
export type MatchCondition = Infer<typeof MatchCondition>

export const Rule = object('io.k8s.api.admissionregistration.v1.Rule', {
  apiGroups: list(1, 'string').listType('atomic'),
  apiVersions: list(2, 'string').listType('atomic'),
  resources: list(3, 'string').listType('atomic'),
  scope: string(4).pointer().serverDefault('*').enum('*', 'Cluster', 'Namespaced'),
})
export type Rule = Infer<typeof Rule>

export const RuleWithOperations = object('io.k8s.api.admissionregistration.v1.RuleWithOperations', {
  operations: list(1, 'string').enum('*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE').listType('atomic'),
  rule: ref(2, Rule).always().inline(),
})
export type RuleWithOperations = Infer<typeof RuleWithOperations>

export const NamedRuleWithOperations = object(
  'io.k8s.api.admissionregistration.v1.NamedRuleWithOperations',
  {
    resourceNames: list(1, 'string').listType('atomic'),
    ruleWithOperations: ref(2, RuleWithOperations).always().inline(),
  },
  { atomic: true },
)
export type NamedRuleWithOperations = Infer<typeof NamedRuleWithOperations>

export const MatchResources = object(
  'io.k8s.api.admissionregistration.v1.MatchResources',
  {
    namespaceSelector: ref(1, LabelSelector).serverDefault({}),
    objectSelector: ref(2, LabelSelector).serverDefault({}),
    resourceRules: list(3, NamedRuleWithOperations).listType('atomic'),
    excludeResourceRules: list(4, NamedRuleWithOperations).listType('atomic'),
    matchPolicy: string(7).pointer().serverDefault('Equivalent').enum('Equivalent', 'Exact'),
  },
  { atomic: true },
)
export type MatchResources = Infer<typeof MatchResources>
