// Scrubs a volume for the next claim: a pod removes what is on it.

import type { PersistentVolume } from '../../api/core/v1/persistentvolume.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { capacityOf } from '../../api/core/v1/volume-binding.ts'
import { errorText } from '../../machinery/error-text.ts'
import { isAlreadyExists, isNotFound } from '../../machinery/status-error.ts'
import type { BinderContext } from './binder-context.ts'

const namespace = 'default'
const prefix = 'recycler-for-'
const image = 'registry.k8s.io/build-image/debian-base:bookworm-v1.0.6'
const scrub = 'test -e /scrub && find /scrub -mindepth 1 -delete && test -z "$(ls -A /scrub)" || exit 1'
const gibibyte = 2 ** 30
/** Seconds: at least, and for each GiB. */
const hostPathTimeout = { least: 60, perGiB: 30 }
const nfsTimeout = { least: 300, perGiB: 30 }

export const isRecyclable = ({ spec }: PersistentVolume): boolean => !!(spec.hostPath || spec.nfs)

/** The volume that the pod scrubs, if it does. */
export function recycledVolume({ metadata }: Pod): string | undefined {
  return metadata.namespace === namespace && metadata.name?.startsWith(prefix)
    ? metadata.name.slice(prefix.length)
    : undefined
}

/** True when it is clean, false while that is being worked on; throws what went wrong. */
export async function recycle(volume: PersistentVolume, context: BinderContext): Promise<boolean> {
  const { client, lister, state } = context
  const { name = '' } = volume.metadata
  const podName = `${prefix}${name}`
  const resource = client.resource(pods).namespace(namespace)
  const uid = state.recyclers.get(name)
  if (uid === undefined) {
    await start(volume, podName, context)
    return false
  }
  const pod = lister(pods).get(`${namespace}/${podName}`)
  const phase = pod?.metadata.uid === uid ? pod.status.phase : 'gone'
  if (phase === 'gone' ? await isThere(podName, uid, context) : phase !== 'Succeeded' && phase !== 'Failed')
    return false
  state.recyclers.delete(name)
  if (phase === 'gone') throw new Error('failed to recycle volume: recycler pod was deleted')
  await resource.delete(podName).catch(error => {
    if (!isNotFound(error) && phase === 'Succeeded')
      throw new Error(`failed to delete recycler pod: ${errorText(error)}`, { cause: error })
  })
  if (phase === 'Failed')
    throw new Error(`failed to recycle volume: ${pod?.status.message || 'pod failed, pod.Status.Message unknown'}`)
  return true
}

async function start(volume: PersistentVolume, podName: string, { client, state }: BinderContext): Promise<void> {
  const resource = client.resource(pods).namespace(namespace)
  try {
    const { metadata } = await resource.create(recyclerPod(volume, podName))
    state.recyclers.set(volume.metadata.name!, metadata.uid!)
  } catch (error) {
    if (!isAlreadyExists(error))
      throw new Error(`unexpected error creating recycler pod:  ${errorText(error)}`, { cause: error })
    // Whose it is nobody can tell.
    await resource.delete(podName).catch((cause: unknown) => {
      const message = `failed to delete old recycler pod ${namespace}/${podName}: ${errorText(cause)}`
      throw new Error(message, { cause })
    })
    throw new Error('old recycler pod found, will retry later', { cause: error })
  }
}

/** The cache may not have it yet. */
async function isThere(podName: string, uid: string, { client }: BinderContext): Promise<boolean> {
  try {
    return (await client.resource(pods).namespace(namespace).get(podName)).metadata.uid === uid
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

function recyclerPod(volume: PersistentVolume, name: string) {
  const { hostPath, nfs } = volume.spec
  const source = hostPath ? { hostPath: { path: hostPath.path } } : { nfs: { server: nfs!.server, path: nfs!.path } }
  const { least, perGiB } = hostPath ? hostPathTimeout : nfsTimeout
  return {
    metadata: { name, namespace },
    spec: {
      activeDeadlineSeconds: Math.max(least, Math.floor(capacityOf(volume).toNumber() / gibibyte) * perGiB),
      restartPolicy: 'Never',
      volumes: [{ name: 'vol', ...source }],
      containers: [
        {
          name: 'pv-recycler',
          image,
          command: ['/bin/sh'],
          args: ['-c', scrub],
          volumeMounts: [{ name: 'vol', mountPath: '/scrub' }],
        },
      ],
    },
  }
}
