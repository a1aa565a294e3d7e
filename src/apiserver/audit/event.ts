// An audit event: what is recorded of one request, filled in as the request goes along, written at each of its stages.

import type { KubeObject } from '../../api/resource.ts'
import { errorText } from '../../machinery/error-text.ts'
import { readJson } from '../../machinery/json/read.ts'
import { jsonText, withEscapes } from '../../machinery/json/write.ts'
import type { Status } from '../../machinery/status-error.ts'
import { formatMicroTime } from '../../machinery/time.ts'
import type { RequestContext, Response } from '../request.ts'
import { nameSelected } from '../request-attributes.ts'
import type { UserInfo } from '../user.ts'
import { type AuditConfiguration, type Level, levels, type Stage } from './policy.ts'
import { sourceAddresses } from './source-addresses.ts'

const longestUserAgent = 1024

interface ObjectReference {
  resource?: string
  namespace?: string
  name?: string
  uid?: string
  apiGroup?: string
  apiVersion?: string
  resourceVersion?: string
  subresource?: string
}

export class AuditEvent {
  readonly configuration: AuditConfiguration
  /** Only that it was refused is recorded: nobody could say who sends it. */
  refused = false
  readonly #request: RequestContext
  readonly #received: number
  readonly #user: UserInfo | undefined
  #objectRef: ObjectReference | undefined
  #impersonated: { readonly user: UserInfo; readonly constraint: string } | undefined
  #annotations: Record<string, string> | undefined
  #status: Partial<Status> | undefined
  /** JSON texts. */
  #requestObject: string | undefined
  #responseObject: string | undefined
  #answeredObject: (() => object) | undefined

