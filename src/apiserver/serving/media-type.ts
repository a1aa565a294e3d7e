// Content negotiation: which form of an object the client wants (Accept) and which it sends (Content-Type).

export interface MediaType {
  /** `application/json` */
  readonly type: string
  readonly parameters: Readonly<Record<string, string>>
}

const parsed = new Map<string, readonly MediaType[]>()

/** The media ranges of an Accept header, best first (q values honoured, order kept between equals). */
export function parseAccept(header: string): readonly MediaType[] {
  const known = parsed.get(header)
  if (known) return known
  const ranges = header
    .split(',')
    .map(part => parseMediaType(part))
    .filter(range => range.type !== '')
    .map((range, order) => ({
      range,
      order,
      q: range.parameters['q'] === undefined ? 1 : Number(range.parameters['q']),
    }))
    .filter(({ q }) => q > 0)
    .sort((a, b) => b.q - a.q || a.order - b.order)
    .map(({ range }) => range)
  // Clients send a handful of different headers; a stranger's flood of new ones must not grow the map for ever.
  if (parsed.size > 1000) parsed.clear()
  parsed.set(header, ranges)
  return ranges
}

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
