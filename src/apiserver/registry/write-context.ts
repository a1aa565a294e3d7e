// What every write does besides its own: dry run, who writes, warnings, admission.

import type { KubeObject, ResourceDeclaration } from '../../api/resource.ts'
import { invalid } from '../../machinery/status-error.ts'
import { validatePatchOptions, validateWriteOptions } from '../../machinery/validation/request-options.ts'
import type { AdmissionAttributes, AdmissionOperation } from '../admission/admission.ts'
import { booleanParameter } from '../query-parameters.ts'
import type { RequestContext } from '../request.ts'
import type { ServerContext } from '../server-context.ts'
import type { ServedResource } from './registry.ts'
import type { StrategyContext } from './strategy.ts'

export function isDryRun(request: RequestContext, fromBody?: readonly string[]): boolean {
  return request.query.has('dryRun') || (fromBody?.length ?? 0) > 0
}

/** Refuses parameters of a write that mean nothing: 422, as for any other invalid object. */
export function checkWriteOptions(
  request: RequestContext,
  kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions',
  isApply = false,
): void {
  const { query } = request
  if (query.size === 0 && !isApply) return
  const options = {
    fieldManager: query.get('fieldManager') ?? undefined,
    fieldValidation: query.get('fieldValidation') ?? undefined,
    dryRun: query.getAll('dryRun'),
    force: booleanParameter(query, 'force'),
  }
  const errors = kind === 'PatchOptions' ? validatePatchOptions(options, isApply) : validateWriteOptions(options)
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', errors)
}

/** Each text is said once, however often the write is tried. */
export function addWarnings(request: RequestContext, texts: readonly string[] | undefined): void {
  if (!texts || texts.length === 0) return
  for (const text of texts) if (!request.warnings.includes(text)) request.warnings.push(text)
}

export function strategyContext(server: ServerContext, request: RequestContext, dryRun: boolean): StrategyContext {
  return {
    server,
    user: request.user,
    subresource: request.info.subresource,
    requestName: request.info.name,
    dryRun,
    warn: message => addWarnings(request, [message]),
  }
}

/** CreateOptions and so on, as the query says them. */
function operationOptions(
  operation: AdmissionOperation,
  { query, info }: RequestContext,
): Record<string, unknown> | undefined {
  const kinds: Record<string, string> = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' }
  const kind = info.verb === 'patch' && operation !== 'DELETE' ? 'PatchOptions' : kinds[operation]
  if (!kind) return undefined
  const options: Record<string, unknown> = { apiVersion: 'meta.k8s.io/v1', kind }
  for (const name of ['fieldManager', 'fieldValidation']) if (query.has(name)) options[name] = query.get(name)
  if (query.has('dryRun')) options['dryRun'] = query.getAll('dryRun')
  if (kind === 'PatchOptions' && query.has('force')) options['force'] = query.get('force') === 'true'
  return options
}

/** What admission is asked. A class, as one is made for every write: its functions are not made anew each time. */
export class RequestAttributes implements AdmissionAttributes {
  readonly operation: AdmissionOperation
  readonly resource: ResourceDeclaration
  readonly subresource: string
  readonly namespace: string
  name: string
  object: KubeObject | undefined
  readonly oldObject: KubeObject | undefined
  readonly user: AdmissionAttributes['user']
  readonly dryRun: boolean
  readonly lister: AdmissionAttributes['lister']
  reinvocation: AdmissionAttributes['reinvocation']
  readonly #request: RequestContext

  constructor(
    server: ServerContext,
    { declaration }: ServedResource,
    request: RequestContext,
    operation: AdmissionOperation,
    objects: { object?: KubeObject; oldObject?: KubeObject; name: string; namespace?: string },
    dryRun: boolean,
  ) {
    this.operation = operation
    this.resource = declaration
    this.subresource = request.info.subresource
    this.namespace = declaration.namespaced ? (objects.namespace ?? request.info.namespace) : ''
    this.name = objects.name
    this.object = objects.object
    this.oldObject = objects.oldObject
    this.user = request.user
    this.dryRun = dryRun
    this.lister = server.admission.lister
    this.reinvocation = undefined
    this.#request = request
  }

  /** Only policies and webhooks ask. */
  get options(): Record<string, unknown> | undefined {
    return operationOptions(this.operation, this.#request)
  }

  warn(message: string): void {
    this.#request.warnings.push(message)
  }

  annotate(key: string, value: string): void {
    this.#request.audit?.annotate(key, value)
  }
}

/**
 * Asks admission about what a subresource or a connection is given; the object as admission leaves it. It is prepared
 * between the two phases.
 */
export async function admitted(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  operation: 'CREATE' | 'CONNECT',
  object: KubeObject,
  name: string,
  dryRun: boolean,
  prepare?: (object: KubeObject) => KubeObject,
): Promise<KubeObject> {
  const attributes = new RequestAttributes(server, resource, request, operation, { object, name }, dryRun)
  const mutating = server.admission.admit(attributes)
  if (mutating) await mutating
  if (prepare) attributes.object = prepare(attributes.object!)
  const validating = server.admission.validate(attributes)
  if (validating) await validating
  return attributes.object!
}
