// Which volume suits which claim, and what binding writes into both: one set of rules for the controller that binds and
// the scheduler that chooses with the node in mind.

import { quote } from '../../../machinery/go-text.ts'
import { labelSelectorFrom } from '../../../machinery/labels.ts'
import { parseQuantity } from '../../../machinery/quantity.ts'
import type { StorageClass } from '../../storage/v1/storageclass.ts'
import type { PersistentVolume } from './persistentvolume.ts'
import type { PersistentVolumeClaim } from './persistentvolumeclaim.ts'
import type { Pod } from './pod.ts'
import type { Volume } from './volume.ts'

/** The claim is bound, once and for all. */
export const bindCompleted = 'pv.kubernetes.io/bind-completed'
/** The binding, which of both it is on says the rest, was the controller's choice and not the user's. */
export const boundByController = 'pv.kubernetes.io/bound-by-controller'
export const provisionedBy = 'pv.kubernetes.io/provisioned-by'
export const selectedNode = 'volume.kubernetes.io/selected-node'
export const storageProvisioner = 'volume.kubernetes.io/storage-provisioner'
export const betaStorageProvisioner = 'volume.beta.kubernetes.io/storage-provisioner'
/** The provisioner of classes whose volumes people make. */
export const noProvisioner = 'kubernetes.io/no-provisioner'
const betaStorageClass = 'volume.beta.kubernetes.io/storage-class'

type WithAnnotations = { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> | null } }

export const hasAnnotation = ({ metadata }: WithAnnotations, name: string): boolean =>
  metadata.annotations?.[name] !== undefined

/** '' for none. */
export function storageClassOf(object: PersistentVolume | PersistentVolumeClaim): string {
  return object.metadata.annotations?.[betaStorageClass] ?? object.spec.storageClassName ?? ''
}

/** It names a class, were it the empty one. */
export const namesStorageClass = (claim: PersistentVolumeClaim): boolean =>
  hasAnnotation(claim, betaStorageClass) || (claim.spec.storageClassName ?? undefined) !== undefined

export const waitsForConsumer = (storageClass: StorageClass | undefined): boolean =>
  storageClass?.volumeBindingMode === 'WaitForFirstConsumer'

/** The volume is bound to, or kept for, this claim. */
export function isBoundTo({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  if (!claimRef || claimRef.name !== metadata.name || claimRef.namespace !== metadata.namespace) return false
  return !claimRef.uid || claimRef.uid === metadata.uid
}

export const isFullyBound = (claim: PersistentVolumeClaim): boolean =>
  !!claim.spec.volumeName && hasAnnotation(claim, bindCompleted)

export const capacityOf = (volume: PersistentVolume) => parseQuantity(volume.spec.capacity?.['storage'] ?? '0')
export const requestOf = (claim: PersistentVolumeClaim) =>
  parseQuantity(claim.spec.resources?.requests?.['storage'] ?? '0')

export function offersAccessModes(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const offered = volume.spec.accessModes ?? []
  return (claim.spec.accessModes ?? []).every(mode => offered.includes(mode))
}

export const volumeModeOf = ({ spec }: PersistentVolume | PersistentVolumeClaim) => spec.volumeMode ?? 'Filesystem'
const attributesClassOf = ({ spec }: PersistentVolume | PersistentVolumeClaim) => spec.volumeAttributesClassName ?? ''

/** Why a claim cannot have the volume it names; undefined when it can. */
export function volumeMismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  const { deletionTimestamp, name } = volume.metadata
  if (deletionTimestamp) return `the volume is marked for deletion ${quote(name ?? '')}`
  if (capacityOf(volume).compare(requestOf(claim)) < 0) return 'requested PV is too small'
  if (storageClassOf(volume) !== storageClassOf(claim)) return 'storageClassName does not match'
  if (attributesClassOf(volume) !== attributesClassOf(claim)) return 'volumeAttributesClassName does not match'
  if (volumeModeOf(volume) !== volumeModeOf(claim)) return 'incompatible volumeMode'
  if (!offersAccessModes(volume, claim)) return 'incompatible accessMode'
  return undefined
}