  constructor(request: RequestContext, configuration: AuditConfiguration, received: number) {
    this.#request = request
    this.configuration = configuration
    this.#received = received
    // Impersonation, later, makes the request somebody else's.
    this.#user = request.user
    const { info } = request
    if (info.isResourceRequest)
      this.#objectRef = {
        resource: info.resource,
        namespace: info.namespace,
        name: info.name || nameSelected(info),
        apiGroup: info.group,
        apiVersion: info.version,
        subresource: info.subresource,
      }
  }

  /** Whether the policy wants that much. */
  wants(level: Level): boolean {
    return levels.indexOf(this.configuration.level) >= levels.indexOf(level)
  }

  impersonated(user: UserInfo, constraint: string): void {
    this.#impersonated = { user, constraint }
  }

  /** The first value stands. */
  annotate(key: string, value: string): void {
    this.#annotations ??= {}
    if (!Object.hasOwn(this.#annotations, key)) this.#annotations[key] = value
  }

  /** What the client sent, decoded, before anything but defaults has changed it. */
  requestObject(object: Partial<KubeObject>): void {
    const { metadata } = object
    this.#objectRef ??= {}
    if (metadata) {
      this.#objectRef.namespace ||= metadata.namespace
      this.#objectRef.name ||= metadata.name
      this.#objectRef.uid ||= metadata.uid
      this.#objectRef.resourceVersion ||= metadata.resourceVersion
    }
    if (this.wants('Request')) this.#requestObject = jsonText(this.#withoutManagedFields(object))
  }

  /** A patch is recorded as it came. */
  patch(document: Uint8Array | object): void {
    if (!this.wants('Request')) return
    this.#requestObject = document instanceof Uint8Array ? Buffer.from(document).toString().trim() : jsonText(document)
    // YAML, of an apply patch: a text in the record.
    if (!/^[[{]/.test(this.#requestObject)) this.#requestObject = jsonText(this.#requestObject)
  }

  /** The object of an answer whose bytes may not be JSON (protobuf, YAML). */
  responseObject(object: () => object): void {
    this.#answeredObject = object
  }

  answered(response: Response): void {
    const object = response.object as Partial<Status> | undefined
    if (object?.kind === 'Status') {
      const { status, message, reason, details, code } = object
      this.#status = { status, message, reason, details, code }
    }
    this.#status = { ...this.#status, code: response.hijacked ? 101 : response.status }
    if (!this.wants('RequestResponse') || response.stream) return
    if (response.contentType?.startsWith('application/json') && response.body && !this.#request.direct) {
      const { body } = response
      const bytes = body instanceof Uint8Array ? body : Buffer.concat(body as readonly Uint8Array[])
      const text = Buffer.from(bytes).toString().trim()
      const omits = this.configuration.omitManagedFields && text.includes('"managedFields"')
      this.#responseObject = omits ? jsonText(this.#withoutManagedFields(readJson(text))) : text
      return
    }
    const answered = (response.object as object | undefined) ?? this.#answeredObject?.()
    if (answered !== undefined) this.#responseObject = jsonText(this.#withoutManagedFields(answered))
  }

  panicked(error: unknown): void {
    const text = errorText(error)
    this.#status = {
      status: 'Failure',
      message: `APIServer panic'd: ${text}`,
      reason: 'InternalError',
      code: 500,
    }
  }

  /** The event at this stage, as JSON without apiVersion and kind, its fields in upstream's order. */
  text(stage: Stage, now: number): string {
    const request = this.#request
    const fields: string[] = []
    const add = (name: string, value: unknown) => {
      if (value !== undefined) fields.push(`"${name}":${jsonText(value)}`)
    }
    add('level', this.configuration.level)
    add('auditID', request.auditID)
    add('stage', stage)
    add('requestURI', request.target ?? targetOf(request))
    add('verb', request.info.verb)
    add('user', this.#user ? userOf(this.#user) : {})
    if (this.#impersonated) {
      const { user, constraint } = this.#impersonated
      add('impersonatedUser', userOf(user))
      if (constraint !== '') add('authenticationMetadata', { impersonationConstraint: constraint })
    }
    add('sourceIPs', sourceAddresses(request))
    add('userAgent', userAgentOf(request))
    if (this.#objectRef) add('objectRef', withoutEmpty(this.#objectRef))
    if (this.#status) add('responseStatus', statusOf(this.#status))
    if (this.#requestObject !== undefined) fields.push(`"requestObject":${this.#requestObject}`)
    if (this.#responseObject !== undefined) fields.push(`"responseObject":${this.#responseObject}`)
    add('requestReceivedTimestamp', formatMicroTime(this.#received))
    add('stageTimestamp', formatMicroTime(stage === 'RequestReceived' ? this.#received : now))
    const annotations = Object.entries(this.#annotations ?? {}).sort(([one], [other]) => (one < other ? -1 : 1))
    if (annotations.length > 0) add('annotations', Object.fromEntries(annotations))
    // These characters stand only inside of JSON's strings, where Go's encoder escapes them.
    return withEscapes(fields.join(','))
  }

  #withoutManagedFields(object: object): object {
    if (!this.configuration.omitManagedFields) return object
    const { metadata, items, rows } = object as {
      metadata?: { managedFields?: unknown }
      items?: unknown[]
      rows?: { object?: object }[]
    }
    return {
      ...object,
      ...(metadata && 'managedFields' in metadata ? { metadata: { ...metadata, managedFields: undefined } } : {}),
      ...(Array.isArray(items) ? { items: items.map(item => this.#withoutManagedFields(item as object)) } : {}),
      ...(Array.isArray(rows)
        ? { rows: rows.map(row => (row.object ? { ...row, object: this.#withoutManagedFields(row.object) } : row)) }
        : {}),
    }
  }
}

const targetOf = ({ path, query }: RequestContext): string => (query.size === 0 ? path : `${path}?${query}`)

function userOf({ name, uid, groups, extra }: UserInfo): object {
  return withoutEmpty({ username: name, uid, groups, extra })
}

function userAgentOf({ headers }: RequestContext): string | undefined {
  const header = headers['user-agent']
  const text = Array.isArray(header) ? header[0] : header
  if (!text) return undefined
  return text.length > longestUserAgent ? `${text.slice(0, longestUserAgent)}...TRUNCATED` : text
}

function statusOf({ status, message, reason, details, code }: Partial<Status>): object {
  return {
    metadata: {},
    ...withoutEmpty({ status, message, reason }),
    ...(details && { details }),
    ...(code && { code }),
  }
}

/** Without what Go's omitempty leaves out. */
function withoutEmpty(object: object): object {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => {
      if (value === undefined || value === null || value === '') return false
      if (Array.isArray(value)) return value.length > 0
      return typeof value !== 'object' || Object.keys(value).length > 0
    }),
  )
}
