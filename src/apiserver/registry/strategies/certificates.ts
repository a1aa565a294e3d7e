// Requests for certificates: who asks is what the server knows; approval and issue have subresources of their own.

import {
  validateCertificateSigningRequest,
  validateCertificateSigningRequestUpdate,
} from '../../../api/certificates/v1/certificatesigningrequest.validation.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { formatTime } from '../../../machinery/time.ts'
import { nameIsPathSegment } from '../../../machinery/validation/names.ts'
import type { Strategy, StrategyContext } from '../strategy.ts'

function requestedBy(request: KubeObject, { user }: StrategyContext): void {
  const spec = request['spec'] as Record<string, any>
  for (const field of ['username', 'uid', 'groups', 'extra']) delete spec[field]
  spec['username'] = user.name
  if (user.uid) spec['uid'] = user.uid
  if (user.groups.length > 0) spec['groups'] = [...user.groups]
  const extra = Object.entries(user.extra ?? {})
  if (extra.length > 0) spec['extra'] = Object.fromEntries(extra.map(([key, values]) => [key, [...values]]))
}

type Condition = { type: string; status?: string; lastUpdateTime?: string; lastTransitionTime?: string }

const conditionsOf = (request: KubeObject): Condition[] => request['status']?.conditions ?? []

/** As they stand, unless some were added or taken away, which validation refuses. */
function keepConditions(request: KubeObject, old: KubeObject, type: string): void {
  const before = conditionsOf(old).filter(condition => condition.type === type)
  const next = conditionsOf(request)
  if (next.filter(condition => condition.type === type).length !== before.length) return
  for (const [index, condition] of next.entries()) if (condition.type === type) next[index] = { ...before.shift()! }
}

/** Conditions get the times they changed; only the approval subresource decides about approval. */
function certificateConditions(request: KubeObject, old: KubeObject, { server }: StrategyContext): void {
  const now = formatTime(server.env.clock.now())
  const before = conditionsOf(old)
  for (const condition of conditionsOf(request)) {
    const known = before.find(({ type }) => type === condition.type)
    condition.lastUpdateTime ??= now
    condition.lastTransitionTime ??= (known?.status === condition.status && known?.lastTransitionTime) || now
  }
}

export const certificatesStrategies: Readonly<Record<string, Strategy>> = {
  'certificatesigningrequests.certificates.k8s.io': {
    validateName: nameIsPathSegment,
    prepareForCreate: requestedBy,
    validate: validateCertificateSigningRequest,
    prepareForUpdate(request, old, context) {
      request['spec'] = old['spec']
      if (context.subresource !== 'approval') return
      request['status'] = { ...old['status'], conditions: request['status']?.conditions }
      certificateConditions(request, old, context)
    },
    prepareForStatusUpdate(request, old, context) {
      request['status'] ??= {}
      for (const type of ['Approved', 'Denied']) keepConditions(request, old, type)
      certificateConditions(request, old, context)
    },
    validateUpdate: (request, old, { subresource }) =>
      validateCertificateSigningRequestUpdate(request, old, subresource),
    validateStatusUpdate: (request, old) => validateCertificateSigningRequestUpdate(request, old, 'status'),
  },
}