export interface MatchOptions {
  readonly excluded?: ReadonlySet<string>
  /** With a node in mind: whether the volume can be used there. */
  readonly fitsNode?: (volume: PersistentVolume) => boolean
  /** Only a volume that is kept for the claim will do: the scheduler chooses among the others. */
  readonly onlyPreBound?: boolean
}

/**
 * With a node in mind the volume that is kept for the claim, or the smallest that suits it. Otherwise the same of those
 * with the fewest access modes.
 */
export function matchingVolume(
  claim: PersistentVolumeClaim,
  volumes: Iterable<PersistentVolume>,
  { excluded, fitsNode, onlyPreBound }: MatchOptions = {},
): PersistentVolume | undefined {
  const requested = requestOf(claim)
  const { selector } = claim.spec
  const labels = selector ? labelSelectorFrom(selector) : undefined
  let best: PersistentVolume | undefined
  let keptOne: PersistentVolume | undefined
  for (const volume of volumes) {
    if (excluded?.has(volume.metadata.name ?? '') || volume.metadata.deletionTimestamp) continue
    const kept = isBoundTo(volume, claim)
    if (volume.spec.claimRef && !kept) continue
    if (volumeModeOf(volume) !== volumeModeOf(claim) || attributesClassOf(volume) !== attributesClassOf(claim)) continue
    if (capacityOf(volume).compare(requested) < 0) continue
    if (kept && fitsNode) return fitsNode(volume) ? volume : undefined
    if (!offersAccessModes(volume, claim)) continue
    if (kept) {
      keptOne = volume
      continue
    }
    if (onlyPreBound || volume.status.phase !== 'Available') continue
    if (labels && !labels.matches(volume.metadata.labels ?? {})) continue
    if (storageClassOf(volume) !== storageClassOf(claim)) continue
    if (fitsNode && !fitsNode(volume)) continue
    const modes = best && !fitsNode ? modesOf(volume) - modesOf(best) : 0
    if (!best || modes < 0 || (modes === 0 && capacityOf(volume).compare(capacityOf(best)) < 0)) best = volume
  }
  return keptOne && (!best || modesOf(keptOne) <= modesOf(best)) ? keptOne : best
}

const modesOf = ({ spec }: PersistentVolume): number => spec.accessModes?.length ?? 0

/** The volume as it is when bound to the claim; the same object when it is so already. */
export function boundVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const { claimRef } = volume.spec
  const { namespace, name, uid, resourceVersion } = claim.metadata
  const kept = claimRef?.name === name && claimRef?.namespace === namespace
  if (kept && claimRef?.uid === uid) return volume
  const annotations = kept
    ? volume.metadata.annotations
    : { ...volume.metadata.annotations, [boundByController]: 'yes' }
  return {
    ...volume,
    metadata: { ...volume.metadata, annotations },
    spec: {
      ...volume.spec,
      claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name, uid, resourceVersion },
    },
  }
}

/** The claim that a pod's volume stands for; undefined when it stands for none. */
export function claimNameOf(pod: Pod, volume: Volume): string | undefined {
  if (volume.persistentVolumeClaim) return volume.persistentVolumeClaim.claimName
  return volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : undefined
}

/** The keys of all claims that the pod uses. */
export function claimKeysOf(pod: Pod): readonly string[] {
  const keys: string[] = []
  for (const volume of pod.spec.volumes ?? []) {
    const name = claimNameOf(pod, volume)
    if (name !== undefined) keys.push(`${pod.metadata.namespace}/${name}`)
  }
  return keys
}

/** Why an ephemeral volume's claim is not the pod's; undefined when it is. */
export function foreignClaim(pod: Pod, claim: PersistentVolumeClaim): string | undefined {
  const owned = claim.metadata.ownerReferences?.some(({ uid, controller }) => controller && uid === pod.metadata.uid)
  const { namespace, name } = claim.metadata
  return owned
    ? undefined
    : `PVC ${namespace}/${name} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`
}
