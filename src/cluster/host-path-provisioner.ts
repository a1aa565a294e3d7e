// The storage that a cluster on one machine comes with: the default class `standard`, whose volumes are directories of
// the node that their first pod goes to.
//
// Comes in: claims that the binder has marked for this provisioner, and volumes of its own that are released. Goes out:
// PersistentVolumes that lead back to their node, and directories below the node's own, made and removed.

import type { Node } from '../api/core/v1/node.ts'
import { type PersistentVolume, persistentVolumes } from '../api/core/v1/persistentvolume.ts'
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../api/core/v1/persistentvolumeclaim.ts'
import { provisionedBy, selectedNode, storageClassOf, storageProvisioner } from '../api/core/v1/volume-binding.ts'
import { clusterRoleBindings } from '../api/rbac/v1/clusterrolebinding.ts'
import { type StorageClass, storageClasses } from '../api/storage/v1/storageclass.ts'
import type { Client } from '../client/client.ts'
import { type ControllerContext, controller, type RunningController, watch } from '../client/controller.ts'
import { ComponentEventRecorder } from '../client/event-recorder.ts'
import { InformerFactory } from '../client/informer.ts'
import { keyOf } from '../client/object-key.ts'
import type { VolumeHost } from '../kubelet/volumes/volume-host.ts'
import type { Env } from '../machinery/env/env.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { createUnlessThere } from './create-unless-there.ts'

export const hostPathProvisioner = 'k8ts.dev/host-path'
export const hostPathServiceAccount = 'host-path-provisioner'
const hostnameLabel = 'kubernetes.io/hostname'

/** A node on whose disk, or in whose memory, there is room. */
export interface StorageNode {
  readonly name: string
  readonly host: VolumeHost
  /** Volumes are directories below it. */
  readonly directory: string
}

export interface HostPathStorageOptions {
  readonly env: Env
  /** Creates the class and the provisioner's rights. */
  readonly admin: Client
  /** The provisioner's own. */
  readonly client: Client
  node(name: string): StorageNode | undefined
  /** For claims that no pod has to ask for first. */
  anyNode(): StorageNode | undefined
}

export interface HostPathStorage {
  stop(): Promise<void>
}

export async function startHostPathStorage(options: HostPathStorageOptions): Promise<HostPathStorage> {
  const { env, admin, client } = options
  await createUnlessThere(() => admin.resource(storageClasses).create(standardClass))
  await createUnlessThere(() => admin.resource(clusterRoleBindings).create(provisionerRights))
  const informers = new InformerFactory(client, env)
  const events = new ComponentEventRecorder(client, env, { component: hostPathProvisioner })
  const running: RunningController = provisioner(options).start({ client, informers, events, env })
  informers.start()
  return {
    async stop() {
      await running.stop()
      events.stop()
      await informers.stop()
    },
  }
}

const standardClass = {
  metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: hostPathProvisioner,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
} as const

