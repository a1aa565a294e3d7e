// The images of a simulated node. Any pull succeeds, but for names that say otherwise; an image is nothing but its name,
// and a digest and a size that follow from it.

import { createHash } from 'node:crypto'
import { complete } from '../../../machinery/proto/message.ts'
import { parseImageName } from '../../image-name.ts'
import { RuntimeError } from '../container-runtime.ts'
import type { Image } from '../cri/image.ts'
import { type ImageSpec, ImageSpec as ImageSpecMessage } from '../cri/shared.ts'

export class SimulatedImages {
  readonly #byId = new Map<string, Image>()

  list(): Image[] {
    return [...this.#byId.values()]
  }

  /** By name, by name with digest, or by id. */
  find(reference: string): Image | undefined {
    const byId = this.#byId.get(reference)
    if (byId) return byId
    const { name, pinned } = completeName(reference)
    return this.list().find(({ repoTags, repoDigests }) => (pinned ? repoDigests : repoTags).includes(name))
  }

  /** Answers with the id. */
  pull(spec: ImageSpec): string {
    const reference = spec.image ?? ''
    const { name, repository, pinned } = completeName(reference)
    if (name.includes('nonexistent')) {
      throw new RuntimeError(
        'NotFound',
        `failed to pull and unpack image "${name}": failed to resolve reference "${name}": ${name}: not found`,
      )
    }
    const existing = this.find(reference)
    if (existing) return existing.id
    const hash = createHash('sha256').update(name).digest()
    const image: Image = {
      id: `sha256:${hash.toString('hex')}`,
      repoTags: pinned ? [] : [name],
      repoDigests: [pinned ? name : `${repository}@sha256:${createHash('sha256').update(hash).digest('hex')}`],
      // Between 1 and 257 MiB.
      size: 2 ** 20 + (hash.readUInt32BE(0) % 2 ** 28),
      uid: { value: 0 },
      username: '',
      spec: complete(ImageSpecMessage, { image: name }),
      pinned: false,
    }
    this.#byId.set(image.id, image)
    return image.id
  }

  remove(reference: string): void {
    const image = this.find(reference)
    if (image) this.#byId.delete(image.id)
  }
}

/** `busybox` is `docker.io/library/busybox:latest`. */
function completeName(reference: string): { name: string; repository: string; pinned: boolean } {
  try {
    const { repository, tag, digest } = parseImageName(reference)
    if (digest) return { name: `${repository}@${digest}`, repository, pinned: true }
    return { name: `${repository}:${tag ?? 'latest'}`, repository, pinned: false }
  } catch (cause) {
    throw new RuntimeError(
      'InvalidArgument',
      `failed to parse image reference "${reference}": ${(cause as Error).message}`,
      {
        cause,
      },
    )
  }
}

/** Whether the image has a shell to run and no program of its own, as far as its name tells. */
export function isShellImage(reference: string): boolean {
  return /(?:^|\/)(?:busybox|alpine|debian|ubuntu|bash)(?:[:@]|$)/.test(reference)
}
