// JSON patch (RFC 6902): add, remove, replace, move, copy, test.
//
// Upstream's library (evanphx/json-patch v4) decides where the RFC leaves room: an index may be negative (from the end),
// and `replace` may name a field that an object does not have yet.

import { deepEqual } from '../deep-equal.ts'
import { deepCopy } from '../deep-freeze.ts'
import { quote } from '../go-text.ts'
import { setKey } from '../own-value.ts'
import { badRequest, genericServerResponse, requestEntityTooLarge, StatusError } from '../status-error.ts'

type Container = unknown[] | Record<string, unknown>

/** More operations than this in one patch are refused. */
export const maxOperations = 10_000

/**
 * The patched object; the inputs stay as they are and may share parts with it. Throws a StatusError: 400 for what is no
 * patch, 413 for too many operations, 422 for a patch that does not apply, with the reason as its cause.
 */
export function applyJsonPatch<T>(document: T, patch: unknown): T {
  if (!Array.isArray(patch))
    throw badRequest(`json: cannot unmarshal ${jsonType(patch)} into Go value of type jsonpatch.Patch`)
  if (patch.length > maxOperations)
    throw requestEntityTooLarge(
      `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`,
    )
  const editor = new Editor(document)
  try {
    for (const operation of patch) {
      if (typeof operation !== 'object' || Array.isArray(operation))
        throw badRequest(`json: cannot unmarshal ${jsonType(operation)} into Go value of type jsonpatch.Operation`)
      editor.apply((operation ?? {}) as Record<string, unknown>)
    }
  } catch (error) {
    if (error instanceof StatusError) throw error
    const { status } = genericServerResponse(422, { serverMessage: (error as Error).message })
    throw new StatusError(status, { cause: error })
  }
  return editor.document as T
}

function jsonType(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
}

const missing = 'missing value'
const invalidIndex = 'invalid index referenced'

