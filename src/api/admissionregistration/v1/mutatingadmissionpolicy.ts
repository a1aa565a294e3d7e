import { type Infer, list, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'
import { MatchCondition, MatchResources } from './matchresources.ts'
import { ParamKind, ParamRef, Variable } from './paramref.ts'

export const ApplyConfiguration = object('io.k8s.api.admissionregistration.v1.ApplyConfiguration', {
  expression: string(1),
})
export type ApplyConfiguration = Infer<typeof ApplyConfiguration>

export const JSONPatch = object('io.k8s.api.admissionregistration.v1.JSONPatch', {
  expression: string(1),
})
export type JSONPatch = Infer<typeof JSONPatch>

export const Mutation = object('io.k8s.api.admissionregistration.v1.Mutation', {
  patchType: string(2).required().enum('ApplyConfiguration', 'JSONPatch'),
  applyConfiguration: ref(3, ApplyConfiguration),
  jsonPatch: ref(4, JSONPatch),
})
export type Mutation = Infer<typeof Mutation>

export const MutatingAdmissionPolicySpec = object('io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicySpec', {
  paramKind: ref(1, ParamKind),
  matchConstraints: ref(2, MatchResources),
  variables: list(3, Variable).listType('atomic'),
  mutations: list(4, Mutation).listType('atomic'),
  failurePolicy: string(5).pointer().serverDefault('Fail').enum('Fail', 'Ignore'),
  matchConditions: list(6, MatchCondition).listType('map', 'name').patchStrategy('merge').mergeKey('name'),
  reinvocationPolicy: string(7).enum('IfNeeded', 'Never'),
})
export type MutatingAdmissionPolicySpec = Infer<typeof MutatingAdmissionPolicySpec>

export const MutatingAdmissionPolicy = object('io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicy', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, MutatingAdmissionPolicySpec).always(),
})
export type MutatingAdmissionPolicy = Infer<typeof MutatingAdmissionPolicy>

export const MutatingAdmissionPolicyBindingSpec = object(
  'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBindingSpec',
  {
    policyName: string(1),
    paramRef: ref(2, ParamRef),
    matchResources: ref(3, MatchResources),
  },
)
export type MutatingAdmissionPolicyBindingSpec = Infer<typeof MutatingAdmissionPolicyBindingSpec>

export const MutatingAdmissionPolicyBinding = object(
  'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBinding',
  {
    ...typeMeta,
    metadata: ref(1, ObjectMeta).always(),
    spec: ref(2, MutatingAdmissionPolicyBindingSpec).always(),
  },
)
export type MutatingAdmissionPolicyBinding = Infer<typeof MutatingAdmissionPolicyBinding>

export const MutatingAdmissionPolicyBindingList = listKind(
  'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBindingList',
  MutatingAdmissionPolicyBinding,
)
export type MutatingAdmissionPolicyBindingList = Infer<typeof MutatingAdmissionPolicyBindingList>

export const MutatingAdmissionPolicyList = listKind(
  'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyList',
  MutatingAdmissionPolicy,
)
export type MutatingAdmissionPolicyList = Infer<typeof MutatingAdmissionPolicyList>

export const mutatingAdmissionPolicies = resource({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicy',
  resource: 'mutatingadmissionpolicies',
  schema: MutatingAdmissionPolicy,
  listSchema: MutatingAdmissionPolicyList,
  categories: ['api-extensions'],
  namespaced: false,
  verbs: allVerbs,
  columns: [
    nameColumn,
    column('Mutations', 'integer', 'Mutation indicates the number of mutations rules defined in this configuration'),
    column('ParamKind', 'string', 'ParamKind specifies the kind of resources used to parameterize this policy'),
    ageColumn,
  ],
})

export const mutatingAdmissionPolicyBindings = resource({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicyBinding',
  resource: 'mutatingadmissionpolicybindings',
  schema: MutatingAdmissionPolicyBinding,
  listSchema: MutatingAdmissionPolicyBindingList,
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
