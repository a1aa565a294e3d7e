// Field management: after every write, metadata.managedFields says which manager owns which field.
//
// Comes in: the object as the request would have it, before admission, and the live one. Goes out: the same object with its
// managedFields; for an apply patch, also the object that results. The sets and their rules are in machinery/apply/.

import { TokenRequest } from '../../../api/authentication/v1/tokenrequest.ts'
import { Scale } from '../../../api/autoscaling/v1/scale.ts'
import { findConversion } from '../../../api/conversion.ts'
import { applyDefaultsTo } from '../../../api/defaults.ts'
import {
  apiVersionOf,
  type KindDeclaration,
  type KubeObject,
  type ResourceDeclaration,
  scaleSubresource,
} from '../../../api/resource.ts'
import { type Atom, atomOf, ItemError } from '../../../machinery/apply/atom.ts'
import { createdFields } from '../../../machinery/apply/created.ts'
import { difference, type FieldSet, fieldSet, isEmpty, union } from '../../../machinery/apply/field-set.ts'
import {
  decodeManagedFields,
  encodeManagedFields,
  encodeManager,
  isReset,
  type ManagedFieldsEntry,
  ManagedFieldsError,
  type ManagerName,
  type Managers,
  sameButForTimes,
  sameEntries,
} from '../../../machinery/apply/managed-fields.ts'
import { PathElementError } from '../../../machinery/apply/path-element.ts'
import {
  type Applied,
  apply,
  Conflicts,
  type Rules,
  type TypedObject,
  update,
} from '../../../machinery/apply/updater.ts'
import { validateTyped } from '../../../machinery/apply/validate.ts'
import { zeroObject } from '../../../machinery/codec/decode.ts'
import { deepEqual } from '../../../machinery/deep-equal.ts'
import { deepCopy } from '../../../machinery/deep-freeze.ts'
import { isPrint } from '../../../machinery/go-text.ts'
import { badRequest, failure } from '../../../machinery/status-error.ts'
import { formatTime } from '../../../machinery/time.ts'
import type { RequestContext } from '../../request.ts'
import type { ServerContext } from '../../server-context.ts'
import { decodeDeclared, decodeRestored } from '../decode-body.ts'
import type { ServedResource } from '../registry.ts'
import { capUpdateManagers } from './cap-managers.ts'
import { conflictError } from './conflicts.ts'
import { conflictsWithOthers, kubectlManager, updateLastApplied } from './last-applied.ts'
import { resetFilter } from './reset-fields.ts'

const metadataFields = (...names: readonly string[]): FieldSet =>
  fieldSet(...names.map(name => ['f:metadata', `f:${name}`]))

/** What nobody owns: the object's identity, and what only the server writes. */
const unowned: FieldSet = union(
  fieldSet(['f:apiVersion'], ['f:kind'], ['f:metadata']),
  metadataFields(
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'clusterName',
    'generation',
    'managedFields',
    'resourceVersion',
  ),
)
/** What a create says of these is dropped before anybody looks. */
const unownedAtCreate = union(
  difference(unowned, fieldSet(['f:metadata'])),
  metadataFields('deletionTimestamp', 'deletionGracePeriodSeconds'),
)

/** What the API server writes by itself. */
export const apiServerManager = 'kube-apiserver'
/** Its part that keeps the objects of flow control, and the one that says in their status what it makes of them. */
export const flowControlProducer = 'api-priority-and-fairness-config-producer-v1'
export const flowControlConsumer = 'api-priority-and-fairness-config-consumer-v1'
const beforeFirstApply = 'before-first-apply'
const longestManager = 128

/** The `fieldManager` parameter, or else what the User-Agent begins with. */
export function managerOf(request: RequestContext): string {
  const given = request.query.get('fieldManager')
  if (given) return given
  const header = request.headers['user-agent']
  const agent = (Array.isArray(header) ? header[0] : header) ?? ''
  return managerOfAgent(agent) || 'unknown'
}

const agents = new Map<string, string>()

function managerOfAgent(agent: string): string {
  let manager = agents.get(agent)
  if (manager === undefined) {
    manager = ''
    for (const character of agent.split('/', 1)[0]!) {
      if (!isPrint(character)) continue
      if (Buffer.byteLength(manager + character) > longestManager) break
      manager += character
    }
    if (agents.size > 1000) agents.clear()
    agents.set(agent, manager)
  }
  return manager
}

