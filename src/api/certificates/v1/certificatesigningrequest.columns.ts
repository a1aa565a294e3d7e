import { humanDuration } from '../../../machinery/duration.ts'
import { ageCell } from '../../cells.ts'
import type { CertificateSigningRequest } from './certificatesigningrequest.ts'

export function certificateSigningRequestCells(request: CertificateSigningRequest, now: number): unknown[] {
  const { spec } = request
  return [
    request.metadata.name,
    ageCell(request, now),
    spec.signerName || '<none>',
    spec.username ?? '',
    spec.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000),
    conditionCell(request),
  ]
}

function conditionCell({ status }: CertificateSigningRequest): string {
  const has = (type: string) => status.conditions?.some(condition => condition.type === type) ?? false
  return [
    has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending',
    ...(has('Failed') ? ['Failed'] : []),
    ...(status.certificate ? ['Issued'] : []),
  ].join(',')
}
