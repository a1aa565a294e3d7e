// Finds keys that an object has twice, in JSON that is known to be well-formed. The slow path of `parse.ts`.

import { quote } from '../go-text.ts'

/** Upstream's decoder tells no more problems than this. */
const mostProblems = 100

/** The paths of repeated keys, in order, each once: `spec.replicas`, `spec.containers[0].image`. At most 100, as upstream. */
export function findDuplicates(text: string): string[] {
  const found = new Set<string>()
  walkKeys(text, (path, repeated) => {
    if (repeated && found.size < mostProblems) found.add(path)
  })
  return [...found]
}

/**
 * The problems of strict reading as upstream's decoder meets them: in the order of the text, and nothing about the inside
 * of fields that it doesn't know. Both lists hold texts such as `unknown field "spec.foo"`.
 */
export function strictProblems(
  text: string,
  unknownFields: readonly string[],
  duplicates: readonly string[],
): readonly string[] {
  if (duplicates.length === 0) return unknownFields
  const wanted = new Set([...unknownFields, ...duplicates])
  const found = new Set<string>()
  walkKeys(text, (path, repeated) => {
    const unknown = `unknown field ${quote(path)}`
    if (wanted.has(unknown)) {
      found.add(unknown)
      return 'skip'
    }
    const duplicate = repeated ? `duplicate field ${quote(path)}` : ''
    if (wanted.has(duplicate)) found.add(duplicate)
    return undefined
  })
  return [...found].slice(0, mostProblems)
}

type Visit = (path: string, repeated: boolean) => 'skip' | undefined

/** Visits every key in the order of the text; `skip`: what is in it is not visited. */
function walkKeys(text: string, visit: Visit): void {
  let at = 0

  const skipSpace = (): void => {
    while (text.charCodeAt(at) <= 0x20) at++
  }
  const readString = (): string => {
    const start = at++
    while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
    return JSON.parse(text.slice(start, ++at))
  }
  const readValue = (path: string, silent: boolean): void => {
    skipSpace()
    const first = text[at]
    if (first === '{') readObject(path, silent)
    else if (first === '[') readList(path, silent)
    else if (first === '"') readString()
    else while (at < text.length && !/[\s,\]}]/.test(text[at]!)) at++
    skipSpace()
  }
  const readObject = (path: string, silent: boolean): void => {
    const seen = new Set<string>()
    at++
    skipSpace()
    while (text[at] !== '}') {
      if (text[at] === ',') at++
      skipSpace()
      const key = readString()
      const keyPath = path === '' ? key : `${path}.${key}`
      const skips = silent || visit(keyPath, seen.has(key)) === 'skip'
      seen.add(key)
      skipSpace()
      at++ // the colon
      readValue(keyPath, skips)
    }
    at++
  }
  const readList = (path: string, silent: boolean): void => {
    at++
    skipSpace()
    for (let index = 0; text[at] !== ']'; index++) {
      if (text[at] === ',') at++
      readValue(`${path}[${index}]`, silent)
    }
    at++
  }

  readValue('', false)
}
