// What becomes of a claim: it is bound to a volume that suits it, or waits for one to be made, for a pod, or for people.

import { migratedProvisioner } from '../../api/core/v1/csi-migration.ts'
import { type PersistentVolume, persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { pods } from '../../api/core/v1/pod.ts'
import {
  betaStorageProvisioner,
  bindCompleted,
  boundByController,
  boundVolume,
  capacityOf,
  hasAnnotation,
  isBoundTo,
  matchingVolume,
  namesStorageClass,
  selectedNode,
  storageClassOf,
  storageProvisioner,
  volumeMismatch,
  waitsForConsumer,
} from '../../api/core/v1/volume-binding.ts'
import { defaultClassOf, defaultStorageClassAnnotations } from '../../api/default-class.ts'
import { storageClasses } from '../../api/storage/v1/storageclass.ts'
import { keyFor, keyOf } from '../../client/object-key.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import { hasPodStopped } from '../pod-status.ts'
import { podsByClaim } from '../pods-by-claim.ts'
import { type BinderContext, syncPeriodMs } from './binder-context.ts'
import { updateVolumePhase } from './volume-phase.ts'

/** What the volume had before it was resized, while that is not finished. */
const preResizeCapacity = 'volume.alpha.kubernetes.io/pre-resize-capacity'

export async function syncClaim(key: string, context: BinderContext) {
  const claim = context.lister(persistentVolumeClaims).get(key)
  if (!claim) return undefined
  if (hasAnnotation(claim, bindCompleted)) {
    await syncBoundClaim(claim, context)
    return undefined
  }
  const bound = await syncUnboundClaim(claim, context)
  return bound ? undefined : { requeueAfterMs: syncPeriodMs }
}

/** True when there is nothing more to wait for. */
async function syncUnboundClaim(claim: PersistentVolumeClaim, context: BinderContext): Promise<boolean> {
  if (claim.spec.volumeName) return bindToNamed(claim, claim.spec.volumeName, context)
  const delayed = waitsForConsumer(context.lister(storageClasses).get(storageClassOf(claim)))
  const volume = matchingVolume(claim, context.lister(persistentVolumes).list(), { onlyPreBound: delayed })
  const { metrics } = context.state
  if (volume) {
    try {
      await bind(volume, claim, context)
    } catch (error) {
      metrics.failed(keyOf(claim))
      throw error
    }
    metrics.ended(keyOf(claim))
    return true
  }
  if (await assignDefaultClass(claim, context)) return true
  if (delayed && !hasAnnotation(claim, selectedNode)) tellWhatItWaitsFor(claim, context)
  else if (storageClassOf(claim) !== '') {
    await provision(claim, context)
    return false
  } else
    context.events.event(
      claim,
      'Normal',
      'FailedBinding',
      'no persistent volumes available for this claim and no storage class is set',
    )
  await updateClaimStatus(claim, 'Pending', undefined, context)
  return false
}

/** The user has named the volume. */
async function bindToNamed(claim: PersistentVolumeClaim, name: string, context: BinderContext): Promise<boolean> {
  const volume = context.lister(persistentVolumes).get(name)
  if (volume && !volume.spec.claimRef) {
    const mismatch = volumeMismatch(volume, claim)
    if (mismatch === undefined) {
      await bind(volume, claim, context)
      return true
    }
    const message = `Cannot bind to requested volume "${name}": ${mismatch}`
    context.events.event(claim, 'Warning', 'VolumeMismatch', message)
  } else if (volume && isBoundTo(volume, claim)) {
    await bind(volume, claim, context)
    return true
  } else if (volume) {
    const message = `volume "${name}" already bound to a different claim.`
    context.events.event(claim, 'Warning', 'FailedBinding', message)
    if (hasAnnotation(claim, boundByController)) {
      const { namespace, name: other = '' } = volume.spec.claimRef!
      throw new Error(
        `invalid binding of claim "${keyOf(claim)}" to volume "${name}": volume already claimed by "${keyFor(namespace, other)}"`,
      )
    }
  }
  await updateClaimStatus(claim, 'Pending', undefined, context)
  return false
}

async function syncBoundClaim(claim: PersistentVolumeClaim, context: BinderContext): Promise<void> {
  const lost = async (reason: string, message: string) => {
    if (claim.status.phase === 'Lost') return
    const updated = await updateClaimStatus(claim, 'Lost', undefined, context)
    context.events.event(updated, 'Warning', reason, message)
  }
  const { volumeName } = claim.spec
  if (!volumeName)
    return lost('ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!')
  const volume = context.lister(persistentVolumes).get(volumeName)
  if (!volume) return lost('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!')
  const { claimRef } = volume.spec
  if (!claimRef || claimRef.uid === claim.metadata.uid) return bind(volume, claim, context)
  return lost('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly')
}

/** Both ends and both phases, in an order that can be broken off anywhere and gone on with. */
async function bind(found: PersistentVolume, claim: PersistentVolumeClaim, context: BinderContext): Promise<void> {
  const { client } = context
  let volume = boundVolume(found, claim)
  if (volume !== found) volume = await client.resource(persistentVolumes).update(volume)
  volume = await updateVolumePhase(volume, 'Bound', context)
  const byController = claim.spec.volumeName !== volume.metadata.name
  let bound = claim
  if (byController || !hasAnnotation(claim, bindCompleted)) {
    const annotations = {
      ...claim.metadata.annotations,
      ...(byController && { [boundByController]: 'yes' }),
      [bindCompleted]: 'yes',
    }
    bound = await client
      .resource(persistentVolumeClaims)
      .namespace(claim.metadata.namespace)
      .update({
        ...claim,
        metadata: { ...claim.metadata, annotations },
        spec: { ...claim.spec, volumeName: volume.metadata.name },
      })
  }
  await updateClaimStatus(bound, 'Bound', volume, context)
}

async function updateClaimStatus(
  claim: PersistentVolumeClaim,
  phase: string,
  volume: PersistentVolume | undefined,
  { client }: BinderContext,
): Promise<PersistentVolumeClaim> {
  const { status } = claim
  const wanted = { ...status, phase }
  if (volume) {
    wanted.accessModes = volume.spec.accessModes
    // What a bound claim has is its resizer's to say.
    if (status.phase !== phase) wanted.capacity = capacityToTell(status.capacity, volume)
    if (status.phase === 'Pending')
      wanted.currentVolumeAttributesClassName = volume.spec.volumeAttributesClassName || undefined
  } else {
    wanted.accessModes = undefined
    wanted.capacity = undefined
    wanted.currentVolumeAttributesClassName = undefined
  }
  if (deepEqual(compact(wanted), compact(status))) return claim
  return client
    .resource(persistentVolumeClaims)
    .namespace(claim.metadata.namespace)
    .updateStatus({ ...claim, status: wanted } as PersistentVolumeClaim)
}

type Capacity = PersistentVolumeClaim['status']['capacity']

/** A volume that is being resized still has, for its claim, what it had. */
function capacityToTell(had: Capacity, volume: PersistentVolume): Capacity {
  const { capacity } = volume.spec
  if (capacity?.['storage'] === undefined)
    throw new Error(`PersistentVolume "${volume.metadata.name}" is without a storage capacity`)
  const before = volume.metadata.annotations?.[preResizeCapacity]
  if (before !== undefined) return { ...had, storage: quantityText(before) ?? capacity['storage'] }
  const same = had?.['storage'] !== undefined && capacityOf(volume).compare(parseQuantity(had['storage'])) === 0
  return same ? had : capacity
}

function quantityText(text: string): string | undefined {
  try {
    return parseQuantity(text).toString()
  } catch {
    return undefined
  }
}

const compact = (status: object) =>
  Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined && value !== null))

