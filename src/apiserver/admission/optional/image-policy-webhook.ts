// ImagePolicyWebhook: another server says whether a pod's images may be run.

import type { KubeObject } from '../../../api/resource.ts'
import { quote } from '../../../machinery/go-text.ts'
import type { ReviewWebhook } from '../../review-webhook.ts'
import {
  type AdmissionAttributes,
  type AdmissionPlugin,
  type AdmissionServices,
  isResource,
  refusal,
} from '../admission.ts'

interface Given {
  readonly kubeConfigFile?: string
  /** Seconds to remember an answer; -1 for not at all, 0 for the default. */
  readonly allowTTL?: number
  readonly denyTTL?: number
  /** Milliseconds before the second try. */
  readonly retryBackoff?: number
  /** Whether a webhook that cannot be asked is a yes. */
  readonly defaultAllow?: boolean
}

export interface ImagePolicyConfiguration {
  readonly imagePolicy?: Given
}

interface ReviewStatus {
  readonly allowed?: boolean
  readonly reason?: string
  readonly auditAnnotations?: Readonly<Record<string, string>>
}

const auditPrefix = 'imagepolicywebhook.image-policy.k8s.io/'
const mostRemembered = 1024

interface Range {
  readonly scale: number
  readonly default: number
  readonly min: number
  readonly max: number
  readonly shown: string
}

const ttl = { scale: 1000, min: 1000, max: 30 * 60_000, shown: '1s and 30m0s' }
const allowRange: Range = { ...ttl, default: 5 * 60_000 }
const denyRange: Range = { ...ttl, default: 30_000 }
const backoffRange: Range = { scale: 1, default: 500, min: 1e-6, max: 5 * 60_000, shown: '1ns and 5m0s' }

/** Throws an Error that says what is wrong. */
function milliseconds(value: number | undefined, range: Range): number {
  if (value === -1) return 0
  if (!value) return range.default
  const scaled = value * range.scale
  if (scaled < range.min || scaled > range.max)
    throw new Error(`valid value is between ${range.shown}, got ${goDuration(scaled)}`)
  return scaled
}

function goDuration(ms: number): string {
  const sign = ms < 0 ? '-' : ''
  const seconds = Math.abs(ms) / 1000
  if (seconds < 1) return `${sign}${seconds * 1000}ms`
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return `${sign}${hours ? `${hours}h` : ''}${hours || minutes ? `${minutes}m` : ''}${seconds % 60}s`
}

/** What is wrong with the configuration; undefined when nothing is. */
export function imagePolicyProblem(given: ImagePolicyConfiguration | undefined): string | undefined {
  if (!given) return 'no config specified'
  try {
    settingsOf(given)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function settingsOf({
  imagePolicy: { kubeConfigFile, allowTTL, denyTTL, retryBackoff, defaultAllow = false } = {},
}: ImagePolicyConfiguration) {
  const retry = milliseconds(retryBackoff, backoffRange)
  const allow = milliseconds(allowTTL, allowRange)
  const deny = milliseconds(denyTTL, denyRange)
  return { kubeConfigFile, retry, allow, deny, defaultAllow }
}

export function imagePolicyWebhook(
  { env }: AdmissionServices,
  given: ImagePolicyConfiguration = {},
  make?: () => ReviewWebhook,
): AdmissionPlugin {
  const { kubeConfigFile, retry, allow, deny, defaultAllow } = settingsOf(given)
  const remembered = new Map<string, { readonly status: ReviewStatus; readonly until: number }>()
  let webhook: ReviewWebhook | undefined

  /** The webhook's word, or undefined where it has none and that means yes. */
  async function statusOf(spec: object, attributes: AdmissionAttributes): Promise<ReviewStatus | undefined> {
    const question = JSON.stringify(spec)
    const known = remembered.get(question)
    if (known && known.until > env.clock.monotonic()) return known.status
    try {
      webhook ??= make?.() ?? (await webhookOf(env, kubeConfigFile, retry))
      const { body } = await webhook.ask({
        kind: 'ImageReview',
        apiVersion: 'imagepolicy.k8s.io/v1alpha1',
        metadata: {},
        spec,
        status: { allowed: false },
      })
      const review = body as { kind?: string; status?: ReviewStatus } | undefined
      if (review?.kind !== 'ImageReview') throw new Error(`no kind ${quote(review?.kind ?? '')} is registered`)
      const status = review.status ?? {}
      remembered.delete(question)
      const lifetime = status.allowed ? allow : deny
      if (lifetime > 0) remembered.set(question, { status, until: env.clock.monotonic() + lifetime })
      if (remembered.size > mostRemembered) remembered.delete(remembered.keys().next().value!)
      return status
    } catch (error) {
      if (!defaultAllow) throw refusal(attributes, (error as Error).message)
      attributes.annotate(`${auditPrefix}failed-open`, 'true')
      return undefined
    }
  }

  return {
    name: 'ImagePolicyWebhook',
    handles: operation => operation === 'CREATE' || operation === 'UPDATE',
    async validate(attributes): Promise<void> {
      const { subresource, object: pod } = attributes
      if (!pod || !isResource(attributes, '', 'pods')) return
      if (subresource !== '' && subresource !== 'ephemeralcontainers') return
      const status = await statusOf(questionOf(pod, attributes), attributes)
      if (!status) return
      const { allowed = false, reason = '', auditAnnotations = {} } = status
      for (const key in auditAnnotations) attributes.annotate(`${auditPrefix}${key}`, auditAnnotations[key]!)
      if (allowed) return
      throw refusal(
        attributes,
        reason
          ? `image policy webhook backend denied one or more images: ${reason}`
          : 'one or more images rejected by webhook backend',
      )
    },
  }
}

async function webhookOf(env: AdmissionServices['env'], file: string | undefined, first: number) {
  const { ReviewWebhook, reviewTransport } = await import('../../review-webhook.ts')
  return new ReviewWebhook({ env, ...reviewTransport(env, file), backoff: { first } })
}

function questionOf(pod: KubeObject, { subresource, namespace }: AdmissionAttributes): object {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod['spec']
  const asked: { image?: string }[] = subresource === '' ? [...containers, ...initContainers] : ephemeralContainers
  const annotations = Object.entries(pod.metadata['annotations'] ?? {}).filter(([key]) =>
    key.includes('.image-policy.k8s.io/'),
  )
  return {
    containers: asked.map(({ image }) => ({ image })),
    ...(annotations.length > 0 && { annotations: Object.fromEntries(annotations) }),
    namespace,
  }
}
