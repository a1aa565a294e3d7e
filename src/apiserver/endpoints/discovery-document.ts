// A discovery document in whatever form a client reads: JSON, YAML or protobuf, each made when first asked for.

import { createHash } from 'node:crypto'
import { encodeObjectEnvelope } from '../../machinery/codec/protobuf.ts'
import type { ObjectSchema } from '../../machinery/schema/schema.ts'
import { notAcceptable } from '../../machinery/status-error.ts'
import { writeYaml } from '../../machinery/yaml/write.ts'
import type { RequestContext, Response } from '../request.ts'
import { json, parseAccept, protobuf, yaml } from '../serving/media-type.ts'

export interface DiscoveryForm {
  readonly type: string
  /** The document with everything in it (apidiscovery.k8s.io/v2) is wanted. */
  readonly aggregated: boolean
}

const forms = [json, yaml, protobuf]
const plain: DiscoveryForm = { type: json, aggregated: false }

/**
 * What the client wants most of what there is. Where the aggregated form is not offered (or is wanted in a version that
 * is no more: v2beta1), the next of its wishes counts. Throws a 406 when none is left.
 */
export function discoveryForm({ headers, direct }: RequestContext, offersAggregated = false): DiscoveryForm {
  const header = headers['accept']
  if (header === undefined || header.length === 0) return plain
  const wishes = parseAccept(Array.isArray(header) ? header.join(',') : header)
  const formOf = (aggregated: boolean): string | undefined => {
    for (const { type, parameters } of wishes) {
      const { as, g, v, stream = 'watch', sv } = parameters
      const found = forms.find(form => type === form || type === '*/*' || type === `${form.split('/')[0]}/*`)
      if (!found || stream !== 'watch' || sv !== undefined || (found === yaml && parameters['stream'])) continue
      if (aggregated ? isAggregated(parameters) : as === undefined && g === undefined && v === undefined) return found
    }
    return undefined
  }
  if (offersAggregated) {
    const type = formOf(true)
    if (type) return { type, aggregated: true }
    // The older documents say themselves what they cannot be.
    return plain
  }
  const type = formOf(false)
  if (!type && !direct) throw notAcceptable(forms)
  return type ? { type, aggregated: false } : plain
}

const isAggregated = (parameters: Readonly<Record<string, string>>): boolean =>
  parameters['as'] === 'APIGroupDiscoveryList' && parameters['g'] === 'apidiscovery.k8s.io' && parameters['v'] === 'v2'

export class DiscoveryDocument {
  readonly #schema: ObjectSchema
  readonly #object: object
  readonly #bodies = new Map<string, Uint8Array>()
  #etag: string | undefined

  constructor(schema: ObjectSchema, object: object) {
    this.#schema = schema
    this.#object = object
  }

  /** The aggregated document may be kept by clients, and asked for again with its tag. */
  answer({ type, aggregated }: DiscoveryForm, ifNoneMatch?: string | readonly string[]): Response {
    if (!aggregated) return { status: 200, contentType: type, object: this.#object, body: this.#body(type) }
    const headers = { etag: this.#tag(), vary: 'Accept', 'cache-control': 'public' }
    if (ifNoneMatch === headers.etag) return { status: 304, headers }
    const contentType = `${type};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`
    return { status: 200, contentType, headers, object: this.#object, body: this.#body(type) }
  }

  /** The same for every form, made of the JSON. */
  #tag(): string {
    this.#etag ??= `"${createHash('sha512').update(JSON.stringify(this.#object)).digest('hex').toUpperCase()}"`
    return this.#etag
  }

  #body(type: string): Uint8Array {
    let body = this.#bodies.get(type)
    if (!body) {
      if (type === protobuf) body = encodeObjectEnvelope(this.#schema, this.#object)
      else body = Buffer.from(type === yaml ? writeYaml(this.#object) : `${JSON.stringify(this.#object)}\n`)
      this.#bodies.set(type, body)
    }
    return body
  }
}
