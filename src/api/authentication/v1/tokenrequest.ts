import { type Infer, int64, list, object, ref, string, time } from '../../../machinery/schema/schema.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'

export const BoundObjectReference = object('io.k8s.api.authentication.v1.BoundObjectReference', {
  kind: string(1),
  apiVersion: string(2),
  name: string(3),
  uid: string(4).protobufName('uID'),
})
export type BoundObjectReference = Infer<typeof BoundObjectReference>

export const TokenRequestSpec = object('io.k8s.api.authentication.v1.TokenRequestSpec', {
  audiences: list(1, 'string').always().listType('atomic'),
  expirationSeconds: int64(4).pointer().serverDefault(3600),
  boundObjectRef: ref(3, BoundObjectReference),
})
export type TokenRequestSpec = Infer<typeof TokenRequestSpec>

export const TokenRequestStatus = object('io.k8s.api.authentication.v1.TokenRequestStatus', {
  token: string(1).always(),
  expirationTimestamp: time(2).always(),
})
export type TokenRequestStatus = Infer<typeof TokenRequestStatus>

export const TokenRequest = object('io.k8s.api.authentication.v1.TokenRequest', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, TokenRequestSpec).always(),
  status: ref(3, TokenRequestStatus).always(),
})
export type TokenRequest = Infer<typeof TokenRequest>
