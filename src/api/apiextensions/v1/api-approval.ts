// Groups that belong to the Kubernetes project: their definitions must say that the API was approved.

import { quote } from '../../../machinery/go-text.ts'

export const approvedAnnotation = 'api-approved.kubernetes.io'

export type ApprovalState = 'invalid' | 'approved' | 'bypassed' | 'missing'

export function isProtectedGroup(group: string): boolean {
  return ['k8s.io', 'kubernetes.io'].some(domain => group === domain || group.endsWith(`.${domain}`))
}

const see = 'see https://github.com/kubernetes/enhancements/pull/1111'

/** What the annotation says, and upstream's words for it. */
export function approvalOf(annotations: Readonly<Record<string, string>> | undefined): {
  readonly state: ApprovalState
  readonly reason: string
} {
  const annotation = annotations?.[approvedAnnotation] ?? ''
  const must = `protected groups must have approval annotation ${quote(approvedAnnotation)}`
  if (annotation === '') return { state: 'missing', reason: `${must}, ${see}` }
  if (annotation.startsWith('unapproved')) return { state: 'bypassed', reason: `not approved: ${quote(annotation)}` }
  if (/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/?#\s]+\S*$/.test(annotation))
    return { state: 'approved', reason: `approved in ${annotation}` }
  return { state: 'invalid', reason: `${must} with either a URL or a reason starting with "unapproved", ${see}` }
}
