// Kinds of the core group that need little of their own.

import { podTemplateWarnings, workloadWarnings } from '../../../api/apps/v1/workload.warnings.ts'
import {
  validateConfigMap,
  validateConfigMapUpdate,
  validateEndpoints,
  validateLimitRange,
  validateResourceQuota,
  validateResourceQuotaStatusUpdate,
  validateResourceQuotaUpdate,
  validateSecret,
  validateSecretUpdate,
} from '../../../api/core/v1/config.validation.ts'
import { nodeWarnings, secretWarnings, serviceAccountWarnings } from '../../../api/core/v1/config.warnings.ts'
import { validateEvent, validateEventUpdate } from '../../../api/core/v1/event.validation.ts'
import { validateNode, validateNodeStatusUpdate, validateNodeUpdate } from '../../../api/core/v1/node.validation.ts'
import { validatePodTemplate } from '../../../api/core/v1/pod.validation.ts'
import {
  validateReplicationController,
  validateReplicationControllerStatusUpdate,
} from '../../../api/core/v1/replicationcontroller.validation.ts'
import { endpointsWarnings } from '../../../api/core/v1/service.warnings.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { nameIsLongName, nameIsPathSegment } from '../../../machinery/validation/names.ts'
import type { Strategy } from '../strategy.ts'
import { dropDisabledPodFields } from './disabled-fields.ts'

/** Events are forgotten after an hour (the API server's --event-ttl). */
const eventSeconds = 3600

const event: Strategy = {
  allowCreateOnUpdate: true,
  defaultPropagation: 'Unsupported',
  ttlSeconds: () => eventSeconds,
  validate: validateEvent,
  validateUpdate: validateEventUpdate,
}

/** A Secret's type is decided once. */
const secret: Strategy = {
  prepareForUpdate(object, old) {
    object['type'] ||= old['type']
  },
  validate: validateSecret,
  validateUpdate: validateSecretUpdate,
  warnings: secretWarnings,
}

/** Of the secrets an account refers to only the names count. */
function onlyNames(account: KubeObject): void {
  if (account['secrets'])
    account['secrets'] = account['secrets'].map(({ name }: { name?: string }) => (name ? { name } : {}))
}

/** Where a node's kubelet takes its configuration from is not asked any more. */
function dropConfigSource(node: KubeObject, old: KubeObject | undefined): void {
  if (node['spec']?.configSource && !old?.['spec'].configSource) delete node['spec'].configSource
  if (!old) delete node['status']?.config
}

/** Nor which configuration it runs with. */
function dropStatusConfig(node: KubeObject, old: KubeObject): void {
  if (!old['status']?.config) delete node['status']?.config
}

export const coreStrategies: Readonly<Record<string, Strategy>> = {
  configmaps: { validate: validateConfigMap, validateUpdate: validateConfigMapUpdate },
  secrets: secret,
  serviceaccounts: {
    prepareForCreate: onlyNames,
    prepareForUpdate: onlyNames,
    warnings: serviceAccountWarnings,
  },
  endpoints: {
    allowCreateOnUpdate: true,
    validate: endpoints => validateEndpoints(endpoints),
    validateUpdate: validateEndpoints,
    warnings: endpointsWarnings,
  },
  // Their metadata is checked by nobody but the generic part.
  events: { ...event, validateName: nameIsPathSegment },
  'events.events.k8s.io': event,
  limitranges: {
    allowCreateOnUpdate: true,
    prepareForCreate(range, { server }) {
      range.metadata.name ||= server.env.random.uuid()
    },
    validate: validateLimitRange,
    validateUpdate: validateLimitRange,
  },
  resourcequotas: {
    validate: validateResourceQuota,
    validateUpdate: validateResourceQuotaUpdate,
    validateStatusUpdate: validateResourceQuotaStatusUpdate,
  },
  podtemplates: {
    tracksGeneration: true,
    prepareForCreate: object => dropDisabledPodFields(object['template']?.spec),
    prepareForUpdate: (object, old) => dropDisabledPodFields(object['template']?.spec, old['template']?.spec),
    validate: validatePodTemplate,
    validateUpdate: validatePodTemplate,
    warnings: podTemplateWarnings,
  },
  replicationcontrollers: {
    tracksGeneration: true,
    validateName: nameIsLongName,
    defaultPropagation: 'Orphan',
    prepareForCreate: object => dropDisabledPodFields(object['spec'].template?.spec),
    prepareForUpdate: (object, old) => dropDisabledPodFields(object['spec'].template?.spec, old['spec'].template?.spec),
    validate: validateReplicationController,
    validateUpdate: validateReplicationController,
    validateStatusUpdate: validateReplicationControllerStatusUpdate,
    warnings: workloadWarnings('template'),
  },
  nodes: {
    keepsStatusAtCreate: true,
    prepareForCreate: node => dropConfigSource(node, undefined),
    prepareForUpdate: dropConfigSource,
    prepareForStatusUpdate: dropStatusConfig,
    validate: validateNode,
    validateUpdate: validateNodeUpdate,
    validateStatusUpdate: validateNodeStatusUpdate,
    warnings: nodeWarnings,
  },
}
