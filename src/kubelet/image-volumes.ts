// Volumes that are images: pulled as a container's image is, and mounted by the runtime itself.
//
// Comes in: the pod. Goes out: by volume, what the runtime is to mount, or why it could not be had. That is told late, as
// the failure of each container that mounts it: so its status says ErrImagePull or ImagePullBackOff.

import type { Container } from '../api/core/v1/container.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import { ImageError, type ImageManager, type ImageRequest } from './images.ts'
import type { ImageSpec } from './runtime/cri/shared.ts'

export type ImageVolumes = ReadonlyMap<string, ImageSpec | ImageError>

export async function pullImageVolumes(
  pod: Pod,
  images: ImageManager,
  request: Pick<ImageRequest, 'sandbox' | 'signal' | 'credentials'>,
): Promise<ImageVolumes> {
  const volumes = new Map<string, ImageSpec | ImageError>()
  for (const { name, image } of pod.spec.volumes ?? []) {
    if (!image) continue
    const { reference = '', pullPolicy } = image
    try {
      const pulled = await images.ensure({
        ...request,
        pod,
        container: { image: reference, ...(pullPolicy && { imagePullPolicy: pullPolicy }) },
      })
      volumes.set(name, {
        image: pulled.ref || pulled.image,
        userSpecifiedImage: reference,
        annotations: pod.metadata.annotations ?? {},
      })
    } catch (error) {
      if (!(error instanceof ImageError)) throw error
      volumes.set(name, error)
    }
  }
  return volumes
}

/** Those that the container mounts. Throws the last failure among them, after each was told. */
export function imageVolumesOf(
  container: Container,
  volumes: ImageVolumes,
  tell: (failure: ImageError) => void,
): ReadonlyMap<string, ImageSpec> {
  const mounted = new Map<string, ImageSpec>()
  let failure: ImageError | undefined
  for (const { name } of container.volumeMounts ?? []) {
    const volume = volumes.get(name)
    if (volume instanceof ImageError) {
      failure = volume
      tell(volume)
    } else if (volume) mounted.set(name, volume)
  }
  if (failure) throw failure
  return mounted
}
