// What stands between an object's bytes and the bytes that are kept: how one turns into the other.
//
// A key's value begins with the prefix of whoever wrote it. Several transformers stand in a row: the first writes, each
// reads what bears its prefix; what another than the first has written is stale, and is written anew with the next write.

import { aggregateMessage } from '../../machinery/field-error.ts'

export interface ReadValue {
  readonly value: Uint8Array
  /** Should be written anew, though nothing changes. */
  readonly stale: boolean
}

export interface Transformer {
  /** `key` is where the value stands: authenticated data. Throws, or rejects, when it cannot be read. */
  fromStorage(data: Uint8Array, key: string): ReadValue | Promise<ReadValue>
  toStorage(data: Uint8Array, key: string): Uint8Array
}

export interface PrefixTransformer {
  readonly prefix: Uint8Array
  readonly transformer: Transformer
}

const encryptedPrefix = Buffer.from('k8s:enc:')
const encryptedDataMessage = 'identity transformer tried to read encrypted data'

/** Leaves values as they are, and refuses those that somebody has encrypted. */
export const identity: Transformer = {
  fromStorage(data) {
    if (startsWith(data, encryptedPrefix)) throw new Error(encryptedDataMessage)
    return { value: data, stale: false }
  },
  toStorage: data => data,
}

export class PrefixTransformers implements Transformer {
  readonly #transformers: readonly PrefixTransformer[]
  readonly #noneMatches: string

  constructor(noneMatches: string, transformers: readonly PrefixTransformer[]) {
    this.#noneMatches = noneMatches
    this.#transformers = transformers
  }

  toStorage(data: Uint8Array, key: string): Uint8Array {
    const { prefix, transformer } = this.#transformers[0]!
    const written = transformer.toStorage(data, key)
    // Nothing is put in front of what stays as it is: it is even the same array.
    return prefix.length === 0 ? written : Buffer.concat([prefix, written])
  }

  fromStorage(data: Uint8Array, key: string): ReadValue | Promise<ReadValue> {
    return this.#from(0, data, key, [])
  }

  #from(start: number, data: Uint8Array, key: string, problems: readonly string[]): ReadValue | Promise<ReadValue> {
    for (let index = start; index < this.#transformers.length; index++) {
      const { prefix, transformer } = this.#transformers[index]!
      if (!startsWith(data, prefix)) continue
      const found = (read: ReadValue): ReadValue =>
        index === 0 || read.stale ? read : { value: read.value, stale: true }
      // The same prefix may come again, with other keys: a failure is not the end. One of identity is no failure at all.
      const failed = (error: Error) => {
        const all = prefix.length === 0 ? problems : [...problems, error.message]
        return this.#from(index + 1, data, key, all)
      }
      try {
        const read = transformer.fromStorage(data.subarray(prefix.length), key)
        return read instanceof Promise ? read.then(found, failed) : found(read)
      } catch (error) {
        return failed(error as Error)
      }
    }
    throw new Error(problems.length > 0 ? aggregateMessage(problems) : this.#noneMatches)
  }
}

export function startsWith(data: Uint8Array, prefix: Uint8Array): boolean {
  if (data.length < prefix.length) return false
  for (let index = 0; index < prefix.length; index++) if (data[index] !== prefix[index]) return false
  return true
}

export const tooShort = 'the stored data was shorter than the required size'
