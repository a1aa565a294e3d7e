// Makes sure a container's image is there: by its pull policy, with backoff after a failed pull.
//
// Comes in: the pod, the container, and the credentials to try. Goes out: the image's reference, or an `ImageError`
// whose reason becomes the container's waiting reason (ErrImagePull, ImagePullBackOff, …). Each step is told as an event.

import type { Container } from '../api/core/v1/container.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import type { Env } from '../machinery/env/env.ts'
import { Backoff } from './backoff.ts'
import { withDefaultTag } from './image-name.ts'
import type { PodEvents } from './pod-events.ts'
import type { ContainerRuntime } from './runtime/container-runtime.ts'
import type { AuthConfig, Image } from './runtime/cri/image.ts'
import type { PodSandboxConfig } from './runtime/cri/pod-sandbox.ts'

export type ImageErrorReason =
  | 'ErrImagePull'
  | 'ImagePullBackOff'
  | 'ErrImageNeverPull'
  | 'InvalidImageName'
  | 'ImageInspectError'
  | 'RegistryUnavailable'
  | 'SignatureValidationFailed'

export class ImageError extends Error {
  override readonly name = 'ImageError'
  readonly reason: ImageErrorReason

  constructor(reason: ImageErrorReason, message: string) {
    super(message)
    this.reason = reason
  }
}

export interface ImageRequest {
  readonly pod: Pod
  /** Without a name it is a volume's image, and the pod is told of it. */
  readonly container: Pick<Container, 'image' | 'imagePullPolicy'> & { readonly name?: string }
  readonly sandbox: PodSandboxConfig
  /** Nobody waits for the image any more. */
  readonly signal?: AbortSignal
  /** What may open the registry, best first; tried without when empty. */
  credentials(image: string): Promise<readonly AuthConfig[]>
}

export interface PulledImage {
  readonly image: string
  /** What the runtime knows it by. */
  readonly ref: string
  readonly details: Image | undefined
}

export class ImageManager {
  readonly #runtime: ContainerRuntime
  readonly #env: Env
  readonly #events: PodEvents
  readonly #backoff = new Backoff()
  readonly #lastError = new Map<string, string>()
  /** One pull at a time, as upstream does by default; others wait their turn. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(runtime: ContainerRuntime, env: Env, events: PodEvents) {
    this.#runtime = runtime
    this.#env = env
    this.#events = events
  }

  async ensure(request: ImageRequest): Promise<PulledImage> {
    const { pod, container } = request
    const requested = container.image ?? ''
    const tell = (type: 'Normal' | 'Warning', reason: string, message: string) =>
      container.name === undefined
        ? this.#events.pod(pod, type, reason, message)
        : this.#events.container(pod, container.name, type, reason, message)
    let image: string
    try {
      image = withDefaultTag(requested)
    } catch (error) {
      const message = `Failed to apply default image tag "${requested}": ${(error as Error).message}`
      tell('Warning', 'InspectFailed', message)
      throw new ImageError('InvalidImageName', message)
    }
    const policy = container.imagePullPolicy ?? (image.endsWith(':latest') ? 'Always' : 'IfNotPresent')
    if (policy !== 'Always') {
      const present = await this.#inspect(image, tell)
      if (present) {
        tell(
          'Normal',
          'Pulled',
          `Container image "${requested}" already present on machine and can be accessed by the pod`,
        )
        return { image, ref: present.id, details: present }
      }
      if (policy === 'Never') {
        const message = `Container image "${requested}" is not present with pull policy of Never`
        tell('Warning', 'ErrImageNeverPull', message)
        throw new ImageError('ErrImageNeverPull', message)
      }
    }
    return this.#pull(request, requested, image, tell)
  }

  forgetPod(podUid: string): void {
    this.#backoff.forget(`${podUid}_`)
    for (const key of this.#lastError.keys()) if (key.startsWith(`${podUid}_`)) this.#lastError.delete(key)
  }

  async #inspect(image: string, tell: Tell): Promise<Image | undefined> {
    try {
      return (await this.#runtime.imageStatus({ image: { image } })).image
    } catch (error) {
      const message = `Failed to inspect image "${image}": ${(error as Error).message}`
      tell('Warning', 'InspectFailed', message)
      throw new ImageError('ImageInspectError', message)
    }
  }

  async #pull(request: ImageRequest, requested: string, image: string, tell: Tell): Promise<PulledImage> {
    const { clock } = this.#env
    const key = `${request.pod.metadata?.uid}_${requested}`
    if (this.#backoff.remainingSinceUpdate(key, clock.now()) > 0) {
      const message = `Back-off pulling image "${requested}"`
      tell('Normal', 'BackOff', message)
      const last = this.#lastError.get(key)
      throw new ImageError('ImagePullBackOff', last ? `${message}: ${last}` : message)
    }
    this.#lastError.delete(key)
    tell('Normal', 'Pulling', `Pulling image "${requested}"`)
    const asked = clock.monotonic()
    let started = asked
    const mine = this.#turn.then(() => {
      started = clock.monotonic()
      return this.#attempt(request, image)
    })
    this.#turn = mine.catch(() => {})
    try {
      const ref = await mine
      const ended = clock.monotonic()
      const details = await this.#inspect(image, tell)
      const size = details?.size ?? 0
      tell(
        'Normal',
        'Pulled',
        `Successfully pulled image "${requested}" in ${duration(ended - started)} (${duration(ended - asked)} including waiting). Image size: ${size} bytes.`,
      )
      this.#backoff.collect(clock.now())
      return { image, ref: details?.id || ref, details }
    } catch (error) {
      if (error instanceof ImageError || request.signal?.aborted) throw error
      const said = (error as Error).message
      tell('Warning', 'Failed', `Failed to pull image "${requested}": ${said}`)
      this.#backoff.next(key, clock.now())
      const failure = pullFailure(requested, said)
      this.#lastError.set(key, `${failure.reason}: ${failure.message}`)
      throw failure
    }
  }

  async #attempt(request: ImageRequest, image: string): Promise<string> {
    const credentials = await request.credentials(image)
    const options = request.signal ? { signal: request.signal } : {}
    request.signal?.throwIfAborted()
    if (credentials.length === 0)
      return (await this.#runtime.pullImage({ image: { image }, sandboxConfig: request.sandbox }, options)).imageRef
    let failure: unknown
    for (const auth of credentials) {
      try {
        return (await this.#runtime.pullImage({ image: { image }, auth, sandboxConfig: request.sandbox }, options))
          .imageRef
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }
}

type Tell = (type: 'Normal' | 'Warning', reason: string, message: string) => void

function pullFailure(image: string, said: string): ImageError {
  const named = [
    ['RegistryUnavailable', 'the registry is unavailable'],
    ['SignatureValidationFailed', 'the signature validation failed'],
  ] as const
  for (const [reason, why] of named)
    if (said.startsWith(reason))
      return new ImageError(reason, `image pull failed for ${image} because ${why}${said.slice(reason.length)}`)
  return new ImageError('ErrImagePull', said)
}

/** As Go prints a duration of whole milliseconds: 0s, 350ms, 1.5s, 2m3.04s. */
export function duration(milliseconds: number): string {
  const whole = Math.floor(milliseconds)
  if (whole === 0) return '0s'
  if (whole < 1000) return `${whole}ms`
  const minutes = Math.floor(whole / 60_000)
  const seconds = `${(whole % 60_000) / 1000}s`
  if (minutes === 0) return seconds
  const hours = Math.floor(minutes / 60)
  return hours === 0 ? `${minutes}m${seconds}` : `${hours}h${minutes % 60}m${seconds}`
}
