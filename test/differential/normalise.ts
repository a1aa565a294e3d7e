// What has to differ between two servers, or between two runs, is replaced by a word for it.

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const time = /\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g
/** Addresses of the service ranges, which are chosen by chance; the second is the ServiceCIDR of valid-objects.ts. */
const clusterAddress = /\b10\.(?:9[6-9]|10\d|11[01])\.\d+\.\d+\b|\b10\.200\.0\.\d+\b(?!\/)/g
const endpoint = /\b(?:127\.0\.0\.1|10\.9\.8\.7|localhost):\d+/g

const version = /\bv1\.36\.\d+(?:\+k8ts)?/g
/** In YAML. */
const revision = /\b(resourceVersion: )"\d+"/g
/** Of a document, whose texts differ. */
const hash = /(\bhash=)[0-9A-F]{128}\b/g
const tokenVolume = /\b(kube-api-access-)[a-z0-9]{5}\b/g
const current = /(Too large resource version: )\d+(, current: )\d+/g
/** In a document that a message shows. */
const shownRevision = /(\\?"resourceVersion\\?":\\?")\d+/g
/** Of the long prefix that every-kind.ts asks for: refusals name it. */
const generated = /(\ba{58})[bcdfghjklmnpqrstvwxz2456789]{5}/g
const shownNodePort = /(\\*"nodePort\\*":|\b(?:nodePort|healthCheckNodePort): )3[0-2]\d\d\d/g
const recorded = /(the ResourceVersion in (?:record|the precondition) \(|ResourceVersion in object meta: )\d+/g
/** Where a Go program made its scheme, as it depends on the build. */
const scheme = /in scheme "[^"]*"/g

/** A continue token, which has a version in it. */
const token = /\beyJ2Ijoi[\w-]{40,}/g

/** A time is this run's when it is at most an hour away from now; others are part of what is compared. */
const near = 3_600_000

export function normaliseText(text: string): string {
  return text
    .replace(uuid, '<uid>')
    .replace(token, '<continue>')
    .replace(time, found => (Math.abs(Date.parse(found) - Date.now()) < near ? '<time>' : found))
    .replace(clusterAddress, found => (found === '10.96.0.1' ? found : '<service address>'))
    .replace(endpoint, '<endpoint>')
    .replace(version, '<version>')
    .replace(revision, '$1<revision>')
    .replace(tokenVolume, '$1<suffix>')
    .replace(current, '$1<revision>$2<revision>')
    .replace(hash, '$1<hash>')
    .replace(shownRevision, '$1<revision>')
    .replace(generated, '$1<suffix>')
    .replace(shownNodePort, '$1<node port>')
    .replace(recorded, '$1<revision>')
    .replace(scheme, 'in scheme "<file>"')
}

/** Ages, and node ports in the cell of a Service's ports. */
function normaliseCell(cell: unknown): unknown {
  if (typeof cell !== 'string') return normalise(cell)
  if (/^\d+[smh](?:\d+s)?$/.test(cell)) return '<age>'
  return normaliseText(cell).replace(/(\d+:)3[0-2]\d\d\d(?=\/)/g, '$1<node port>')
}

/** Of /version. */
const hidden = new Set(['gitCommit', 'gitTreeState', 'buildDate', 'goVersion', 'compiler', 'platform'])

/** Of a generated name. */
const longestPrefix = 58

/** The value with everything replaced; object keys keep their order. */
export function normalise(value: unknown, key = ''): unknown {
  if (typeof value === 'string') {
    if (key === 'resourceVersion' && /^\d+$/.test(value)) return '<revision>'
    if (key === 'continue' && value !== '') return '<continue>'
    // A service account's token.
    if (key === 'token' && value.startsWith('eyJ')) return '<token>'
    return normaliseText(value)
  }
  if (key === 'nodePort' && typeof value === 'number' && value >= 30000 && value <= 32767) return '<node port>'
  if (key === 'healthCheckNodePort' && typeof value === 'number' && value >= 30000) return '<node port>'
  if (Array.isArray(value)) return value.map(item => (key === 'cells' ? normaliseCell(item) : normalise(item)))
  if (typeof value !== 'object' || value === null) return value
  const made: Record<string, unknown> = {}
  for (const [name, inner] of Object.entries(withoutGenerated(value)))
    made[name] = hidden.has(name) && typeof inner === 'string' ? '<hidden>' : normalise(inner, name)
  return made
}

/** A generated name is in its labels, too. */
function withoutGenerated(value: object): object {
  const { generateName, name } = (value as { metadata?: Record<string, unknown> | null }).metadata ?? {}
  if (typeof generateName !== 'string' || typeof name !== 'string') return value
  if (name === generateName || !name.startsWith(generateName.slice(0, longestPrefix))) return value
  return JSON.parse(JSON.stringify(value).replaceAll(JSON.stringify(name), JSON.stringify(`${generateName}<suffix>`)))
}
