// The workload kinds of group apps.

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
  },
  'replicasets.apps': { tracksGeneration: true, defaultPropagation: 'Background' },
  'statefulsets.apps': { tracksGeneration: true, defaultPropagation: 'Background', validateName: nameIsDNSLabel },
  'daemonsets.apps': { tracksGeneration: true, defaultPropagation: 'Background' },
  'controllerrevisions.apps': {},
}
