// CertificateApproval and CertificateSigning: who may approve and sign for a signer is said by the verbs `approve` and
// `sign` on it.

import type { KubeObject } from '../../../api/resource.ts'
import { deepEqual } from '../../../machinery/deep-equal.ts'
import { quote } from '../../../machinery/go-text.ts'
import type { Authorizer } from '../../authorization/authorizer.ts'
import type { UserInfo } from '../../user.ts'
import { type AdmissionAttributes, type AdmissionPlugin, refusal } from '../admission.ts'

const onUpdate: AdmissionPlugin['handles'] = operation => operation === 'UPDATE'
const resources = ['certificatesigningrequests.certificates.k8s.io']

const isRequestFor = (attributes: AdmissionAttributes, subresource: string): boolean =>
  attributes.subresource === subresource && attributes.object !== undefined

export const certificateApproval = (authorizer: Authorizer): AdmissionPlugin => ({
  name: 'CertificateApproval',
  handles: onUpdate,
  resources,
  validate(attributes): void {
    if (isRequestFor(attributes, 'approval')) assertMay('approve', attributes, authorizer)
  },
})

export const certificateSigning = (authorizer: Authorizer): AdmissionPlugin => ({
  name: 'CertificateSigning',
  handles: onUpdate,
  resources,
  validate(attributes): void {
    if (isRequestFor(attributes, 'status') && !saysTheSame(attributes.object!, attributes.oldObject!))
      assertMay('sign', attributes, authorizer)
  },
})

const saysTheSame = ({ status: now }: KubeObject, { status: before }: KubeObject): boolean =>
  now?.certificate === before?.certificate && deepEqual(now?.conditions ?? [], before?.conditions ?? [])

function assertMay(verb: 'approve' | 'sign', attributes: AdmissionAttributes, authorizer: Authorizer): void {
  const signer: string = attributes.oldObject!['spec'].signerName
  if (mayFor(attributes.user, verb, signer, authorizer)) return
  throw refusal(attributes, `user not permitted to ${verb} requests with signerName ${quote(signer)}`)
}

/** For the signer itself, or for all of its domain. */
export function mayFor(user: UserInfo, verb: string, signer: string, authorizer: Authorizer): boolean {
  const may = (name: string): boolean =>
    authorizer.authorize({
      user,
      verb,
      resourceRequest: true,
      group: 'certificates.k8s.io',
      version: '*',
      resource: 'signers',
      subresource: '',
      namespace: '',
      name,
    }).allowed
  return may(signer) || may(`${signer.split('/')[0]}/*`)
}
