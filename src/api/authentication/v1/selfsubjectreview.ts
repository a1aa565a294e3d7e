import { type Infer, object, ref } from '../../../machinery/schema/schema.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { resource } from '../../resource.ts'
import { UserInfo } from './userinfo.ts'

export const SelfSubjectReviewStatus = object('io.k8s.api.authentication.v1.SelfSubjectReviewStatus', {
  userInfo: ref(1, UserInfo).always(),
})
export type SelfSubjectReviewStatus = Infer<typeof SelfSubjectReviewStatus>

export const SelfSubjectReview = object('io.k8s.api.authentication.v1.SelfSubjectReview', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  status: ref(2, SelfSubjectReviewStatus).always(),
})
export type SelfSubjectReview = Infer<typeof SelfSubjectReview>

export const selfSubjectReviews = resource({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  resource: 'selfsubjectreviews',
  schema: SelfSubjectReview,
  namespaced: false,
  verbs: ['create'],
})
