// Between the versions of a custom resource: nothing but the apiVersion is rewritten, or a webhook is asked.

import type { CustomResourceDefinition } from '../../api/apiextensions/v1/customresourcedefinition.ts'
import type { KubeObject } from '../../api/resource.ts'
import { aggregateMessage, type FieldError, fieldErrorMessage } from '../../machinery/field-error.ts'
import { root } from '../../machinery/field-path.ts'
import { goTypeOf, quote } from '../../machinery/go-text.ts'
import { failure } from '../../machinery/status-error.ts'
import { isObject } from '../../machinery/structural/schema.ts'
import { validateLabels } from '../../machinery/validation/labels.ts'
import { validateAnnotations } from '../../machinery/validation/object-meta.ts'
import type { WebhookCaller } from '../webhook-client.ts'

export interface Converter {
  /** The objects in that version, in the same order. Objects that are in it already come back as they are. */
  convert(objects: readonly KubeObject[], apiVersion: string): KubeObject[] | Promise<KubeObject[]>
}

export const rewriteVersion: Converter = {
  convert: (objects, apiVersion) =>
    objects.map(object => (object.apiVersion === apiVersion ? object : { ...object, apiVersion })),
}

/** Upstream gives a conversion as long as any call of its REST client. */
const timeoutMs = 30_000

export interface WebhookConverterOptions {
  readonly crd: CustomResourceDefinition
  readonly webhooks: WebhookCaller
  uid(): string
}

export function webhookConverter({ crd, webhooks, uid }: WebhookConverterOptions): Converter {
  const { clientConfig = {}, conversionReviewVersions } = crd.spec.conversion!.webhook!
  const reviewVersion = conversionReviewVersions.find(version => version === 'v1' || version === 'v1beta1')
  return {
    convert(objects, apiVersion) {
      const others = objects.filter(object => object.apiVersion !== apiVersion)
      if (others.length === 0) return [...objects]
      return convertRemotely(objects, others, apiVersion)
    },
  }

  async function convertRemotely(
    objects: readonly KubeObject[],
    others: readonly KubeObject[],
    apiVersion: string,
  ): Promise<KubeObject[]> {
    const name = kindOf(others[0]!)
    const fail = (message: string) => failure(500, '', message)
    if (reviewVersion === undefined) throw fail('no supported conversion review versions')
    const requestUID = uid()
    let converted: readonly unknown[]
    try {
      const review = await webhooks.post(clientConfig, {
        body: {
          kind: 'ConversionReview',
          apiVersion: `apiextensions.k8s.io/${reviewVersion}`,
          request: { uid: requestUID, desiredAPIVersion: apiVersion, objects: others },
        },
        timeoutMs,
      })
      converted = convertedObjects(review, requestUID, reviewVersion)
    } catch (error) {
      throw fail(`conversion webhook for ${name} failed: ${(error as Error).message}`)
    }
    if (converted.length !== others.length)
      throw fail(`conversion webhook for ${name} returned ${converted.length} objects, expected ${others.length}`)
    const results = converted.map((object, index) => {
      try {
        return checked(others[index]!, object, apiVersion)
      } catch (error) {
        const where = objects.length === 1 ? 'object' : `converted object at index ${index}`
        const what = error instanceof MetadataProblem ? 'metadata' : ''
        if (what) {
          const place = objects.length === 1 ? '' : ` in object at index ${index}`
          throw fail(`conversion webhook for ${name} returned invalid metadata${place}: ${(error as Error).message}`)
        }
        throw fail(`conversion webhook for ${name} returned invalid ${where}: ${(error as Error).message}`)
      }
    })
    let next = 0
    return objects.map(object => (object.apiVersion === apiVersion ? object : results[next++]!))
  }
}

/** `example.com/v1, Kind=Foo`. */
const kindOf = ({ apiVersion, kind }: KubeObject): string => `${apiVersion}, Kind=${kind}`

function convertedObjects(review: unknown, uid: string, version: string): readonly unknown[] {
  const { kind, apiVersion, response } = (isObject(review) ? review : {}) as {
    kind?: string
    apiVersion?: string
    response?: {
      uid?: string
      convertedObjects?: unknown[]
      result?: { status?: string; message?: string }
    }
  }
  if (version === 'v1' && (kind !== 'ConversionReview' || apiVersion !== 'apiextensions.k8s.io/v1'))
    throw new Error(
      `expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got ${apiVersion ?? ''}, Kind=${kind ?? ''}`,
    )
  if (!response) throw new Error('no response provided')
  if (version === 'v1' && response.uid !== uid)
    throw new Error(`expected response.uid=${quote(uid)}, got ${quote(response.uid ?? '')}`)
  const { status = '', message = '' } = response.result ?? {}
  if (status !== 'Success') throw new Error(message || `response.result.status was '${status}', not 'Success'`)
  return response.convertedObjects ?? []
}

class MetadataProblem extends Error {}

/** The converted object with the metadata of the original, but for labels and annotations. */
function checked(original: KubeObject, converted: unknown, apiVersion: string): KubeObject {
  if (!isObject(converted)) throw new Error(`invalid type, expected=Unstructured, got=${goTypeOf(converted)}`)
  const object = converted as KubeObject
  if (object.apiVersion !== apiVersion)
    throw new Error(`invalid groupVersion (expected ${apiVersion}, received ${object.apiVersion ?? ''})`)
  if (object.kind !== original.kind)
    throw new Error(`invalid kind (expected ${original.kind}, received ${object.kind ?? ''})`)
  const { metadata } = converted as { metadata?: unknown }
  const found: Record<string, unknown> = isObject(metadata) ? metadata : {}
  for (const [field, title] of [
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['uid', 'UID'],
  ] as const) {
    const [before, after] = [original.metadata[field] ?? '', found[field] ?? '']
    if (before !== after) throw new Error(`must have the same ${title}: ${before} != ${after}`)
  }
  if (metadata === undefined) throw new MetadataProblem('missing metadata in converted object')
  if (!isObject(metadata))
    throw new MetadataProblem(`invalid metadata of type ${goTypeOf(metadata)} in converted object`)
  return { ...object, metadata: { ...original.metadata, ...changedMaps(original, metadata) } }
}

/** Labels and annotations as the webhook gave them. */
function changedMaps(original: KubeObject, metadata: Record<string, unknown>): Record<string, unknown> {
  const changed: Record<string, unknown> = {}
  for (const field of ['labels', 'annotations'] as const) {
    const map = metadata[field]
    if (map === undefined || map === null) {
      if (original.metadata[field] !== undefined) changed[field] = undefined
      continue
    }
    if (!isObject(map))
      throw new MetadataProblem(`invalid metadata.${field} of type ${goTypeOf(map)} in converted object`)
    for (const [key, value] of Object.entries(map))
      if (typeof value !== 'string')
        throw new MetadataProblem(
          `metadata.${field}[${key}] must be a string, but is ${goTypeOf(value)} in converted object`,
        )
    const texts = map as Record<string, string>
    const errors: FieldError[] =
      field === 'labels'
        ? validateLabels(texts, root('metadata', 'labels'))
        : validateAnnotations(texts, root('metadata', 'annotation'))
    if (errors.length > 0) throw new MetadataProblem(aggregateMessage(errors.map(fieldErrorMessage)))
    changed[field] = texts
  }
  return changed
}
