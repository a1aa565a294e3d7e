// Which part of an old object a part of the new one was: same field of an object, same key of a map-list. What has no
// counterpart (items of atomic lists and sets, what is new) is correlated with nothing.

import { deepEqual } from '../deep-equal.ts'
import { orderedJson } from './json-text.ts'
import { keyOf } from './list-types.ts'
import { additionalOf, isObject, itemsOf, type JsonSchema, propertyOf } from './schema.ts'

export const isCorrelatableMap = (mapType: string | undefined): boolean => !mapType || mapType === 'granular'

export class Correlated {
  readonly value: unknown
  readonly old: unknown
  readonly schema: JsonSchema | undefined
  #equal: boolean | undefined
  #oldByKey: Map<string, unknown> | undefined
  readonly #children = new Map<string | number, Correlated | undefined>()

  constructor(value: unknown, old: unknown, schema: JsonSchema | undefined) {
    this.value = value
    this.old = old
    this.schema = schema
  }

  /** Nothing has changed here. */
  get unchanged(): boolean {
    this.#equal ??= deepEqual(this.value, this.old)
    return this.#equal
  }

  field(name: string): Correlated | undefined {
    return this.#child(name, () => {
      if (!isCorrelatableMap(this.schema?.['x-kubernetes-map-type'])) return undefined
      if (!isObject(this.old) || !isObject(this.value)) return undefined
      const [value, old] = [this.value[name], this.old[name]]
      if (value === undefined || old === undefined) return undefined
      return new Correlated(value, old, propertyOf(this.schema, name) ?? additionalOf(this.schema))
    })
  }

  item(index: number): Correlated | undefined {
    return this.#child(index, () => {
      if (this.schema?.['x-kubernetes-list-type'] !== 'map') return undefined
      if (!Array.isArray(this.old) || !Array.isArray(this.value)) return undefined
      const keys = this.schema['x-kubernetes-list-map-keys'] ?? []
      this.#oldByKey ??= new Map(this.old.map(item => [orderedJson(keyOf(item, keys)), item]))
      const value = this.value[index]
      const old = this.#oldByKey.get(orderedJson(keyOf(value, keys)))
      return old === undefined || old === null ? undefined : new Correlated(value, old, itemsOf(this.schema))
    })
  }

  #child(name: string | number, make: () => Correlated | undefined): Correlated | undefined {
    if (!this.#children.has(name)) this.#children.set(name, make())
    return this.#children.get(name)
  }
}
