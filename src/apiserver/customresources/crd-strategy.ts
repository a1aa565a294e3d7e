// What creating, changing and deleting a CustomResourceDefinition does besides storing it. The checks, and the libraries
// they need (patterns, expressions), are loaded at the first write.

import type { CustomResourceDefinition } from '../../api/apiextensions/v1/customresourcedefinition.ts'
import { formatTime } from '../../machinery/time.ts'
import type { Strategy } from '../registry/strategy.ts'
import { withCondition } from './conditions.ts'
import { loadedRoom, loadRoom } from './lazy.ts'

export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io'

const checks = () => loadedRoom()!.checks

function keepStorageVersion({ spec, status }: CustomResourceDefinition): void {
  const stored = spec.versions?.find(({ storage }) => storage)?.name
  const before = status.storedVersions ?? []
  if (stored === undefined || before.includes(stored)) return
  status.storedVersions = [...before, stored]
}

export const customResourceDefinitionStrategy: Strategy<any> = {
  tracksGeneration: true,
  allowUnconditionalUpdate: false,
  load() {
    return loadedRoom() ? undefined : loadRoom().then(() => {})
  },
  prepareForCreate: (crd: CustomResourceDefinition) => keepStorageVersion(crd),
  prepareForUpdate(crd: CustomResourceDefinition) {
    crd.status = { ...crd.status }
    keepStorageVersion(crd)
  },
  validate: (crd: CustomResourceDefinition) => checks().validateNewDefinition(crd),
  validateUpdate: (crd: CustomResourceDefinition, old: CustomResourceDefinition) =>
    checks().validateChangedDefinition(crd, old),
  validateStatusUpdate: (crd: CustomResourceDefinition) => checks().validateCustomResourceDefinitionStatus(crd),
  warnings: (crd: CustomResourceDefinition, old: CustomResourceDefinition | undefined) =>
    checks()
      .unrecognizedFormats(crd, old)
      .map(format => `unrecognized format ${JSON.stringify(format)}`),
  markForDeletion(crd: CustomResourceDefinition, { server }) {
    if (crd.metadata.deletionTimestamp) return undefined
    const now = formatTime(server.env.clock.now())
    const finalizers = crd.metadata.finalizers ?? []
    return {
      ...crd,
      metadata: {
        ...crd.metadata,
        deletionTimestamp: now,
        finalizers: finalizers.includes(cleanupFinalizer) ? finalizers : [...finalizers, cleanupFinalizer],
      },
      status: {
        ...crd.status,
        conditions: withCondition(
          crd.status.conditions ?? [],
          {
            type: 'Terminating',
            status: 'True',
            reason: 'InstanceDeletionPending',
            message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
          },
          now,
        ),
      },
    }
  },
}
