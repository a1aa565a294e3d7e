// Kinds of the core group that need little of their own.

import { validateEvent } from '../../../api/cluster-kinds.validation.ts'
import {
  validateConfigMap,
  validateConfigMapUpdate,
  validateEndpoints,
  validateLimitRange,
  validateNode,
  validateNodeUpdate,
  validatePersistentVolume,
  validateResourceQuota,
  validateResourceQuotaStatusUpdate,
  validateResourceQuotaUpdate,
  validateSecret,
  validateSecretUpdate,
} from '../../../api/core/v1/config.validation.ts'
import {
  validatePersistentVolumeClaim,
  validatePersistentVolumeClaimUpdate,
} from '../../../api/core/v1/persistentvolumeclaim.validation.ts'
import { validateReplicationController } from '../../../api/core/v1/replicationcontroller.validation.ts'
import type { Strategy } from '../strategy.ts'

/** Events are forgotten after an hour (the API server's --event-ttl). */
const eventSeconds = 3600

const event: Strategy = {
  allowCreateOnUpdate: true,
  ttlSeconds: () => eventSeconds,
  validate: validateEvent,
}

/** A Secret's type is decided once. */
const secret: Strategy = {
  prepareForUpdate(object, old) {
    object['type'] ||= old['type']
  },
  validate: validateSecret,
  validateUpdate: validateSecretUpdate,
}

export const coreStrategies: Readonly<Record<string, Strategy>> = {
  configmaps: { validate: validateConfigMap, validateUpdate: validateConfigMapUpdate },
  secrets: secret,
  serviceaccounts: {},
  endpoints: { allowCreateOnUpdate: true, validate: validateEndpoints, validateUpdate: validateEndpoints },
  events: event,
  'events.events.k8s.io': event,
  limitranges: { allowCreateOnUpdate: true, validate: validateLimitRange, validateUpdate: validateLimitRange },
  resourcequotas: {
    validate: validateResourceQuota,
    validateUpdate: validateResourceQuotaUpdate,
    validateStatusUpdate: validateResourceQuotaStatusUpdate,
  },
  podtemplates: { tracksGeneration: true },
  replicationcontrollers: {
    tracksGeneration: true,
    defaultPropagation: 'Orphan',
    validate: validateReplicationController,
    validateUpdate: validateReplicationController,
  },
  nodes: {
    keepsStatusAtCreate: true,
    validate: validateNode,
    validateUpdate: validateNodeUpdate,
    validateStatusUpdate: validateNodeUpdate,
  },
  persistentvolumes: {
    prepareForCreate(volume) {
      volume['status'] = { phase: 'Pending' }
    },
    validate: validatePersistentVolume,
    validateUpdate: validatePersistentVolume,
  },
  persistentvolumeclaims: {
    prepareForCreate(claim) {
      claim['status'] = { phase: 'Pending' }
    },
    validate: validatePersistentVolumeClaim,
    validateUpdate: validatePersistentVolumeClaimUpdate,
  },
}
