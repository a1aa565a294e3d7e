// What has been decided about a CertificateSigningRequest.

import type { CertificateSigningRequest } from '../../api/certificates/v1/certificatesigningrequest.ts'

export function hasCondition({ status }: CertificateSigningRequest, type: string): boolean {
  return (status.conditions ?? []).some(condition => condition.type === type && condition.status === 'True')
}

export function requestPem({ spec }: CertificateSigningRequest): string {
  return Buffer.from(spec.request, 'base64').toString()
}
