// The Secrets in kube-system by which machines that join introduce themselves (type bootstrap.kubernetes.io/token).

import type { Secret } from '../../api/core/v1/secret.ts'
import { timeOf } from '../../machinery/time.ts'

export const bootstrapTokenSelector = 'metadata.namespace=kube-system,type=bootstrap.kubernetes.io/token'

export function tokenField({ data }: Secret, name: string): string {
  return Buffer.from(data?.[name] ?? '', 'base64').toString()
}

/** When it ends; Infinity: never. A time that can't be read has passed. */
export function expiryOf(secret: Secret): number {
  const text = tokenField(secret, 'expiration')
  if (text === '') return Number.POSITIVE_INFINITY
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(text)) return Number.NEGATIVE_INFINITY
  return timeOf(text) ?? Number.NEGATIVE_INFINITY
}
