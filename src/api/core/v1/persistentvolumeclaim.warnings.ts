// What PersistentVolumes and claims on them may say, but better don't.

import { quote } from '../../../machinery/go-text.ts'
import { parseQuantity } from '../../../machinery/quantity.ts'
import type { KubeObject } from '../../resource.ts'
import { warnOfNodeSelectorTerm } from './nodelabels.warnings.ts'
import type { PersistentVolumeClaimSpec } from './persistentvolumeclaim.ts'
import { warnOfVolumeKind } from './volume.warnings.ts'

/** Bytes are whole. */
export const isFractional = (text: string): boolean => parseQuantity(text).milliValue() % 1000 !== 0

export function warnOfClaimSpec(spec: PersistentVolumeClaimSpec, path: string, warnings: string[]): void {
  for (const list of ['requests', 'limits'] as const) {
    const text = spec.resources?.[list]?.['storage']
    if (text !== undefined && isFractional(text))
      warnings.push(
        `${path}.resources.${list}[storage]: fractional byte value ${quote(text)} is invalid, must be an integer`,
      )
  }
}

const classAnnotation = 'volume.beta.kubernetes.io/storage-class'
const mountAnnotation = 'volume.beta.kubernetes.io/mount-options'

function warnOfClassAnnotation(object: KubeObject, warnings: string[]): void {
  if (object.metadata['annotations']?.[classAnnotation] !== undefined)
    warnings.push(
      `metadata.annotations[${classAnnotation}]: deprecated since v1.8; use "storageClassName" attribute instead`,
    )
}

export function persistentVolumeClaimWarnings(claim: KubeObject): string[] {
  const warnings: string[] = []
  warnOfClassAnnotation(claim, warnings)
  if (claim['spec']) warnOfClaimSpec(claim['spec'], 'spec', warnings)
  return warnings
}

export function persistentVolumeWarnings(volume: KubeObject): string[] {
  const warnings: string[] = []
  const spec: Record<string, any> = volume['spec'] ?? {}
  warnOfClassAnnotation(volume, warnings)
  if (volume.metadata['annotations']?.[mountAnnotation] !== undefined)
    warnings.push(
      `metadata.annotations[${mountAnnotation}]: deprecated since v1.31; use "mountOptions" attribute instead`,
    )
  if (spec['persistentVolumeReclaimPolicy'] === 'Recycle')
    warnings.push(
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    )
  for (const [index, term] of (spec['nodeAffinity']?.required?.nodeSelectorTerms ?? []).entries())
    warnOfNodeSelectorTerm(term, false, `spec.nodeAffinity.required.nodeSelectorTerms[${index}]`, warnings)
  warnOfVolumeKind(spec, 'spec', warnings)
  return warnings
}
