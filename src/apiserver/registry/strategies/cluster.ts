// Kinds that configure the cluster: admission, classes, leases, budgets, autoscalers, extension of the API.

import {
  validateHorizontalPodAutoscaler,
  validateHorizontalPodAutoscalerStatusUpdate,
} from '../../../api/autoscaling/v2/horizontalpodautoscaler.validation.ts'
import { conversionBetween } from '../../../api/conversion.ts'
import { validateLease } from '../../../api/coordination/v1/lease.validation.ts'
import { validateRuntimeClass, validateRuntimeClassUpdate } from '../../../api/node/v1/runtimeclass.validation.ts'
import { runtimeClassWarnings } from '../../../api/node/v1/runtimeclass.warnings.ts'
import {
  validatePodDisruptionBudget,
  validatePodDisruptionBudgetStatusUpdate,
} from '../../../api/policy/v1/poddisruptionbudget.validation.ts'
import type { KubeObject } from '../../../api/resource.ts'
import {
  validatePriorityClass,
  validatePriorityClassUpdate,
} from '../../../api/scheduling/v1/priorityclass.validation.ts'
import { nameIsPathSegment } from '../../../machinery/validation/names.ts'
import type { Strategy } from '../strategy.ts'
import { apiServiceStrategy } from './api-service.ts'

/** Kinds whose clients always say which version they saw. */
const careful: Strategy = { tracksGeneration: true, allowUnconditionalUpdate: false }

/** Both versions say the same, and are checked as the newer one. */
function asV2(autoscaler: KubeObject): KubeObject {
  if (autoscaler.apiVersion !== 'autoscaling/v1') return autoscaler
  const group = 'autoscaling'
  return conversionBetween('HorizontalPodAutoscaler', { group, version: 'v1' }, { group, version: 'v2' })!(autoscaler)
}

/** Coordinated leader election is off by default (KEP-4355). */
function dropDisabledLeaseFields(lease: KubeObject, old: KubeObject | undefined): void {
  for (const field of ['strategy', 'preferredHolder'])
    if (lease['spec']?.[field] !== undefined && old?.['spec']?.[field] === undefined) delete lease['spec'][field]
}

export const clusterStrategies: Readonly<Record<string, Strategy>> = {
  'apiservices.apiregistration.k8s.io': apiServiceStrategy,
  'poddisruptionbudgets.policy': {
    ...careful,
    validateName: nameIsPathSegment,
    validate: validatePodDisruptionBudget,
    validateUpdate: validatePodDisruptionBudget,
    validateStatusUpdate: validatePodDisruptionBudgetStatusUpdate,
  },
  'horizontalpodautoscalers.autoscaling': {
    validate: autoscaler => validateHorizontalPodAutoscaler(asV2(autoscaler)),
    validateUpdate: (autoscaler, old) => validateHorizontalPodAutoscaler(asV2(autoscaler), asV2(old)),
    validateStatusUpdate: autoscaler => validateHorizontalPodAutoscalerStatusUpdate(asV2(autoscaler)),
  },
  'leases.coordination.k8s.io': {
    allowCreateOnUpdate: true,
    allowUnconditionalUpdate: false,
    prepareForCreate: lease => dropDisabledLeaseFields(lease, undefined),
    prepareForUpdate: dropDisabledLeaseFields,
    validate: validateLease,
    validateUpdate: validateLease,
  },
  'runtimeclasses.node.k8s.io': {
    allowUnconditionalUpdate: false,
    validate: validateRuntimeClass,
    validateUpdate: validateRuntimeClassUpdate,
    warnings: runtimeClassWarnings,
  },
  'priorityclasses.scheduling.k8s.io': {
    // Upstream never counts on.
    prepareForCreate(priorityClass) {
      priorityClass.metadata['generation'] = 1
    },
    validate: validatePriorityClass,
    validateUpdate: validatePriorityClassUpdate,
  },
}