/** A resource as field management sees it, for one way of writing. */
interface Scope {
  readonly kind: string
  readonly atom: Atom
  readonly apiVersion: string
  readonly empty: KubeObject
  /** What a merge has made, as an object in normal form with its defaults. */
  read(value: object): KubeObject
  /** At creation nobody owns these, nor what is below them. */
  readonly unownedAtCreate: FieldSet
  readonly rules: Rules
}

/** Of subresources that have a kind of their own. */
const kindsOf: Readonly<Record<string, KindDeclaration>> = {
  scale: { ...scaleSubresource.kind!, schema: Scale },
  token: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', schema: TokenRequest },
}

const scopes = new WeakMap<ServedResource, Map<string, Scope>>()

function scopeOf(server: ServerContext, resource: ServedResource, subresource: string): Scope {
  let known = scopes.get(resource)
  if (!known) {
    known = new Map()
    scopes.set(resource, known)
  }
  let scope = known.get(subresource)
  if (!scope) {
    const { declaration } = resource
    const of = kindsOf[subresource] ?? declaration
    const { schema, kind } = of
    const apiVersion = apiVersionOf(of)
    const filter = resetFilter(declaration, subresource)
    scope = {
      kind,
      read: value => readMerged(of, value),
      atom: atomOf(schema),
      apiVersion,
      empty: { ...zeroObject(schema), apiVersion, kind },
      unownedAtCreate: ['f:status', 'f:spec']
        .filter(part => isEmpty(filter(fieldSet([part]))))
        .reduce((set, part) => union(set, fieldSet([part])), unownedAtCreate),
      rules: { unowned, filter, convert: (object, apiVersion) => convert(server, declaration, object, apiVersion) },
    }
    known.set(subresource, scope)
  }
  return scope
}

function readMerged(of: KindDeclaration & Pick<ResourceDeclaration, 'custom'>, value: object): KubeObject {
  const { object } = of.custom
    ? decodeDeclared(of, value, 'Ignore', { keepsNulls: true })
    : restoredMerged(of, value as KubeObject)
  object.apiVersion = apiVersionOf(of)
  object.kind = of.kind
  object.metadata ??= {}
  if (of.custom) of.custom.applyDefaults(object)
  else applyDefaultsTo(of.schema, object)
  return object
}

function restoredMerged(of: KindDeclaration & Pick<ResourceDeclaration, 'schema'>, value: KubeObject) {
  try {
    return decodeRestored(of, value, 'Ignore')
  } catch (error) {
    const { namespace = '', name = '' } = value.metadata ?? {}
    const apiVersion = apiVersionOf(of)
    throw failure(
      500,
      '',
      `failed to convert new object (${namespace}/${name}; ${apiVersion}, Kind=${of.kind}) to proper version: unable to convert unstructured object to ${apiVersion}, Kind=${of.kind}: ${(error as Error).message}`,
    )
  }
}

function convert(
  server: ServerContext,
  declaration: ResourceDeclaration,
  object: TypedObject,
  apiVersion: string,
): TypedObject | undefined {
  if (object.apiVersion === apiVersion) return object
  const to = groupVersion(apiVersion)
  const target = server.registry.find(to.group, to.version, declaration.resource)
  if (target?.declaration.kind !== declaration.kind) return undefined
  const conversion = findConversion(declaration.kind, object.apiVersion, apiVersion)
  // Versions without a conversion have one shape.
  const value = conversion ? conversion(object.value as KubeObject) : { ...object.value, apiVersion }
  return { apiVersion, atom: atomOf(target.declaration.schema), value }
}

function groupVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/')
  return { group: slash < 0 ? '' : apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) }
}

const typed = ({ apiVersion, atom }: Scope, value: object): TypedObject => ({ apiVersion, atom, value })

function managerName(
  manager: string,
  operation: ManagerName['operation'],
  { apiVersion }: Scope,
  subresource: string,
): ManagerName {
  return { manager, operation, apiVersion, subresource }
}

