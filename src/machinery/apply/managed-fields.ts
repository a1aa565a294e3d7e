// metadata.managedFields as a map from each manager to what it manages, and back.

import { quote } from '../go-text.ts'
import { jsonText } from '../json/write.ts'
import { type FieldSet, readFieldSet, share, sharedText } from './field-set.ts'
import { PathElementError } from './path-element.ts'

export type Operation = 'Apply' | 'Update'

/** Who manages fields. One who applies is the same in every version; one who updates is another in each. */
export interface ManagerName {
  readonly manager: string
  readonly operation: Operation
  readonly apiVersion: string
  /** '' for the resource itself. */
  readonly subresource: string
}

export interface Manager extends ManagerName {
  readonly time?: string
  readonly fields: FieldSet
}

export type Managers = Map<string, Manager>

/** As it stands in metadata.managedFields. */
export interface ManagedFieldsEntry {
  readonly manager?: string
  readonly operation?: string
  readonly apiVersion?: string
  readonly time?: string
  readonly fieldsType?: string
  readonly fieldsV1?: unknown
  readonly subresource?: string
}

/** The manager's key in `Managers`. */
export function managerKey({ manager, operation, apiVersion, subresource }: ManagerName): string {
  // Nothing of it has a line break but the manager's name, which comes last.
  return `${operation}\n${operation === 'Apply' ? '' : apiVersion}\n${subresource}\n${manager}`
}

export class ManagedFieldsError extends Error {}

/** Throws a `ManagedFieldsError` for entries that mean nothing. */
export function decodeManagedFields(entries: readonly ManagedFieldsEntry[] | undefined | null): Managers {
  const managers: Managers = new Map()
  entries?.forEach((entry, index) => {
    const { manager = '', operation, apiVersion = '', time, fieldsType = '', fieldsV1, subresource = '' } = entry
    if (operation !== 'Apply' && operation !== 'Update')
      throw new ManagedFieldsError('operation must be `Apply` or `Update`')
    if (apiVersion === '') throw new ManagedFieldsError('apiVersion must not be empty')
    if (fieldsType === '') throw new ManagedFieldsError(`missing fieldsType in managed fields entry ${index}`)
    if (fieldsType !== 'FieldsV1')
      throw new ManagedFieldsError(`invalid fieldsType ${quote(fieldsType)} in managed fields entry ${index}`)
    const name: ManagerName = { manager, operation, apiVersion, subresource }
    const fields = fieldsOf(fieldsV1)
    managers.set(managerKey(name), { manager, operation, apiVersion, subresource, time: time || undefined, fields })
  })
  return managers
}

function fieldsOf(value: unknown): FieldSet {
  try {
    return readFieldSet(value)
  } catch (error) {
    if (error instanceof PathElementError) throw new ManagedFieldsError(`error decoding set: ${error.message}`)
    throw error
  }
}

/** `managedFields: []` and `[{}]` take away what is known of managers. */
export function isReset(entries: readonly ManagedFieldsEntry[] | undefined): boolean {
  if (!entries) return false
  return entries.length === 0 || (entries.length === 1 && Object.keys(entries[0]!).length === 0)
}

/** Undefined when nobody manages anything. */
export function encodeManagedFields(managers: Managers): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined
  return [...managers.values()].map(encodeManager).sort(inOrder)
}

/** The entry of one manager. */
export function encodeManager(of: Manager): ManagedFieldsEntry {
  const { manager, operation, apiVersion, time, subresource } = of
  const fieldsV1 = share(of.fields)
  // As nearly all are: made in one go, they take half the memory.
  if (manager !== '' && time) {
    if (subresource === '') return { manager, operation, apiVersion, time, fieldsType: 'FieldsV1', fieldsV1 }
    return { manager, operation, apiVersion, time, fieldsType: 'FieldsV1', fieldsV1, subresource }
  }
  return {
    ...(manager !== '' && { manager }),
    operation,
    apiVersion,
    ...(time && { time }),
    fieldsType: 'FieldsV1',
    fieldsV1,
    ...(subresource !== '' && { subresource }),
  }
}

function inOrder(a: ManagedFieldsEntry, b: ManagedFieldsEntry): number {
  return (
    compareTexts(a.operation, b.operation) ||
    compareTexts(a.time, b.time) ||
    compareTexts(a.manager, b.manager) ||
    compareTexts(a.apiVersion, b.apiVersion) ||
    compareTexts(a.subresource, b.subresource)
  )
}

function compareTexts(a = '', b = ''): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Whether two lists of entries say the same, field by field. */
export function sameEntries(a: readonly ManagedFieldsEntry[], b: readonly ManagedFieldsEntry[]): boolean {
  return a === b || (sameButForTimes(a, b) && a.every(({ time }, index) => time === b[index]!.time))
}

/** Whether two lists of entries say the same but for the times. */
export function sameButForTimes(
  a: readonly ManagedFieldsEntry[] | undefined,
  b: readonly ManagedFieldsEntry[] | undefined,
): boolean {
  if (!a || !b) return a === b
  return (
    a.length === b.length &&
    a.every((entry, index) => {
      const other = b[index]!
      return (
        entry.manager === other.manager &&
        entry.operation === other.operation &&
        entry.apiVersion === other.apiVersion &&
        entry.subresource === other.subresource &&
        entry.fieldsType === other.fieldsType &&
        (entry.fieldsV1 === other.fieldsV1 || readFieldSet(entry.fieldsV1) === readFieldSet(other.fieldsV1))
      )
    })
  )
}

/**
 * `JSON.stringify(entries)` in pieces, each of a text that exists: that of a set that many objects share is not copied. The
 * first begins with `head`.
 */
export function managedFieldsPieces(entries: readonly ManagedFieldsEntry[], head: string): string[] {
  const pieces: string[] = []
  let text = `${head}[`
  for (let index = 0; index < entries.length; index++) {
    if (index > 0) text += ','
    const entry = entries[index]!
    const { manager, operation, apiVersion, time, fieldsType, fieldsV1, subresource } = entry
    const fields = fieldsV1 === undefined || fieldsV1 === null ? undefined : sharedText(fieldsV1 as FieldSet)
    if (fields === undefined || fieldsType !== 'FieldsV1') {
      text += jsonText(entry)
      continue
    }
    text += manager === undefined ? '{' : `{"manager":${JSON.stringify(manager)},`
    text += `"operation":${JSON.stringify(operation)},"apiVersion":${JSON.stringify(apiVersion)},`
    if (time !== undefined) text += `"time":${JSON.stringify(time)},`
    pieces.push(`${text}"fieldsType":"FieldsV1","fieldsV1":`, fields)
    text = subresource === undefined ? '}' : `,"subresource":${JSON.stringify(subresource)}}`
  }
  pieces.push(`${text}]`)
  return pieces
}

/** Puts shared sets into entries that have just been read from where this server wrote them. Changes the entries. */
export function shareFields(entries: { fieldsV1?: unknown }[] | undefined): void {
  for (const entry of entries ?? []) if (entry.fieldsV1) entry.fieldsV1 = share(entry.fieldsV1 as FieldSet)
}