class Editor {
  document: unknown
  /** What this patch has copied already, and may change. */
  readonly #own = new WeakSet<object>()
  readonly #operations: Readonly<Record<string, (operation: Record<string, unknown>) => void>> = {
    add: operation => this.#add(operation),
    remove: operation => this.#remove(operation),
    replace: operation => this.#replace(operation),
    move: operation => this.#move(operation),
    copy: operation => this.#copy(operation),
    test: operation => this.#test(operation),
  }

  constructor(document: unknown) {
    this.document = document
  }

  apply(operation: Record<string, unknown>): void {
    const op = operation['op']
    const run = typeof op === 'string' && Object.hasOwn(this.#operations, op) ? this.#operations[op] : undefined
    if (!run) throw new Error(`Unexpected kind: ${typeof op === 'string' ? op : 'unknown'}`)
    run(operation)
  }

  #add(operation: Record<string, unknown>): void {
    const path = pathOf(operation, 'path', `add operation failed to decode path: ${missing}`)
    const found = this.#find(path, true)
    if (!found) throw new Error(`add operation does not apply: doc is missing path: ${quote(path)}: ${missing}`)
    wrap(`error in add for path: '${path}'`, () => add(found.container, found.key, operation['value'] ?? null))
  }

  #remove(operation: Record<string, unknown>): void {
    const path = pathOf(operation, 'path', `remove operation failed to decode path: ${missing}`)
    const found = this.#find(path, true)
    if (!found) throw new Error(`remove operation does not apply: doc is missing path: ${quote(path)}: ${missing}`)
    wrap(`error in remove for path: '${path}'`, () => remove(found.container, found.key))
  }

  #replace(operation: Record<string, unknown>): void {
    const path = pathOf(
      operation,
      'path',
      `replace operation failed to decode path: operation missing path field: ${missing}`,
    )
    const value = operation['value'] ?? null
    if (path === '') {
      if (typeof value !== 'object' || value === null)
        throw new Error('replace operation value must be object or array')
      this.document = value
      return
    }
    const found = this.#find(path, true)
    if (!found) throw new Error(`replace operation does not apply: doc is missing path: ${path}: ${missing}`)
    const { container, key } = found
    if (Array.isArray(container)) {
      let index: number
      try {
        index = existingIndex(container, key)
      } catch {
        throw new Error(`replace operation does not apply: doc is missing key: ${path}: ${missing}`)
      }
      container[index] = value
    } else setKey(container, key, value)
  }

  #move(operation: Record<string, unknown>): void {
    const from = pathOf(
      operation,
      'from',
      `move operation failed to decode from: operation, missing from field: ${missing}`,
    )
    const source = this.#find(from, true)
    if (!source) throw new Error(`move operation does not apply: doc is missing from path: ${from}: ${missing}`)
    const value = wrap(`error in move for path: '${source.key}'`, () => {
      const moved = get(source.container, source.key)
      remove(source.container, source.key)
      return moved
    })
    const path = pathOf(
      operation,
      'path',
      `move operation failed to decode path: operation missing path field: ${missing}`,
    )
    const target = this.#find(path, true)
    if (!target) throw new Error(`move operation does not apply: doc is missing destination path: ${path}: ${missing}`)
    wrap(`error in move for path: '${path}'`, () => add(target.container, target.key, value ?? null))
  }

  #copy(operation: Record<string, unknown>): void {
    const from = pathOf(
      operation,
      'from',
      `copy operation failed to decode from: operation, missing from field: ${missing}`,
    )
    const source = this.#find(from, false)
    if (!source) throw new Error(`copy operation does not apply: doc is missing from path: ${from}: ${missing}`)
    const value = wrap(`error in copy for from: '${from}'`, () => get(source.container, source.key))
    const path = pathOf(operation, 'path', `copy operation failed to decode path: ${missing}`)
    const target = this.#find(path, true)
    if (!target) throw new Error(`copy operation does not apply: doc is missing destination path: ${path}: ${missing}`)
    wrap('error while adding value during copy', () => add(target.container, target.key, deepCopy(value) ?? null))
  }

  #test(operation: Record<string, unknown>): void {
    const path = pathOf(
      operation,
      'path',
      `test operation failed to decode path: operation missing path field: ${missing}`,
    )
    const wanted = operation['value'] ?? null
    let value = this.document
    if (path !== '') {
      const found = this.#find(path, false)
      if (!found) throw new Error(`test operation does not apply: is missing path: ${path}: ${missing}`)
      value = wrap(`error in test for path: '${path}'`, () => get(found.container, found.key)) ?? null
    }
    if (!deepEqual(value, wanted)) throw new Error(`testing value ${path} failed: test failed`)
  }

  /** The list or object that the path's last part is in; with `write`, a copy that may be changed. */
  #find(path: string, write: boolean): { container: Container; key: string } | undefined {
    const parts = path.split('/')
    if (parts.length < 2) return undefined
    if (typeof this.document !== 'object' || this.document === null) return undefined
    if (write) this.document = this.#owned(this.document as Container)
    let container = this.document as Container
    for (const part of parts.slice(1, -1)) {
      const key = decodeKey(part)
      let next: unknown
      try {
        next = get(container, key)
      } catch {
        return undefined
      }
      if (typeof next !== 'object' || next === null) return undefined
      if (write && !this.#own.has(next)) {
        next = this.#owned(next as Container)
        if (Array.isArray(container)) container[existingIndex(container, key)] = next
        else setKey(container, key, next)
      }
      container = next as Container
    }
    return { container, key: decodeKey(parts.at(-1)!) }
  }

  #owned(container: Container): Container {
    if (this.#own.has(container)) return container
    const copy = Array.isArray(container) ? [...container] : { ...container }
    this.#own.add(copy)
    return copy
  }
}

function pathOf(operation: Record<string, unknown>, field: 'path' | 'from', message: string): string {
  const path = operation[field]
  if (typeof path !== 'string') throw new Error(message)
  return path
}

function decodeKey(part: string): string {
  return part.replace(/~[01]/g, escaped => (escaped === '~1' ? '/' : '~'))
}

function wrap<T>(context: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw new Error(`${context}: ${(error as Error).message}`)
  }
}

function parseIndex(key: string): number {
  if (!/^[+-]?\d+$/.test(key)) throw new Error(`strconv.Atoi: parsing ${quote(key)}: invalid syntax`)
  return Number(key)
}

function resolve(index: number, length: number, limit: number): number {
  if (index >= limit || index < -length) throw new Error(`Unable to access invalid index: ${index}: ${invalidIndex}`)
  return index < 0 ? index + length : index
}

function existingIndex(list: readonly unknown[], key: string): number {
  return resolve(parseIndex(key), list.length, list.length)
}

function get(container: Container, key: string): unknown {
  if (Array.isArray(container)) return container[existingIndex(container, key)]
  return Object.hasOwn(container, key) ? container[key] : undefined
}

function add(container: Container, key: string, value: unknown): void {
  if (!Array.isArray(container)) {
    setKey(container, key, value)
    return
  }
  if (key === '-') {
    container.push(value)
    return
  }
  const length = container.length + 1
  const index = wrap(`value was not a proper array index: '${key}'`, () => parseIndex(key))
  container.splice(resolve(index, length, length), 0, value)
}

function remove(container: Container, key: string): void {
  if (Array.isArray(container)) {
    container.splice(existingIndex(container, key), 1)
    return
  }
  if (!Object.hasOwn(container, key)) throw new Error(`Unable to remove nonexistent key: ${key}: ${missing}`)
  delete container[key]
}
