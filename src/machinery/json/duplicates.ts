// Finds keys that an object has twice, in JSON that is known to be well-formed. The slow path of `parse.ts`.

/** The paths of repeated keys, in order, each once: `spec.replicas`, `spec.containers[0].image`. At most 100, as upstream. */
export function findDuplicates(text: string): string[] {
  const found = new Set<string>()
  let at = 0

  const skipSpace = (): void => {
    while (text.charCodeAt(at) <= 0x20) at++
  }
  const readString = (): string => {
    const start = at++
    while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
    return JSON.parse(text.slice(start, ++at))
  }
  const readValue = (path: string): void => {
    skipSpace()
    const first = text[at]
    if (first === '{') readObject(path)
    else if (first === '[') readList(path)
    else if (first === '"') readString()
    else while (at < text.length && !/[\s,\]}]/.test(text[at]!)) at++
    skipSpace()
  }
  const readObject = (path: string): void => {
    const seen = new Set<string>()
    at++
    skipSpace()
    while (text[at] !== '}') {
      if (text[at] === ',') at++
      skipSpace()
      const key = readString()
      const keyPath = path === '' ? key : `${path}.${key}`
      if (seen.has(key) && found.size < 100) found.add(keyPath)
      seen.add(key)
      skipSpace()
      at++ // the colon
      readValue(keyPath)
    }
    at++
  }
  const readList = (path: string): void => {
    at++
    skipSpace()
    for (let index = 0; text[at] !== ']'; index++) {
      if (text[at] === ',') at++
      readValue(`${path}[${index}]`)
    }
    at++
  }

  readValue('')
  return [...found]
}
