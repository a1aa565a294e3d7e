// The AdmissionReview: what a webhook is asked, and whether what it answers is an answer.

import { AdmissionReview } from '../../../api/admission/v1/admissionreview.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { decodeObject } from '../../../machinery/codec/decode.ts'
import { quote } from '../../../machinery/go-text.ts'
import type { Status } from '../../../machinery/status-error.ts'
import type { AdmissionAttributes } from '../admission.ts'
import { admissionRequest } from '../matching/admission-request.ts'
import type { Matched } from '../matching/matching.ts'

export type ReviewVersion = 'v1' | 'v1beta1'

/** The first of the webhook's versions that we speak. */
export function reviewVersion(versions: readonly string[] | undefined): ReviewVersion | undefined {
  return versions?.find((version): version is ReviewVersion => version === 'v1' || version === 'v1beta1')
}

export interface ReviewSubject {
  readonly attributes: AdmissionAttributes
  readonly matched: Matched
  /** As the webhook is to see them: in the version it matched. */
  readonly object: KubeObject | undefined
  readonly oldObject: KubeObject | undefined
}

export function admissionReview(
  version: ReviewVersion,
  { attributes, matched, object, oldObject }: ReviewSubject,
  uid: string,
): object {
  const { dryRun, options, ...request } = admissionRequest(attributes, matched, uid)
  return {
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${version}`,
    request: { ...request, object: object ?? null, oldObject: oldObject ?? null, dryRun, options },
  }
}

export interface Verdict {
  readonly allowed: boolean
  readonly status: Partial<Status> | undefined
  /** base64 of the patch; '' when there is none. */
  readonly patch: string
  readonly patchType: string
  readonly auditAnnotations: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
}

const groupVersionKind = 'admission.k8s.io/v1, Kind=AdmissionReview'

/** What is not even an answer: it counts as if the webhook had not been reached. */
export class UnreadableAnswer extends Error {
  override readonly name = 'UnreadableAnswer'
}

function decodedReview(answer: unknown, version: ReviewVersion): AdmissionReview {
  const { apiVersion = '', kind = '' } = answer as { apiVersion?: string; kind?: string }
  const known = apiVersion === 'admission.k8s.io/v1' || apiVersion === 'admission.k8s.io/v1beta1'
  if (apiVersion !== '' && kind !== '' && !(known && kind === 'AdmissionReview'))
    throw new UnreadableAnswer(
      `no kind ${quote(kind)} is registered for version ${quote(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
    )
  if (known && kind !== '' && apiVersion !== `admission.k8s.io/${version}`) {
    const given = apiVersion.slice('admission.k8s.io/'.length)
    throw new UnreadableAnswer(
      `converting (${given}.AdmissionReview) to (${version}.AdmissionReview): unknown conversion`,
    )
  }
  try {
    return decodeObject<AdmissionReview>(AdmissionReview, answer, { mode: 'Ignore', bare: true }).object
  } catch (error) {
    throw new UnreadableAnswer((error as Error).message)
  }
}

/** Throws an Error that says what is wrong with the answer. */
export function verdictOf(answer: unknown, version: ReviewVersion, uid: string, mutating: boolean): Verdict {
  const { response } = decodedReview(answer, version)
  if (!response) throw new Error('webhook response was absent')
  let { patch = '', patchType } = response
  if (version === 'v1') {
    if (response.uid !== uid) throw new Error(`expected response.uid=${quote(uid)}, got ${quote(response.uid ?? '')}`)
    const got = kindText(answer as { apiVersion?: string; kind?: string })
    if (got !== groupVersionKind) throw new Error(`expected webhook response of ${groupVersionKind}, got ${got}`)
    checkPatch(patch, patchType, mutating)
  } else {
    if (!mutating) patch = ''
    patchType = patch === '' ? undefined : 'JSONPatch'
  }
  return {
    allowed: response.allowed ?? false,
    status: response.status as Partial<Status> | undefined,
    patch,
    patchType: patchType ?? '',
    auditAnnotations: response.auditAnnotations ?? {},
    warnings: response.warnings ?? [],
  }
}

function checkPatch(patch: string, patchType: string | undefined, mutating: boolean): void {
  if (mutating) {
    if (patch !== '' && patchType === undefined)
      throw new Error('webhook returned response.patch but not response.patchType')
    if (patch === '' && patchType !== undefined)
      throw new Error('webhook returned response.patchType but not response.patch')
    if (patchType === '') throw new Error('webhook returned invalid response.patchType of ""')
  } else {
    if (patch !== '') throw new Error('validating webhook may not return response.patch')
    if (patchType !== undefined) throw new Error('validating webhook may not return response.patchType')
  }
}

/** As Go prints a GroupVersionKind. */
function kindText({ apiVersion = '', kind = '' }: { apiVersion?: string; kind?: string }): string {
  return `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`
}
