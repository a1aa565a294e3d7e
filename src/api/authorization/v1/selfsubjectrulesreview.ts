import { boolean, type Infer, list, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { resource } from '../../resource.ts'

export const NonResourceRule = object('io.k8s.api.authorization.v1.NonResourceRule', {
  verbs: list(1, 'string').required().listType('atomic'),
  nonResourceURLs: list(2, 'string').listType('atomic'),
})
export type NonResourceRule = Infer<typeof NonResourceRule>

export const ResourceRule = object('io.k8s.api.authorization.v1.ResourceRule', {
  verbs: list(1, 'string').required().listType('atomic'),
  apiGroups: list(2, 'string').listType('atomic'),
  resources: list(3, 'string').listType('atomic'),
  resourceNames: list(4, 'string').listType('atomic'),
})
export type ResourceRule = Infer<typeof ResourceRule>

export const SelfSubjectRulesReviewSpec = object('io.k8s.api.authorization.v1.SelfSubjectRulesReviewSpec', {
  namespace: string(1),
})
export type SelfSubjectRulesReviewSpec = Infer<typeof SelfSubjectRulesReviewSpec>

export const SubjectRulesReviewStatus = object('io.k8s.api.authorization.v1.SubjectRulesReviewStatus', {
  resourceRules: list(1, ResourceRule).required().listType('atomic'),
  nonResourceRules: list(2, NonResourceRule).required().listType('atomic'),
  incomplete: boolean(3).required(),
  evaluationError: string(4),
})
export type SubjectRulesReviewStatus = Infer<typeof SubjectRulesReviewStatus>

export const SelfSubjectRulesReview = object('io.k8s.api.authorization.v1.SelfSubjectRulesReview', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, SelfSubjectRulesReviewSpec).required(),
  status: ref(3, SubjectRulesReviewStatus).always(),
})
export type SelfSubjectRulesReview = Infer<typeof SelfSubjectRulesReview>

export const selfSubjectRulesReviews = resource({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectRulesReview',
  resource: 'selfsubjectrulesreviews',
  schema: SelfSubjectRulesReview,
  namespaced: false,
  verbs: ['create'],
})