/** A claim that came before there was a default class gets it once there is one. */
async function assignDefaultClass(
  claim: PersistentVolumeClaim,
  { lister, client, state: { metrics } }: BinderContext,
): Promise<boolean> {
  if (namesStorageClass(claim)) return false
  const found = defaultClassOf(lister(storageClasses).list(), defaultStorageClassAnnotations)
  if (!found) return false
  try {
    await client
      .resource(persistentVolumeClaims)
      .namespace(claim.metadata.namespace)
      .update({ ...claim, spec: { ...claim.spec, storageClassName: found.metadata.name } })
  } catch (error) {
    metrics.defaulted(true)
    throw error
  }
  metrics.defaulted(false)
  return true
}

function tellWhatItWaitsFor(claim: PersistentVolumeClaim, { lister, events }: BinderContext): void {
  const waiting = lister(pods)
    .byIndex(podsByClaim, keyOf(claim))
    .filter(pod => !pod.spec.nodeName && !hasPodStopped(pod))
    .map(({ metadata }) => metadata.name!)
  if (waiting.length === 0) {
    const message = 'waiting for first consumer to be created before binding'
    events.event(claim, 'Normal', 'WaitForFirstConsumer', message)
    return
  }
  const which = waiting.length === 1 ? `pod ${waiting[0]}` : `pods ${waiting.join(',')}`
  events.event(claim, 'Normal', 'WaitForPodScheduled', `waiting for ${which} to be scheduled`)
}

/** No volumes are made here: whoever provisions for the class is told by an annotation. */
async function provision(claim: PersistentVolumeClaim, context: BinderContext): Promise<void> {
  const { lister, client, events, state } = context
  const className = storageClassOf(claim)
  const found = lister(storageClasses).get(className)
  const fail = (message: string) => events.event(claim, 'Warning', 'ProvisioningFailed', message)
  if (!found) return fail(`storageclass.storage.k8s.io "${className}" not found`)
  const provisioner = migratedProvisioner(found.provisioner)
  if (provisioner.startsWith('kubernetes.io/')) return fail(`no volume plugin matched name: ${provisioner}`)
  state.metrics.started(keyOf(claim), provisioner, 'provision')
  const { annotations } = claim.metadata
  let told = claim
  if (annotations?.[storageProvisioner] !== provisioner || annotations?.[betaStorageProvisioner] !== provisioner) {
    const updated = { ...annotations, [storageProvisioner]: provisioner, [betaStorageProvisioner]: provisioner }
    told = await client
      .resource(persistentVolumeClaims)
      .namespace(claim.metadata.namespace)
      .update({ ...claim, metadata: { ...claim.metadata, annotations: updated } })
  }
  events.event(
    told,
    'Normal',
    'ExternalProvisioning',
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
  )
}
