// Deletes bootstrap tokens when they have expired.

import { type Secret, secrets } from '../../api/core/v1/secret.ts'
import { controller } from '../../client/controller.ts'
import { isConflict, isNotFound } from '../../machinery/status-error.ts'
import { bootstrapTokenSelector, expiryOf } from './bootstrap-tokens.ts'

/** Timers can't wait longer than this. */
const longestWait = 24 * 3_600_000

export const tokenCleanerController = controller<Secret>({
  name: 'token-cleaner-controller',
  reconciles: secrets,
  fieldSelector: bootstrapTokenSelector,
  async reconcile(key, { lister, client, clock }) {
    const secret = lister(secrets).get(key)
    if (!secret) return undefined
    const left = expiryOf(secret) - clock.now()
    if (left > 0) return Number.isFinite(left) ? { requeueAfterMs: Math.min(left, longestWait) } : undefined
    const { namespace, name = '', uid } = secret.metadata
    try {
      await client.resource(secrets).namespace(namespace).delete(name, { preconditions: { uid } })
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
    return undefined
  },
})
