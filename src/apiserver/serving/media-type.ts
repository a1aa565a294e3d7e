// Content negotiation: which form of an object the client wants (Accept) and which it sends (Content-Type).

export interface MediaType {
  /** `application/json` */
  readonly type: string
  readonly parameters: Readonly<Record<string, string>>
}

const parsed = new Map<string, readonly MediaType[]>()

/** The media ranges of an Accept header, best first: as upstream sorts them, whose order of wildcards is not that of HTTP. */
export function parseAccept(header: string): readonly MediaType[] {
  const known = parsed.get(header)
  if (known) return known
  const sorted: Wish[] = []
  for (const part of header.split(',')) {
    const wish = readWish(part)
    if (!wish) continue
    let at = sorted.length
    while (at > 0 && comesBefore(wish, sorted[at - 1]!)) at--
    sorted.splice(at, 0, wish)
  }
  // Clients send a handful of different headers; a stranger's flood of new ones must not grow the map for ever.
  if (parsed.size > 1000) parsed.clear()
  parsed.set(header, sorted)
  return sorted
}

interface Wish extends MediaType {
  readonly q: number
}

/** What is asked for by name comes before what is asked for by a star, however much it is wanted. */
function comesBefore(one: Wish, other: Wish): boolean {
  if (one.q > other.q) return true
  if (!one.type.startsWith('*') && other.type.startsWith('*')) return true
  return !one.type.endsWith('/*') && other.type.endsWith('/*')
}

/** undefined: no media range. Parameters that say nothing are none. */
function readWish(part: string): Wish | undefined {
  const [range = '', ...rest] = part.split(';')
  const pieces = range.split('/').map(trimmed)
  if (pieces.length === 1 && pieces[0] === '*') pieces.push('*')
  if (pieces.length !== 2 || pieces[1] === '') return undefined
  const parameters: Record<string, string> = {}
  let q = 1
  for (const parameter of rest) {
    const [name = '', value = '', ...more] = parameter.split('=')
    if (value === '' || more.length > 0) continue
    if (trimmed(name) === 'q') q = Number(value) || 0
    else parameters[trimmed(name)] = trimmed(value)
  }
  return { type: pieces.join('/'), parameters, q }
}

const trimmed = (text: string): string => text.replace(/^ +| +$/g, '')

export function parseMediaType(text: string): MediaType {
  const [type = '', ...rest] = text.split(';')
  const parameters: Record<string, string> = {}
  for (const parameter of rest) {
    const equals = parameter.indexOf('=')
    if (equals < 0) continue
    const value = parameter.slice(equals + 1).trim()
    parameters[parameter.slice(0, equals).trim().toLowerCase()] =
      value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
  }
  return { type: type.trim().toLowerCase(), parameters }
}

export const json = 'application/json'
export const yaml = 'application/yaml'
export const protobuf = 'application/vnd.kubernetes.protobuf'

/** Server-side apply. */
export const applyPatch = 'application/apply-patch+yaml'

export const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  applyPatch,
] as const
