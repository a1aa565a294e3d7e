// The workload kinds of group apps.

import {
  validateControllerRevision,
  validateControllerRevisionUpdate,
} from '../../../api/apps/v1/controllerrevision.validation.ts'
import { templateGeneration } from '../../../api/apps/v1/daemonset.defaults.ts'
import {
  validateDaemonSet,
  validateDaemonSetStatusUpdate,
  validateDaemonSetUpdate,
  validateDeployment,
  validateDeploymentStatusUpdate,
  validateDeploymentUpdate,
  validateReplicaSet,
  validateReplicaSetStatusUpdate,
  validateReplicaSetUpdate,
  validateStatefulSet,
  validateStatefulSetStatusUpdate,
  validateStatefulSetUpdate,
} from '../../../api/apps/v1/workload.validation.ts'
import { statefulSetWarnings, workloadWarnings } from '../../../api/apps/v1/workload.warnings.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { deepEqual } from '../../../machinery/deep-equal.ts'
import { nameIsDNSLabel } from '../../../machinery/validation/names.ts'
import type { Strategy } from '../strategy.ts'
import { dropDisabledPodFields } from './disabled-fields.ts'

const podSpecOf = (object: KubeObject) => object['spec'].template?.spec

/** A template's fields of features that are off. */
function dropFields(object: KubeObject, old?: KubeObject): void {
  dropDisabledPodFields(podSpecOf(object), old && podSpecOf(old))
}

const rollingUpdateOf = (set: KubeObject | undefined) => set?.['spec'].updateStrategy?.rollingUpdate

/** MaxUnavailableStatefulSet */
function dropMaxUnavailable(set: KubeObject, old?: KubeObject): void {
  const rollingUpdate = rollingUpdateOf(set)
  if (rollingUpdate?.maxUnavailable !== undefined && rollingUpdateOf(old)?.maxUnavailable === undefined)
    delete rollingUpdate.maxUnavailable
}

/** A DaemonSet counts the changes of its template in an annotation, which only the server writes. */
function countTemplates(set: KubeObject, old: KubeObject | undefined): void {
  let count = 1
  if (old) {
    count = Number(old.metadata['annotations']?.[templateGeneration] ?? 1)
    if (!deepEqual(set['spec'].template, old['spec'].template)) count++
  } else {
    const given = Number(set.metadata['annotations']?.[templateGeneration])
    if (Number.isSafeInteger(given) && given > 1) count = given
  }
  set.metadata['annotations'] = { ...set.metadata['annotations'], [templateGeneration]: String(count) }
}

function countAnnotations(object: KubeObject, old: KubeObject): void {
  if (!deepEqual(object.metadata['annotations'] ?? {}, old.metadata['annotations'] ?? {}))
    object.metadata['generation'] = (old.metadata['generation'] ?? 0) + 1
}

export const appsStrategies: Readonly<Record<string, Strategy>> = {
  'deployments.apps': {
    tracksGeneration: true,
    defaultPropagation: 'Background',
    // The controller looks at a deployment's annotations too.
    prepareForCreate: object => dropFields(object),
    prepareForUpdate(deployment, old) {
      dropFields(deployment, old)
      countAnnotations(deployment, old)
    },
    prepareForStatusUpdate(deployment, old) {
      deployment.metadata['labels'] = old.metadata['labels']
    },
    validate: validateDeployment,
    validateUpdate: validateDeploymentUpdate,
    validateStatusUpdate: validateDeploymentStatusUpdate,
    warnings: workloadWarnings(),
  },
  'replicasets.apps': {
    tracksGeneration: true,
    defaultPropagation: 'Background',
    prepareForCreate: object => dropFields(object),
    prepareForUpdate: dropFields,
    validate: validateReplicaSet,
    validateUpdate: validateReplicaSetUpdate,
    validateStatusUpdate: validateReplicaSetStatusUpdate,
    warnings: workloadWarnings(),
  },
  'statefulsets.apps': {
    tracksGeneration: true,
    defaultPropagation: 'Background',
    validateName: nameIsDNSLabel,
    prepareForCreate(set) {
      dropFields(set)
      dropMaxUnavailable(set)
    },
    prepareForUpdate(set, old) {
      dropFields(set, old)
      dropMaxUnavailable(set, old)
    },
    validate: validateStatefulSet,
    validateUpdate: validateStatefulSetUpdate,
    validateStatusUpdate: validateStatefulSetStatusUpdate,
    warnings: statefulSetWarnings,
  },
  'daemonsets.apps': {
    tracksGeneration: true,
    defaultPropagation: 'Background',
    prepareForCreate(set) {
      dropFields(set)
      countTemplates(set, undefined)
    },
    prepareForUpdate(set, old) {
      dropFields(set, old)
      countTemplates(set, old)
    },
    prepareForStatusUpdate(set, old) {
      const count = old.metadata['annotations']?.[templateGeneration]
      if (count !== undefined)
        set.metadata['annotations'] = { ...set.metadata['annotations'], [templateGeneration]: count }
    },
    validate: validateDaemonSet,
    validateUpdate: validateDaemonSetUpdate,
    validateStatusUpdate: validateDaemonSetStatusUpdate,
    warnings: workloadWarnings('spec.template', false),
  },
  'controllerrevisions.apps': {
    validate: validateControllerRevision,
    validateUpdate: validateControllerRevisionUpdate,
  },
}
