// Removes CertificateSigningRequests that nobody needs any more: decided for an hour, undecided or approved without a
// certificate for a day, or with a certificate that has expired.

import { X509Certificate } from 'node:crypto'
import {
  type CertificateSigningRequest,
  certificateSigningRequests,
} from '../../api/certificates/v1/certificatesigningrequest.ts'
import { controller } from '../../client/controller.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import { timeOf } from '../../machinery/time.ts'

const hour = 3_600_000
const day = 24 * hour

export const certificateCleanerController = controller<CertificateSigningRequest>({
  name: 'certificatesigningrequest-cleaner-controller',
  reconciles: certificateSigningRequests,
  async reconcile(name, { lister, client, clock }) {
    const request = lister(certificateSigningRequests).get(name)
    if (!request) return undefined
    const left = endOf(request) - clock.now()
    if (left > 0) return Number.isFinite(left) ? { requeueAfterMs: Math.min(left, day) } : undefined
    try {
      await client.resource(certificateSigningRequests).delete(name)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    return undefined
  },
})

function endOf({ metadata, status }: CertificateSigningRequest): number {
  const conditions = status.conditions ?? []
  const ends: number[] = []
  if (conditions.length === 0) ends.push(after(metadata.creationTimestamp, day))
  for (const { type, lastUpdateTime } of conditions) {
    if (type === 'Denied' || type === 'Failed') ends.push(after(lastUpdateTime, hour))
    if (type === 'Approved') ends.push(after(lastUpdateTime, status.certificate ? hour : day))
  }
  const expires = expiryOf(status.certificate)
  if (expires !== undefined && conditions.some(({ type }) => type === 'Approved')) ends.push(expires)
  return Math.min(...ends)
}

/** Of what does not say since when, never. */
const after = (time: string | null | undefined, lifetime: number): number =>
  (timeOf(time ?? undefined) ?? Number.POSITIVE_INFINITY) + lifetime

/** Of the first certificate; what others than our own signers issue may not be readable. */
function expiryOf(certificate: string | undefined): number | undefined {
  if (!certificate) return undefined
  try {
    return Date.parse(new X509Certificate(Buffer.from(certificate, 'base64')).validTo)
  } catch {
    return undefined
  }
}
