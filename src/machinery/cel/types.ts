// What the checker knows of a value before there is one.

/** Without parameters. `dyn` and `any` are checked at run time only. */
export type CelScalar =
  | 'dyn'
  | 'any'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'timestamp'
  | 'duration'
  | 'null'

export type CelType =
  | CelScalar
  | CelListType
  | { readonly map: readonly [key: CelType, value: CelType] }
  | CelObjectType
  | { readonly optional: CelType }
  /** The type of a type: what `type(x)` is. */
  | { readonly type: CelType }
  /** A library's own: kubernetes.Quantity, net.IP … */
  | { readonly opaque: string }
  /** A function's type parameter; also a type yet unknown (the items of `[]`). */
  | { readonly param: string }

export interface CelListType {
  readonly list: CelType
  /** How lists of this type compare and add (x-kubernetes-list-type); ordinary lists when absent. */
  readonly listType?: 'atomic' | 'set' | 'map'
  /** Of listType `map`: the JSON names of the keys. */
  readonly listMapKeys?: readonly string[]
}

export interface CelField {
  /** The property's name in JSON; the expression knows it by the escaped name. */
  readonly json: string
  readonly type: CelType
}

export interface CelObjectType {
  readonly object: string
  /** By the name that expressions use. A thunk, since schemas may refer to themselves. */
  readonly fields: () => ReadonlyMap<string, CelField>
  /** Expressions may construct it: `Object{…}`. */
  readonly constructible?: boolean
}

/** An object of these properties, given by their names in JSON. Names that cannot be escaped are left out. */
export function objectType(
  name: string,
  properties: Readonly<Record<string, CelType>> | (() => Readonly<Record<string, CelType>>),
  { unescaped, ...options }: { readonly constructible?: boolean; readonly unescaped?: boolean } = {},
): CelObjectType {
  let fields: Map<string, CelField> | undefined
  const build = (): Map<string, CelField> => {
    const built = new Map<string, CelField>()
    for (const [json, type] of Object.entries(typeof properties === 'function' ? properties() : properties)) {
      const escaped = unescaped ? json : escapeProperty(json)
      if (escaped !== undefined) built.set(escaped, { json, type })
    }
    return built
  }
  return { object: name, fields: () => (fields ??= build()), ...options }
}

/** An object whose fields expressions select by their very names: of a kind of upstream's own making, not of a schema's. */
export const declaredType = (name: string, fields: Readonly<Record<string, CelType>>): CelObjectType =>
  objectType(name, fields, { unescaped: true })

export const reservedWords: ReadonlySet<string> = new Set(
  (
    'true false null in as break const continue else for function if import let loop package namespace return ' +
    'var void while'
  ).split(' '),
)
const escapes: Readonly<Record<string, string>> = {
  __: '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
}

/** The name by which an expression selects a property of a typed object; undefined when there is none. */
export function escapeProperty(name: string): string | undefined {
  if (!/^[a-zA-Z_./-][a-zA-Z0-9_./-]*$/.test(name)) return undefined
  if (reservedWords.has(name)) return `__${name}__`
  return name.replace(/__|[-./]/g, found => escapes[found]!)
}

/** The text cel-go's messages have for a type. */
export function formatType(type: CelType): string {
  if (typeof type === 'string') {
    if (type === 'timestamp') return 'timestamp'
    if (type === 'duration') return 'duration'
    return type
  }
  if ('list' in type) return `list(${formatType(type.list)})`
  if ('map' in type) return `map(${formatType(type.map[0])}, ${formatType(type.map[1])})`
  if ('object' in type) return type.object
  if ('optional' in type) return `optional_type(${formatType(type.optional)})`
  if ('type' in type) return `type(${formatType(type.type)})`
  return 'opaque' in type ? type.opaque : type.param
}

/** The name that `type(x)` has in an expression. */
export function typeName(type: CelType): string {
  if (typeof type === 'string') {
    if (type === 'timestamp') return 'google.protobuf.Timestamp'
    if (type === 'duration') return 'google.protobuf.Duration'
    if (type === 'any') return 'google.protobuf.Any'
    return type === 'null' ? 'null_type' : type
  }
  if ('list' in type) return 'list'
  if ('map' in type) return 'map'
  if ('object' in type) return type.object
  if ('optional' in type) return 'optional_type'
  if ('type' in type) return 'type'
  return 'opaque' in type ? type.opaque : type.param
}

/** A type as Go prints it: with its full name and its parameters. */
export function declaredName(type: CelType): string {
  if (typeof type === 'object') {
    if ('list' in type) return `list(${declaredName(type.list)})`
    if ('map' in type) return `map(${declaredName(type.map[0])}, ${declaredName(type.map[1])})`
    if ('optional' in type) return `optional_type(${declaredName(type.optional)})`
    if ('type' in type) return `type(${declaredName(type.type)})`
  }
  return typeName(type)
}

export function isDyn(type: CelType): boolean {
  return type === 'dyn' || type === 'any'
}

/** Two types with no parameters in them that mean the same. */
export function sameType(left: CelType, right: CelType): boolean {
  return left === right || formatType(left) === formatType(right)
}
