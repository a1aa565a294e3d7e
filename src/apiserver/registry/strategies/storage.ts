// Volumes, claims on them, classes of storage, drivers, attachments.

import {
  validatePersistentVolume,
  validatePersistentVolumeUpdate,
} from '../../../api/core/v1/persistentvolume.validation.ts'
import {
  validatePersistentVolumeClaim,
  validatePersistentVolumeClaimStatusUpdate,
  validatePersistentVolumeClaimUpdate,
} from '../../../api/core/v1/persistentvolumeclaim.validation.ts'
import {
  persistentVolumeClaimWarnings,
  persistentVolumeWarnings,
} from '../../../api/core/v1/persistentvolumeclaim.warnings.ts'
import type { KubeObject } from '../../../api/resource.ts'
import {
  validateCSIDriver,
  validateCSIDriverUpdate,
  validateCSINode,
  validateCSINodeUpdate,
  validateCSIStorageCapacity,
  validateCSIStorageCapacityUpdate,
  validateStorageClass,
  validateStorageClassUpdate,
  validateVolumeAttachment,
  validateVolumeAttachmentUpdate,
  validateVolumeAttributesClass,
  validateVolumeAttributesClassUpdate,
} from '../../../api/storage/v1/storage.validation.ts'
import { csiStorageCapacityWarnings, storageClassWarnings } from '../../../api/storage/v1/storage.warnings.ts'
import { semanticEqual } from '../../../machinery/deep-equal.ts'
import { formatTime } from '../../../machinery/time.ts'
import type { Strategy } from '../strategy.ts'

const isClaimOrSnapshot = ({ apiGroup = '', kind }: { apiGroup?: string; kind?: string }): boolean =>
  (kind === 'PersistentVolumeClaim' && apiGroup === '') ||
  (kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io')

/** dataSource and dataSourceRef say the same; an older client knows only the first, and cannot name a namespace (KEP-1495). */
function normalizeDataSources(claim: KubeObject, old: KubeObject | undefined): void {
  const spec = claim['spec'] as Record<string, any>
  // What the older field cannot name is not refused but forgotten.
  if (spec['dataSource'] && !old?.['spec'].dataSource && !isClaimOrSnapshot(spec['dataSource']))
    delete spec['dataSource']
  if (spec['dataSourceRef']?.namespace && !old?.['spec'].dataSourceRef) delete spec['dataSourceRef']
  const { dataSource, dataSourceRef } = spec
  if (dataSource && !dataSourceRef) spec['dataSourceRef'] = { ...dataSource }
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { namespace: _namespace, ...local } = dataSourceRef
    spec['dataSource'] = local
  }
}

const persistentVolume: Strategy = {
  prepareForCreate(volume, { server }) {
    volume['status'] = { phase: 'Pending', lastPhaseTransitionTime: formatTime(server.env.clock.now()) }
  },
  prepareForStatusUpdate(volume, old, { server }) {
    volume['status'] ??= {}
    const [next, before] = [volume['status'], old['status'] ?? {}]
    if (next.phase === before.phase) next.lastPhaseTransitionTime ??= before.lastPhaseTransitionTime
    else if (!next.lastPhaseTransitionTime || next.lastPhaseTransitionTime === before.lastPhaseTransitionTime)
      next.lastPhaseTransitionTime = formatTime(server.env.clock.now())
    if (next.lastPhaseTransitionTime === undefined) delete next.lastPhaseTransitionTime
  },
  validate: validatePersistentVolume,
  validateUpdate: validatePersistentVolumeUpdate,
  warnings: persistentVolumeWarnings,
}

const persistentVolumeClaim: Strategy = {
  prepareForCreate(claim) {
    claim['status'] = { phase: 'Pending' }
    normalizeDataSources(claim, undefined)
  },
  prepareForUpdate: normalizeDataSources,
  validate: validatePersistentVolumeClaim,
  validateUpdate: validatePersistentVolumeClaimUpdate,
  validateStatusUpdate: validatePersistentVolumeClaimStatusUpdate,
  warnings: persistentVolumeClaimWarnings,
}

/** What of a driver may change, and counts. */
const mutableDriverFields = ['tokenRequests', 'requiresRepublish', 'seLinuxMount', 'nodeAllocatableUpdatePeriodSeconds']

/** VolumeLimitScaling is off by default. */
function dropScalingField({ spec }: KubeObject, old: KubeObject | undefined): void {
  if (old?.['spec'].preventPodSchedulingIfMissing === undefined) delete spec.preventPodSchedulingIfMissing
}

const csiDriver: Strategy = {
  allowUnconditionalUpdate: false,
  prepareForCreate: driver => dropScalingField(driver, undefined),
  prepareForUpdate(driver, old) {
    dropScalingField(driver, old)
    if (mutableDriverFields.some(field => !semanticEqual(driver['spec'][field], old['spec'][field])))
      driver.metadata['generation'] = (old.metadata['generation'] ?? 0) + 1
  },
  warnings({ spec }, old) {
    const asked =
      (spec.tokenRequests?.length ?? 0) > 0 && !semanticEqual(spec.tokenRequests, old?.['spec'].tokenRequests)
    return asked && spec.serviceAccountTokenInSecrets === undefined
      ? [
          'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes',
        ]
      : []
  },
  validate: validateCSIDriver,
  validateUpdate: validateCSIDriverUpdate,
}

export const storageStrategies: Readonly<Record<string, Strategy>> = {
  persistentvolumes: persistentVolume,
  persistentvolumeclaims: persistentVolumeClaim,
  'storageclasses.storage.k8s.io': {
    validate: validateStorageClass,
    validateUpdate: validateStorageClassUpdate,
    warnings: storageClassWarnings,
  },
  'csidrivers.storage.k8s.io': csiDriver,
  'csinodes.storage.k8s.io': {
    allowUnconditionalUpdate: false,
    validate: validateCSINode,
    validateUpdate: validateCSINodeUpdate,
  },
  'csistoragecapacities.storage.k8s.io': {
    allowUnconditionalUpdate: false,
    validate: validateCSIStorageCapacity,
    validateUpdate: validateCSIStorageCapacityUpdate,
    warnings: csiStorageCapacityWarnings,
  },
  'volumeattachments.storage.k8s.io': {
    statusKeepsMetadata: true,
    allowUnconditionalUpdate: false,
    validate: validateVolumeAttachment,
    validateUpdate: validateVolumeAttachmentUpdate,
    validateStatusUpdate: validateVolumeAttachmentUpdate,
  },
  'volumeattributesclasses.storage.k8s.io': {
    validate: validateVolumeAttributesClass,
    validateUpdate: validateVolumeAttributesClassUpdate,
  },
}