const provisionerRights = {
  metadata: { name: 'k8ts:host-path-provisioner' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:persistent-volume-provisioner' },
  subjects: [{ kind: 'ServiceAccount', name: hostPathServiceAccount, namespace: 'kube-system' }],
} as const

function provisioner(options: HostPathStorageOptions) {
  return controller<PersistentVolumeClaim>({
    name: 'host-path-provisioner',
    reconciles: persistentVolumeClaims,
    filter: ({ after }) => after?.metadata.annotations?.[storageProvisioner] === hostPathProvisioner,
    watches: [
      watch<PersistentVolume>(persistentVolumes, {
        keys: ({ after }) => (after && isReleased(after) ? [after.metadata.name!] : []),
      }),
      watch<StorageClass>(storageClasses, {}),
    ],
    reconcile: (key, context) =>
      key.includes('/') ? provision(key, context, options) : reclaim(key, context, options),
  })
}

async function provision(key: string, context: ControllerContext<any>, options: HostPathStorageOptions): Promise<void> {
  const { lister, client, events } = context
  const claim = lister(persistentVolumeClaims).get(key)
  const storageClass = claim && lister(storageClasses).get(storageClassOf(claim))
  if (!claim || claim.spec.volumeName || claim.metadata.deletionTimestamp) return
  if (storageClass?.provisioner !== hostPathProvisioner) return
  const chosen = claim.metadata.annotations?.[selectedNode]
  if (chosen === undefined && storageClass.volumeBindingMode === 'WaitForFirstConsumer') return
  const name = `pvc-${claim.metadata.uid}`
  if (lister(persistentVolumes).get(name)) return
  const fail = (why: string) => {
    const message = `failed to provision volume with StorageClass "${storageClass.metadata.name}": ${why}`
    events.event(claim, 'Warning', 'ProvisioningFailed', message)
  }
  if (claim.spec.volumeMode === 'Block')
    return fail(`${hostPathProvisioner} does not support block volume provisioning`)
  if (claim.spec.selector) return fail('claim Selector is not supported')
  const node = chosen === undefined ? options.anyNode() : options.node(chosen)
  if (!node) {
    fail(chosen === undefined ? 'there is no node' : `node "${chosen}" has no host path storage`)
    // Without the node's name the scheduler looks for another.
    if (chosen !== undefined) await deselect(claim, client)
    return
  }
  events.event(
    claim,
    'Normal',
    'Provisioning',
    `External provisioner is provisioning volume for claim "${keyOf(claim)}"`,
  )
  const path = `${node.directory}/${name}_${claim.metadata.namespace}_${claim.metadata.name}`
  await node.host.makeDirectory(path, { mode: 0o777 })
  await createUnlessThere(() => client.resource(persistentVolumes).create(volumeFor(claim, storageClass, node, path)))
  events.event(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`)
}

function volumeFor(claim: PersistentVolumeClaim, storageClass: StorageClass, node: StorageNode, path: string) {
  const { namespace, name, uid, resourceVersion } = claim.metadata
  return {
    metadata: { name: `pvc-${uid}`, annotations: { [provisionedBy]: hostPathProvisioner } },
    spec: {
      capacity: { storage: claim.spec.resources?.requests?.['storage'] ?? '0' },
      accessModes: claim.spec.accessModes,
      claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name, uid, resourceVersion },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name,
      volumeMode: 'Filesystem',
      hostPath: { path, type: 'DirectoryOrCreate' },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: hostnameLabel, operator: 'In', values: [node.name] }] }],
        },
      },
    },
  }
}

async function deselect(claim: PersistentVolumeClaim, client: Client): Promise<void> {
  const { [selectedNode]: _, ...annotations } = claim.metadata.annotations ?? {}
  await client
    .resource(persistentVolumeClaims)
    .namespace(claim.metadata.namespace)
    .update({ ...claim, metadata: { ...claim.metadata, annotations } })
}

const isReleased = ({ metadata, spec, status }: PersistentVolume): boolean =>
  metadata.annotations?.[provisionedBy] === hostPathProvisioner &&
  spec.persistentVolumeReclaimPolicy === 'Delete' &&
  status.phase === 'Released' &&
  !metadata.deletionTimestamp

async function reclaim(name: string, context: ControllerContext<any>, options: HostPathStorageOptions): Promise<void> {
  const { lister, client, events } = context
  const volume = lister(persistentVolumes).get(name)
  if (!volume || !isReleased(volume)) return
  const { hostPath } = volume.spec as { hostPath?: { path: string } }
  const node = options.node(nodeNameOf(volume) ?? '')
  if (!hostPath || !node) return
  // What people have put into the path afterwards is not this provisioner's to remove.
  if (!hostPath.path.startsWith(`${node.directory}/${name}_`)) {
    events.event(volume, 'Warning', 'VolumeFailedDelete', `${hostPath.path} is not a directory of this provisioner`)
    return
  }
  await node.host.remove(hostPath.path)
  try {
    await client.resource(persistentVolumes).delete(name)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

function nodeNameOf({ spec }: PersistentVolume): Node['metadata']['name'] {
  return spec.nodeAffinity?.required?.nodeSelectorTerms?.[0]?.matchExpressions?.[0]?.values?.[0]
}