function managersOrNone(entries: readonly ManagedFieldsEntry[] | undefined): Managers {
  try {
    return decodeManagedFields(entries)
  } catch (error) {
    if (error instanceof ManagedFieldsError) return new Map()
    throw error
  }
}

/** What the request says of managers, if it says something that makes sense; else what stands. */
function liveOrNew(live: KubeObject | undefined, given: readonly ManagedFieldsEntry[] | undefined): Managers {
  const stands: readonly ManagedFieldsEntry[] | undefined = live?.metadata['managedFields']
  if (!given) return managersOrNone(stands)
  if (isReset(given)) return new Map()
  const managers = managersOrNone(stands && saysSame(given, stands) ? stands : given)
  return managers.size > 0 ? managers : managersOrNone(stands)
}

function setEntries(object: KubeObject, entries: readonly ManagedFieldsEntry[] | undefined): void {
  if (entries) object.metadata['managedFields'] = entries
  else delete object.metadata['managedFields']
}

/** Most clients send back what they have read. Of entries that mean nothing, nothing is known. */
function saysSame(a: readonly ManagedFieldsEntry[], b: readonly ManagedFieldsEntry[]): boolean {
  try {
    return sameEntries(a, b)
  } catch (error) {
    if (error instanceof PathElementError) return false
    throw error
  }
}

/** The object is new: who creates it owns all it says. Changes its managedFields. */
export function manageCreated(
  server: ServerContext,
  resource: ServedResource,
  manager: string,
  object: KubeObject,
  subresource = '',
): void {
  const scope = scopeOf(server, resource, subresource)
  const { apiVersion } = scope
  const time = formatTime(server.env.clock.now())
  const given: readonly ManagedFieldsEntry[] | undefined = object.metadata['managedFields']
  let fields: FieldSet
  try {
    if (given && !isReset(given)) {
      setEntries(object, undefined)
      const writer = managerName(manager, 'Update', scope, subresource)
      const managers = update(
        scope.rules,
        typed(scope, scope.empty),
        typed(scope, object),
        liveOrNew(undefined, given),
        writer,
        time,
      )
      setEntries(object, encodeManagedFields(capUpdateManagers(managers)))
      return
    }
    fields = createdFields(scope.atom, scope.empty, object, scope.unownedAtCreate)
  } catch (error) {
    if (!(error instanceof ItemError)) throw error
    // As upstream: an object that cannot be managed is created without managers.
    setEntries(object, undefined)
    return
  }
  const owns = !isEmpty(fields)
  setEntries(
    object,
    owns ? [encodeManager({ manager, operation: 'Update', apiVersion, subresource, time, fields })] : undefined,
  )
}

/** The object is changed by something else than an apply patch. Changes its managedFields, never fails. */
export function manageUpdated(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  object: KubeObject,
  live: KubeObject,
): void {
  manageUpdatedBy(server, resource, request.info.subresource, () => managerOf(request), object, live)
}

export function manageUpdatedBy(
  server: ServerContext,
  resource: ServedResource,
  subresource: string,
  manager: () => string,
  object: KubeObject,
  live: KubeObject,
): void {
  const scope = scopeOf(server, resource, subresource)
  const given: readonly ManagedFieldsEntry[] | undefined = object.metadata['managedFields']
  const stands: readonly ManagedFieldsEntry[] | undefined = live.metadata['managedFields']
  // Not to be compared.
  setEntries(object, stands)
  try {
    const managers = subresource === '' ? liveOrNew(live, given) : managersOrNone(stands)
    // Of an object nobody has told of managers, nothing is known until someone applies it.
    if (managers.size === 0) {
      setEntries(object, undefined)
      return
    }
    const writer = managerName(manager(), 'Update', scope, subresource)
    const time = formatTime(server.env.clock.now())
    const after = capUpdateManagers(
      update(scope.rules, typed(scope, live), typed(scope, object), managers, writer, time),
    )
    setEntries(object, encodeManagedFields(after))
  } catch (error) {
    server.env.log.error('managedFields could not be kept', { error: String(error), name: live.metadata.name })
    setEntries(object, undefined)
  }
}

