import { type Infer, int64, list, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, nameColumn } from '../../column.ts'
import { Condition } from '../../meta/v1/condition.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'
import { MatchCondition, MatchResources } from './matchresources.ts'
import { ParamKind, ParamRef, Variable } from './paramref.ts'

export const AuditAnnotation = object('io.k8s.api.admissionregistration.v1.AuditAnnotation', {
  key: string(1).required(),
  valueExpression: string(2).required(),
})
export type AuditAnnotation = Infer<typeof AuditAnnotation>

export const ExpressionWarning = object('io.k8s.api.admissionregistration.v1.ExpressionWarning', {
  fieldRef: string(2).required(),
  warning: string(3).required(),
})
export type ExpressionWarning = Infer<typeof ExpressionWarning>

export const TypeChecking = object('io.k8s.api.admissionregistration.v1.TypeChecking', {
  expressionWarnings: list(1, ExpressionWarning).listType('atomic'),
})
export type TypeChecking = Infer<typeof TypeChecking>

export const Validation = object('io.k8s.api.admissionregistration.v1.Validation', {
  expression: string(1).required().protobufName('Expression'),
  message: string(2),
  reason: string(3).pointer(),
  messageExpression: string(4),
})
export type Validation = Infer<typeof Validation>

export const ValidatingAdmissionPolicySpec = object(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicySpec',
  {
    paramKind: ref(1, ParamKind),
    matchConstraints: ref(2, MatchResources),
    validations: list(3, Validation).listType('atomic'),
    failurePolicy: string(4).pointer().serverDefault('Fail').enum('Fail', 'Ignore'),
    auditAnnotations: list(5, AuditAnnotation).listType('atomic'),
    matchConditions: list(6, MatchCondition).listType('map', 'name').patchStrategy('merge').mergeKey('name'),
    variables: list(7, Variable).listType('map', 'name').patchStrategy('merge').mergeKey('name'),
  },
)
export type ValidatingAdmissionPolicySpec = Infer<typeof ValidatingAdmissionPolicySpec>

export const ValidatingAdmissionPolicyStatus = object(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyStatus',
  {
    observedGeneration: int64(1),
    typeChecking: ref(2, TypeChecking),
    conditions: list(3, Condition).listType('map', 'type'),
  },
)
export type ValidatingAdmissionPolicyStatus = Infer<typeof ValidatingAdmissionPolicyStatus>

export const ValidatingAdmissionPolicy = object('io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, ValidatingAdmissionPolicySpec).always(),
  status: ref(3, ValidatingAdmissionPolicyStatus).always(),
})
export type ValidatingAdmissionPolicy = Infer<typeof ValidatingAdmissionPolicy>

export const ValidatingAdmissionPolicyBindingSpec = object(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec',
  {
    policyName: string(1).requiredInOpenAPI(),
    paramRef: ref(2, ParamRef),
    matchResources: ref(3, MatchResources),
    validationActions: list(4, 'string').requiredInOpenAPI().enum('Audit', 'Deny', 'Warn').listType('set'),
  },
)
export type ValidatingAdmissionPolicyBindingSpec = Infer<typeof ValidatingAdmissionPolicyBindingSpec>

export const ValidatingAdmissionPolicyBinding = object(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding',
  {
    ...typeMeta,
    metadata: ref(1, ObjectMeta).always(),
    spec: ref(2, ValidatingAdmissionPolicyBindingSpec).required(),
  },
)
export type ValidatingAdmissionPolicyBinding = Infer<typeof ValidatingAdmissionPolicyBinding>

export const ValidatingAdmissionPolicyBindingList = listKind(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingList',
  ValidatingAdmissionPolicyBinding,
)
export type ValidatingAdmissionPolicyBindingList = Infer<typeof ValidatingAdmissionPolicyBindingList>

export const ValidatingAdmissionPolicyList = listKind(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyList',
  ValidatingAdmissionPolicy,
)
export type ValidatingAdmissionPolicyList = Infer<typeof ValidatingAdmissionPolicyList>

export const validatingAdmissionPolicies = resource({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  resource: 'validatingadmissionpolicies',
  schema: ValidatingAdmissionPolicy,
  listSchema: ValidatingAdmissionPolicyList,
  categories: ['api-extensions'],
  namespaced: false,
  verbs: allVerbs,
  subresources: [statusSubresource],
  columns: [
    nameColumn,
    column(
      'Validations',
      'integer',
      'Validations indicates the number of validation rules defined in this configuration',
    ),
    column('ParamKind', 'string', 'ParamKind specifies the kind of resources used to parameterize this policy'),
    ageColumn,
  ],
})

export const validatingAdmissionPolicyBindings = resource({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  resource: 'validatingadmissionpolicybindings',
  schema: ValidatingAdmissionPolicyBinding,
  listSchema: ValidatingAdmissionPolicyBindingList,
  categories: ['api-extensions'],
  namespaced: false,
  verbs: allVerbs,
  columns: [
    nameColumn,
    column('PolicyName', 'string', 'PolicyName indicates the policy definition which the policy binding binded to'),
    column('ParamRef', 'string', 'ParamRef indicates the param resource which sets the configuration param'),
    ageColumn,
  ],
})
