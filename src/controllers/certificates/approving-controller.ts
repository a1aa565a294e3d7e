// Approves what kubelets ask for to call the API server, if whoever asks may: `selfnodeclient` for a node's own
// certificate, `nodeclient` for any node's (bootstrap tokens have that right).

import { type SubjectAccessReview, subjectAccessReviews } from '../../api/authorization/v1/subjectaccessreview.ts'
import { parseCertificateRequest } from '../../api/certificates/v1/certificate-request.ts'
import {
  type CertificateSigningRequest,
  certificateSigningRequests,
} from '../../api/certificates/v1/certificatesigningrequest.ts'
import type { Client } from '../../client/client.ts'
import { controller } from '../../client/controller.ts'
import { ItemExponentialRateLimiter } from '../../client/work-queue.ts'
import { quote } from '../../machinery/go-text.ts'
import { hasCondition, requestPem } from './conditions.ts'
import { kubeletClientProblem } from './kubelet-requests.ts'

export const certificateApprovingController = controller<CertificateSigningRequest>({
  name: 'certificatesigningrequest-approving-controller',
  reconciles: certificateSigningRequests,
  concurrency: 5,
  rateLimiter: () => new ItemExponentialRateLimiter(200, 1_000_000),
  async reconcile(name, { lister, client }) {
    const request = lister(certificateSigningRequests).get(name)
    if (!request || request.status.certificate) return
    if (hasCondition(request, 'Approved') || hasCondition(request, 'Denied')) return
    const { signerName, username, usages } = request.spec
    if (signerName !== 'kubernetes.io/kube-apiserver-client-kubelet') return
    const parsed = parseCertificateRequest(requestPem(request))
    if (kubeletClientProblem(parsed, usages ?? []) !== undefined) return
    const ways = [
      ...(username === parsed.commonName
        ? [['selfnodeclient', 'Auto approving self kubelet client certificate after SubjectAccessReview.'] as const]
        : []),
      ['nodeclient', 'Auto approving kubelet client certificate after SubjectAccessReview.'] as const,
    ]
    for (const [subresource, message] of ways) {
      if (!(await mayCreate(client, request, subresource))) continue
      const condition = { type: 'Approved', status: 'True', reason: 'AutoApproved', message }
      const conditions = [...(request.status.conditions ?? []), condition]
      const approved = { ...request, status: { ...request.status, conditions } }
      await client.resource(certificateSigningRequests).updateSubresource(name, 'approval', approved)
      return
    }
    const tried = ways.map(([subresource]) => subresource).join(' ')
    throw new Error(`recognized csr ${quote(name)} as [${tried}] but subject access review was not approved`)
  },
})

async function mayCreate(client: Client, { spec }: CertificateSigningRequest, subresource: string): Promise<boolean> {
  const review = await client.resource<SubjectAccessReview>(subjectAccessReviews).create({
    spec: {
      user: spec.username,
      uid: spec.uid,
      groups: spec.groups ?? [],
      extra: spec.extra,
      resourceAttributes: {
        group: 'certificates.k8s.io',
        resource: 'certificatesigningrequests',
        verb: 'create',
        version: '*',
        subresource,
      },
    },
  })
  return review.status.allowed
}
