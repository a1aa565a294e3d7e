import { boolean, type Infer, list, map, object, ref, string, wrappedListOf } from '../../../machinery/schema/schema.ts'
import { FieldSelectorRequirement, LabelSelectorRequirement } from '../../meta/v1/labelselector.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { resource } from '../../resource.ts'

export const FieldSelectorAttributes = object('io.k8s.api.authorization.v1.FieldSelectorAttributes', {
  rawSelector: string(1),
  requirements: list(2, FieldSelectorRequirement).listType('atomic'),
})
export type FieldSelectorAttributes = Infer<typeof FieldSelectorAttributes>

export const LabelSelectorAttributes = object('io.k8s.api.authorization.v1.LabelSelectorAttributes', {
  rawSelector: string(1),
  requirements: list(2, LabelSelectorRequirement).listType('atomic'),
})
export type LabelSelectorAttributes = Infer<typeof LabelSelectorAttributes>

export const ResourceAttributes = object('io.k8s.api.authorization.v1.ResourceAttributes', {
  namespace: string(1),
  verb: string(2),
  group: string(3),
  version: string(4),
  resource: string(5),
  subresource: string(6),
  name: string(7),
  fieldSelector: ref(8, FieldSelectorAttributes),
  labelSelector: ref(9, LabelSelectorAttributes),
})
export type ResourceAttributes = Infer<typeof ResourceAttributes>

export const NonResourceAttributes = object('io.k8s.api.authorization.v1.NonResourceAttributes', {
  path: string(1),
  verb: string(2),
})
export type NonResourceAttributes = Infer<typeof NonResourceAttributes>

export const SubjectAccessReviewSpec = object('io.k8s.api.authorization.v1.SubjectAccessReviewSpec', {
  resourceAttributes: ref(1, ResourceAttributes),
  nonResourceAttributes: ref(2, NonResourceAttributes),
  user: string(3),
  groups: list(4, 'string').listType('atomic'),
  extra: map(5, wrappedListOf('string')),
  uid: string(6),
})
export type SubjectAccessReviewSpec = Infer<typeof SubjectAccessReviewSpec>

export const SubjectAccessReviewStatus = object('io.k8s.api.authorization.v1.SubjectAccessReviewStatus', {
  allowed: boolean(1).required(),
  denied: boolean(4),
  reason: string(2),
  evaluationError: string(3),
})
export type SubjectAccessReviewStatus = Infer<typeof SubjectAccessReviewStatus>

export const LocalSubjectAccessReview = object('io.k8s.api.authorization.v1.LocalSubjectAccessReview', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, SubjectAccessReviewSpec).required(),
  status: ref(3, SubjectAccessReviewStatus).always(),
})
export type LocalSubjectAccessReview = Infer<typeof LocalSubjectAccessReview>

export const SelfSubjectAccessReviewSpec = object('io.k8s.api.authorization.v1.SelfSubjectAccessReviewSpec', {
  resourceAttributes: ref(1, ResourceAttributes),
  nonResourceAttributes: ref(2, NonResourceAttributes),
})
export type SelfSubjectAccessReviewSpec = Infer<typeof SelfSubjectAccessReviewSpec>

export const SelfSubjectAccessReview = object('io.k8s.api.authorization.v1.SelfSubjectAccessReview', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, SelfSubjectAccessReviewSpec).required(),
  status: ref(3, SubjectAccessReviewStatus).always(),
})
export type SelfSubjectAccessReview = Infer<typeof SelfSubjectAccessReview>

export const SubjectAccessReview = object('io.k8s.api.authorization.v1.SubjectAccessReview', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, SubjectAccessReviewSpec).required(),
  status: ref(3, SubjectAccessReviewStatus).always(),
})
export type SubjectAccessReview = Infer<typeof SubjectAccessReview>

export const localSubjectAccessReviews = resource({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'LocalSubjectAccessReview',
  resource: 'localsubjectaccessreviews',
  schema: LocalSubjectAccessReview,
  namespaced: true,
  verbs: ['create'],
})

export const selfSubjectAccessReviews = resource({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  resource: 'selfsubjectaccessreviews',
  schema: SelfSubjectAccessReview,
  namespaced: false,
  verbs: ['create'],
})

export const subjectAccessReviews = resource({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  resource: 'subjectaccessreviews',
  schema: SubjectAccessReview,
  namespaced: false,
  verbs: ['create'],
})
