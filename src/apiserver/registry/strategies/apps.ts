// The workload kinds of group apps.

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

function countAnnotations(object: KubeObject, old: KubeObject): void {
  if (!deepEqual(object.metadata['annotations'] ?? {}, old.metadata['annotations'] ?? {}))
    object.metadata['generation'] = (old.metadata['generation'] ?? 0) + 1
}

export const appsStrategies: Readonly<Record<string, Strategy>> = {
  'deployments.apps': {
    tracksGeneration: true,
    defaultPropagation: 'Background',
    // The controller looks at a deployment's annotations too.
    prepareForUpdate: countAnnotations,
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
    validate: validateReplicaSet,
    validateUpdate: validateReplicaSetUpdate,
    validateStatusUpdate: validateReplicaSetStatusUpdate,
    warnings: workloadWarnings(),
  },
  'statefulsets.apps': {
    tracksGeneration: true,
    defaultPropagation: 'Background',
    validateName: nameIsDNSLabel,
    validate: validateStatefulSet,
    validateUpdate: validateStatefulSetUpdate,
    validateStatusUpdate: validateStatefulSetStatusUpdate,
    warnings: statefulSetWarnings,
  },
  'daemonsets.apps': {
    tracksGeneration: true,
    defaultPropagation: 'Background',
    validate: validateDaemonSet,
    validateUpdate: validateDaemonSetUpdate,
    validateStatusUpdate: validateDaemonSetStatusUpdate,
    warnings: workloadWarnings(),
  },
  'controllerrevisions.apps': {},
}
