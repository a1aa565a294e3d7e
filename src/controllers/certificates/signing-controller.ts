// Issues the certificates of approved CertificateSigningRequests, for the four signers that are Kubernetes' own.
//
// Comes in: requests, and the cluster's certificate authority; without its key nothing is signed. Goes out:
// status.certificate, or the condition Failed where a signer refuses what was approved.

import { X509Certificate } from 'node:crypto'
import {
  type ParsedCertificateRequest,
  parseCertificateRequest,
} from '../../api/certificates/v1/certificate-request.ts'
import {
  type CertificateSigningRequest,
  certificateSigningRequests,
} from '../../api/certificates/v1/certificatesigningrequest.ts'
import { type Controller, controller } from '../../client/controller.ts'
import { ItemExponentialRateLimiter } from '../../client/work-queue.ts'
import type { Env } from '../../machinery/env/env.ts'
import { formatTime } from '../../machinery/time.ts'
import { type KeyAndCertificate, signCertificate } from '../../machinery/x509/certificate.ts'
import type { ManagerEnvironment } from '../managed-controller.ts'
import { hasCondition, requestPem } from './conditions.ts'
import { apiServerClientProblem, kubeletClientProblem, kubeletServingProblem } from './kubelet-requests.ts'
import { extendedUsagesOf, keyUsagesOf } from './usages.ts'

const minute = 60_000
const hour = 60 * minute
/** Upstream's --cluster-signing-duration. */
const longest = 365 * 24 * hour
const shortest = 10 * minute
/** Certificates begin a little before now; those that live shorter than `short` keep their whole time nevertheless. */
const backdate = 5 * minute
const short = 8 * hour

type Rule = (request: ParsedCertificateRequest, usages: readonly string[]) => string | undefined

const signers: Readonly<Record<string, Rule>> = {
  'kubernetes.io/kube-apiserver-client': apiServerClientProblem,
  'kubernetes.io/kube-apiserver-client-kubelet': kubeletClientProblem,
  'kubernetes.io/kubelet-serving': kubeletServingProblem,
  'kubernetes.io/legacy-unknown': () => undefined,
}

export function certificateSigningController({ certificateAuthority }: ManagerEnvironment): Controller {
  return controller<CertificateSigningRequest>({
    name: 'certificatesigningrequest-signing-controller',
    reconciles: certificateSigningRequests,
    concurrency: 5,
    rateLimiter: () => new ItemExponentialRateLimiter(200, 1_000_000),
    async reconcile(name, { lister, client, env }) {
      const request = lister(certificateSigningRequests).get(name)
      if (!certificateAuthority || !request || request.status.certificate) return
      if (!hasCondition(request, 'Approved') || hasCondition(request, 'Denied') || hasCondition(request, 'Failed'))
        return
      const rule = signers[request.spec.signerName]
      if (!rule) return
      const parsed = parseCertificateRequest(requestPem(request))
      const problem = rule(parsed, request.spec.usages ?? [])
      const status =
        problem === undefined
          ? { ...request.status, certificate: base64(issue(env, certificateAuthority, request, parsed)) }
          : { ...request.status, conditions: [...(request.status.conditions ?? []), failed(problem, env.clock.now())] }
      await client.resource(certificateSigningRequests).updateStatus({ ...request, status })
    },
  })
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

function failed(message: string, now: number) {
  const at = formatTime(now)
  return {
    type: 'Failed',
    status: 'True',
    reason: 'SignerValidationFailure',
    message,
    lastUpdateTime: at,
    lastTransitionTime: at,
  }
}

function issue(
  env: Env,
  authority: KeyAndCertificate,
  { spec }: CertificateSigningRequest,
  parsed: ParsedCertificateRequest,
): string {
  const now = env.clock.now()
  const authorityEnds = Date.parse(new X509Certificate(authority.certificate).validTo)
  if (now >= authorityEnds) throw new Error('refusing to sign a certificate that expired in the past')
  const asked = spec.expirationSeconds === undefined ? longest : spec.expirationSeconds * 1000
  const lifetime = Math.min(longest, Math.max(shortest, asked))
  const notAfter = now + (lifetime < short ? lifetime : lifetime - backdate)
  const usages = spec.usages ?? []
  return signCertificate(
    authority,
    { ...parsed, keyUsages: keyUsagesOf(usages), extendedKeyUsages: extendedUsagesOf(usages) },
    { notBefore: now - backdate, notAfter: Math.min(notAfter, authorityEnds) },
    env.random.bytes(16),
  )
}
