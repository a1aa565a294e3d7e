import {
  bytes,
  type Infer,
  int32,
  list,
  map,
  object,
  ref,
  string,
  time,
  wrappedListOf,
} from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'

/** What a certificate may be used for. */
export const keyUsages = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
] as const

export const CertificateSigningRequestSpec = object('io.k8s.api.certificates.v1.CertificateSigningRequestSpec', {
  request: bytes(1).required(),
  signerName: string(7).required(),
  expirationSeconds: int32(8).pointer(),
  usages: list(5, 'string')
    .enum(...keyUsages)
    .listType('atomic'),
  username: string(2),
  uid: string(3),
  groups: list(4, 'string').listType('atomic'),
  extra: map(6, wrappedListOf('string')),
})
export type CertificateSigningRequestSpec = Infer<typeof CertificateSigningRequestSpec>

export const CertificateSigningRequestCondition = object(
  'io.k8s.api.certificates.v1.CertificateSigningRequestCondition',
  {
    type: string(1).required(),
    status: string(6).required(),
    reason: string(2),
    message: string(3),
    lastUpdateTime: time(4).always(),
    lastTransitionTime: time(5).always(),
  },
)
export type CertificateSigningRequestCondition = Infer<typeof CertificateSigningRequestCondition>

export const CertificateSigningRequestStatus = object('io.k8s.api.certificates.v1.CertificateSigningRequestStatus', {
  conditions: list(1, CertificateSigningRequestCondition).listType('map', 'type'),
  certificate: bytes(2),
})
export type CertificateSigningRequestStatus = Infer<typeof CertificateSigningRequestStatus>

export const CertificateSigningRequest = object('io.k8s.api.certificates.v1.CertificateSigningRequest', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, CertificateSigningRequestSpec).required(),
  status: ref(3, CertificateSigningRequestStatus).always(),
})
export type CertificateSigningRequest = Infer<typeof CertificateSigningRequest>

export const CertificateSigningRequestList = listKind(
  'io.k8s.api.certificates.v1.CertificateSigningRequestList',
  CertificateSigningRequest,
)
export type CertificateSigningRequestList = Infer<typeof CertificateSigningRequestList>

export const certificateSigningRequests = resource({
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  resource: 'certificatesigningrequests',
  schema: CertificateSigningRequest,
  listSchema: CertificateSigningRequestList,
  shortNames: ['csr'],
  namespaced: false,
  verbs: allVerbs,
  subresources: [{ name: 'approval', verbs: ['get', 'patch', 'update'] }, statusSubresource],
  columns: [
    nameColumn,
    ageColumn,
    column(
      'SignerName',
      'string',
      'Requested signer for the request. It is a qualified name in the form: `scope-hostname.io/name`. If empty, it will be defaulted:\n 1. If it\'s a kubelet client certificate, it is assigned\n    "kubernetes.io/kube-apiserver-client-kubelet".\n 2. If it\'s a kubelet serving certificate, it is assigned\n    "kubernetes.io/kubelet-serving".\n 3. Otherwise, it is assigned "kubernetes.io/legacy-unknown".\nDistribution of trust for signers happens out of band. You can select on this field using `spec.signerName`.',
    ),
    column('Requestor', 'string', 'Base64-encoded PKCS#10 CSR data'),
    column('RequestedDuration', 'string', describedBy(CertificateSigningRequestSpec, 'expirationSeconds')),
    column('Condition', 'string', 'Conditions applied to the request, such as approval or denial.'),
  ],
  selectableFields: { 'spec.signerName': request => request.spec.signerName },
})
