// FNV-1a in 32 bits: short hashes for names and labels (pod-template-hash), not for anything secret.

import { jsonText } from './json/write.ts'

const offsetBasis = 0x811c9dc5
const prime = 0x01000193

export function fnv1a32(text: string, seed = offsetBasis): number {
  let hash = seed
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, prime)
  return hash >>> 0
}

/** FNV-1 (multiply first), as upstream's hash/fnv New32. */
export function fnv132(text: string): number {
  let hash = offsetBasis
  for (const byte of Buffer.from(text)) hash = Math.imul(hash, prime) ^ byte
  return hash >>> 0
}

/** A hash of an object's content that does not depend on the order of its keys. */
export function hashObject(value: unknown): number {
  return fnv1a32(canonicalJson(value))
}

/** JSON with its keys in order: the same text for the same content. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return jsonText(value)
  const keys = Object.keys(value).filter(key => (value as Record<string, unknown>)[key] !== undefined)
  const fields = keys
    .sort()
    .map(key => `${JSON.stringify(key)}:${canonicalJson((value as Record<string, unknown>)[key])}`)
  return `{${fields.join(',')}}`
}
