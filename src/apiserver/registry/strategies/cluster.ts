// Kinds that configure the cluster: admission, flow control, certificates, classes, leases, budgets, extension of the API.

import { validateHorizontalPodAutoscaler } from '../../../api/autoscaling/v2/horizontalpodautoscaler.validation.ts'
import {
  validateCertificateSigningRequest,
  validateLease,
  validatePodDisruptionBudget,
  validatePriorityClass,
  validatePriorityClassUpdate,
  validateRuntimeClass,
  validateRuntimeClassUpdate,
} from '../../../api/cluster-kinds.validation.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { formatTime } from '../../../machinery/time.ts'
import { nameIsPathSegment } from '../../../machinery/validation/names.ts'
import type { Strategy, StrategyContext } from '../strategy.ts'
import { apiServiceStrategy } from './api-service.ts'

const counted: Strategy = { tracksGeneration: true }
/** Kinds whose clients always say which version they saw. */
const careful: Strategy = { tracksGeneration: true, allowUnconditionalUpdate: false }

/** Who asks is what the server knows, not what the request says. */
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

/** Conditions get the times they changed; only the approval subresource decides about approval. */
function certificateConditions(request: KubeObject, old: KubeObject, { server }: StrategyContext): void {
  const now = formatTime(server.env.clock.now())
  const before: Condition[] = old['status']?.conditions ?? []
  for (const condition of (request['status']?.conditions ?? []) as Condition[]) {
    const known = before.find(({ type }) => type === condition.type)
    condition.lastUpdateTime ??= now
    if (condition.lastTransitionTime === undefined)
      condition.lastTransitionTime = known?.status === condition.status ? (known?.lastTransitionTime ?? now) : now
  }
}

const certificateSigningRequest: Strategy = {
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
    const decisions = (object: KubeObject): Condition[] =>
      ((object['status']?.conditions ?? []) as Condition[]).filter(
        ({ type }) => type === 'Approved' || type === 'Denied',
      )
    const others = ((request['status']?.conditions ?? []) as Condition[]).filter(
      ({ type }) => type !== 'Approved' && type !== 'Denied',
    )
    const conditions = [...decisions(old), ...others]
    request['status'] = { ...request['status'], ...(conditions.length > 0 ? { conditions } : {}) }
    certificateConditions(request, old, context)
  },
}

export const clusterStrategies: Readonly<Record<string, Strategy>> = {
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': careful,
  'validatingwebhookconfigurations.admissionregistration.k8s.io': careful,
  'apiservices.apiregistration.k8s.io': apiServiceStrategy,
  'flowschemas.flowcontrol.apiserver.k8s.io': careful,
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': careful,
  'poddisruptionbudgets.policy': {
    ...careful,
    validate: validatePodDisruptionBudget,
    validateUpdate: validatePodDisruptionBudget,
  },
  'horizontalpodautoscalers.autoscaling': {
    validate: validateHorizontalPodAutoscaler,
    validateUpdate: validateHorizontalPodAutoscaler,
  },
  'leases.coordination.k8s.io': {
    allowCreateOnUpdate: true,
    allowUnconditionalUpdate: false,
    validate: validateLease,
    validateUpdate: validateLease,
  },
  'runtimeclasses.node.k8s.io': {
    allowUnconditionalUpdate: false,
    validate: validateRuntimeClass,
    validateUpdate: validateRuntimeClassUpdate,
  },
  'priorityclasses.scheduling.k8s.io': {
    ...counted,
    validate: validatePriorityClass,
    validateUpdate: validatePriorityClassUpdate,
  },
  'certificatesigningrequests.certificates.k8s.io': certificateSigningRequest,
  'deviceclasses.resource.k8s.io': counted,
  'resourceslices.resource.k8s.io': counted,
  'resourceclaims.resource.k8s.io': {},
  'resourceclaimtemplates.resource.k8s.io': {},
}
