// What the server asks admission webhooks and what they answer.

import { any, boolean, bytes, type Infer, list, map, object, ref, string } from '../../../machinery/schema/schema.ts'
import { UserInfo } from '../../authentication/v1/userinfo.ts'
import { GroupVersionKind, GroupVersionResource } from '../../meta/v1/groupversion.ts'
import { Status } from '../../meta/v1/status.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'

export const AdmissionRequest = object('io.k8s.api.admission.v1.AdmissionRequest', {
  uid: string(1).always(),
  kind: ref(2, GroupVersionKind).always(),
  resource: ref(3, GroupVersionResource).always(),
  subResource: string(4),
  requestKind: ref(13, GroupVersionKind),
  requestResource: ref(14, GroupVersionResource),
  requestSubResource: string(15),
  name: string(5),
  namespace: string(6),
  operation: string(7).always(),
  userInfo: ref(8, UserInfo).always(),
  object: any(9, 'io.k8s.apimachinery.pkg.runtime.RawExtension').always(),
  oldObject: any(10, 'io.k8s.apimachinery.pkg.runtime.RawExtension').always(),
  dryRun: boolean(11).pointer(),
  options: any(12, 'io.k8s.apimachinery.pkg.runtime.RawExtension').always(),
})
export type AdmissionRequest = Infer<typeof AdmissionRequest>

export const AdmissionResponse = object('io.k8s.api.admission.v1.AdmissionResponse', {
  uid: string(1).always(),
  allowed: boolean(2).always(),
  status: ref(3, Status),
  patch: bytes(4),
  patchType: string(5).pointer(),
  auditAnnotations: map(6, 'string'),
  warnings: list(7, 'string'),
})
export type AdmissionResponse = Infer<typeof AdmissionResponse>

export const AdmissionReview = object('io.k8s.api.admission.v1.AdmissionReview', {
  ...typeMeta,
  request: ref(1, AdmissionRequest),
  response: ref(2, AdmissionResponse),
})
export type AdmissionReview = Infer<typeof AdmissionReview>
