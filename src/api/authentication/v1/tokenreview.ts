import { boolean, type Infer, list, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { resource } from '../../resource.ts'
import { UserInfo } from './userinfo.ts'

export const TokenReviewSpec = object('io.k8s.api.authentication.v1.TokenReviewSpec', {
  token: string(1).requiredInOpenAPI(),
  audiences: list(2, 'string').listType('atomic'),
})
export type TokenReviewSpec = Infer<typeof TokenReviewSpec>

export const TokenReviewStatus = object('io.k8s.api.authentication.v1.TokenReviewStatus', {
  authenticated: boolean(1),
  user: ref(2, UserInfo).always(),
  audiences: list(4, 'string').listType('atomic'),
  error: string(3),
})
export type TokenReviewStatus = Infer<typeof TokenReviewStatus>

export const TokenReview = object('io.k8s.api.authentication.v1.TokenReview', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, TokenReviewSpec).required(),
  status: ref(3, TokenReviewStatus).always(),
})
export type TokenReview = Infer<typeof TokenReview>

export const tokenReviews = resource({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  resource: 'tokenreviews',
  schema: TokenReview,
  namespaced: false,
  verbs: ['create'],
})
