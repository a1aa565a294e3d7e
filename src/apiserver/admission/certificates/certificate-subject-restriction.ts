// CertificateSubjectRestriction: nobody gets a client certificate of the group that may do everything.

import { parseCertificateRequest } from '../../../api/certificates/v1/certificate-request.ts'
import { systemPrivilegedGroup } from '../../user.ts'
import { type AdmissionAttributes, type AdmissionPlugin, refusal } from '../admission.ts'

const clientSigner = 'kubernetes.io/kube-apiserver-client'

export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  handles: operation => operation === 'CREATE',
  resources: ['certificatesigningrequests.certificates.k8s.io'],
  validate(attributes): void {
    const { object, subresource } = attributes
    if (subresource !== '') return
    const spec = object?.['spec']
    if (spec?.signerName !== clientSigner) return
    const pem = Buffer.from(spec.request ?? '', 'base64').toString()
    const organizations = organizationsOf(attributes, pem)
    if (organizations.includes(systemPrivilegedGroup))
      throw refusal(attributes, `use of ${clientSigner} signer with ${systemPrivilegedGroup} group is not allowed`)
  },
}

function organizationsOf(attributes: AdmissionAttributes, pem: string): readonly string[] {
  try {
    return parseCertificateRequest(pem).organizations
  } catch (error) {
    throw refusal(attributes, `failed to parse CSR: ${(error as Error).message}`)
  }
}