/** What admission has made of managedFields stands only if it means something. Changes the object's managedFields. */
export function keepValid(request: RequestContext, object: KubeObject, beforeAdmission: unknown): void {
  const entries: readonly ManagedFieldsEntry[] | undefined = object.metadata['managedFields']
  if (entries === beforeAdmission) return
  try {
    decodeManagedFields(entries)
  } catch (error) {
    if (!(error instanceof ManagedFieldsError)) throw error
    setEntries(object, beforeAdmission as readonly ManagedFieldsEntry[] | undefined)
    request.warnings.push(
      `.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: ${error.message}`,
    )
  }
}

/** When nothing but the times of managers has changed, nothing has. Changes the object's managedFields. */
export function keepTimes(object: KubeObject, old: KubeObject): void {
  const [entries, before]: (ManagedFieldsEntry[] | undefined)[] = [
    object.metadata['managedFields'],
    old.metadata['managedFields'],
  ]
  if (!entries || !before || entries === before || !sameButForTimes(entries, before)) return
  object.metadata['managedFields'] = before
  if (!deepEqual(object, old)) object.metadata['managedFields'] = entries
}

export interface ApplyOptions {
  readonly manager: string
  readonly force: boolean
}

/** The object after an apply patch, with its managedFields. Throws a StatusError: for conflicts, or a patch that is none. */
export function applyTo(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  live: KubeObject | undefined,
  patch: KubeObject,
  { manager, force }: ApplyOptions,
): KubeObject {
  const { subresource } = request.info
  const scope = scopeOf(server, resource, subresource)
  checkPatch(scope, patch)
  const time = formatTime(server.env.clock.now())
  const writer = managerName(manager, 'Apply', scope, subresource)
  const from = typed(scope, live ?? scope.empty)
  let managers = live ? decodedOrFail(live) : new Map()
  if (live && managers.size === 0) {
    const before = managerName(beforeFirstApply, 'Update', scope, subresource)
    managers = capUpdateManagers(update(scope.rules, typed(scope, scope.empty), from, managers, before, time))
  }
  const write = (forced: boolean) =>
    apply(scope.rules, from, typed(scope, patch), managers, writer, { force: forced, time })
  let result: Applied
  try {
    result = write(force)
  } catch (error) {
    if (!(error instanceof Conflicts)) throw error
    const others =
      live && manager === kubectlManager
        ? conflictsWithOthers(error.conflicts, live, scope.atom, scope.apiVersion)
        : error.conflicts
    if (others.length > 0) throw conflictError(others)
    result = write(true)
  }
  const entries = encodeManagedFields(result.managers)
  if (!result.value && live) {
    const same = deepCopy({ ...live, metadata: { ...live.metadata, managedFields: undefined } })
    setEntries(same, entries)
    if (manager === kubectlManager) updateLastApplied(same, patch)
    return same
  }
  const object = scope.read(result.value ?? scope.empty)
  setEntries(object, entries)
  if (manager === kubectlManager) updateLastApplied(object, patch)
  return object
}

function decodedOrFail(live: KubeObject): Managers {
  try {
    return decodeManagedFields(live.metadata['managedFields'])
  } catch (error) {
    if (error instanceof ManagedFieldsError) throw failure(500, '', `failed to decode managed fields: ${error.message}`)
    throw error
  }
}

function checkPatch({ atom, apiVersion, kind }: Scope, patch: KubeObject): void {
  const named = kindText(patch.apiVersion, patch.kind)
  if (patch.apiVersion !== apiVersion || patch.kind !== kind) throw badRequest(`invalid object type: ${named}`)
  const metadata = patch.metadata as KubeObject['metadata'] | undefined
  if (Array.isArray(metadata?.['managedFields'])) throw badRequest('metadata.managedFields must be nil')
  const problem = validateTyped(atom, patch)
  if (problem !== undefined)
    throw failure(
      500,
      '',
      `failed to create typed patch object (${metadata?.namespace ?? ''}/${metadata?.name ?? ''}; ${named}): ${problem}`,
    )
}

/** As Go prints a GroupVersionKind: `apps/v1, Kind=Deployment`, `/v1, Kind=Pod`. */
function kindText(apiVersion: unknown, kind: unknown): string {
  const { group, version } = groupVersion(typeof apiVersion === 'string' ? apiVersion : '')
  return `${group}/${version}, Kind=${typeof kind === 'string' ? kind : ''}`
}
