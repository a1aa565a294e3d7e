// How a kind's fields are declared, and what a declaration is once it stands.
//
//     export const ContainerPort = object('io.k8s.api.core.v1.ContainerPort', {
//       name: string(1),
//       hostPort: int32(2),
//       containerPort: int32(3).required(),
//       protocol: string(4).default('TCP').enum('SCTP', 'TCP', 'UDP'),
//       hostIP: string(5),
//     })
//     export type ContainerPort = Infer<typeof ContainerPort>
//
// Comes in: one declaration per field. Goes out: an `ObjectSchema`, plain data that every walker reads: the decoder,
// the protobuf codec, strategic merge, apply, OpenAPI, structural validation. Nothing else says what a kind's fields are.

/** What a field's value is, in JSON. */
export type TypeNode =
  | { readonly type: 'string' | 'boolean' | 'int32' | 'int64' | 'double' }
  /** base64 text in JSON, raw in protobuf. */
  | { readonly type: 'bytes' }
  /** A resource.Quantity: text in JSON, kept in canonical form. */
  | { readonly type: 'quantity' }
  /** An intstr.IntOrString: a number or text. */
  | { readonly type: 'intOrString' }
  /** metav1.Time: RFC 3339, whole seconds, UTC. */
  | { readonly type: 'time' }
  /** metav1.MicroTime: RFC 3339 with six decimals, UTC. */
  | { readonly type: 'microTime' }
  /** metav1.Duration: Go's duration text, such as 1h30m. */
  | { readonly type: 'duration' }
  /** Any JSON value, passed through untouched (RawExtension, FieldsV1, apiextensions JSON). */
  | { readonly type: 'any'; readonly definition?: string }
  /** `wrapped`: protobuf has it as a message of its own whose field 1 repeats (Go's named slice types, `Verbs` say). */
  | { readonly type: 'list'; readonly item: TypeNode; readonly wrapped?: boolean }
  | { readonly type: 'map'; readonly value: TypeNode }
  /** Another declared object; a thunk, so that files may refer to each other in any order. */
  | { readonly type: 'object'; readonly of: () => ObjectSchema }
  /** In JSON an object or else a value of another shape (JSONSchemaPropsOrBool …); a message with a field for each. */
  | {
      readonly type: 'either'
      readonly definition: string
      readonly of: () => ObjectSchema
      readonly ofNumber: number
      readonly or: TypeNode
      readonly orNumber: number
    }

export type ScalarType = Exclude<TypeNode['type'], 'list' | 'map' | 'object' | 'either'>

/**
 * How a Go client writes the field in JSON, which decides what an absent and a zero value mean. In protobuf whatever is
 * not a pointer, a list or a map is always written.
 */
export type Presence =
  /** `omitempty` on a plain value: zero, "" , [] and {} are the same as absent and are dropped. */
  | 'omitempty'
  /** A pointer: zero is kept and differs from absent. */
  | 'pointer'
  /** No `omitempty` on a plain value: always written, zero when absent. */
  | 'always'

export type ListType = 'atomic' | 'set' | 'map'
export type PatchStrategy = 'merge' | 'replace' | 'retainKeys'

export interface FieldSchema {
  /** The name in JSON. */
  readonly name: string
  /** The protobuf field number; 0 for the few JSON-only fields. */
  readonly number: number
  readonly node: TypeNode
  readonly presence: Presence
  /** Listed under `required` in OpenAPI. */
  readonly required: boolean
  /** The published default (OpenAPI `default`), applied when the field is absent. */
  readonly default?: unknown
  /** A default that is published only: it is what absent means anyway (`.default('')` without a pointer). */
  readonly publishedDefault?: unknown
  /** A default that the server applies but OpenAPI does not publish (upstream's SetDefaults functions). */
  readonly serverDefault?: unknown
  /** The allowed values; of the items when the field is a list or a map. */
  readonly enum?: readonly string[]
  readonly listType?: ListType
  readonly listMapKeys?: readonly string[]
  readonly mapType?: 'granular' | 'atomic'
  readonly mergeKey?: string
  readonly patchStrategy?: readonly PatchStrategy[]
  readonly format?: string
  /** The protobuf field is called otherwise than the JSON one. */
  readonly protobufName?: string
  /** Go's inline structs: one field in `message`; in JSON, and so in `fields`, its fields stand in the parent itself. */
  readonly inline?: boolean
}

export interface ObjectSchema {
  /** The OpenAPI definition's name, such as io.k8s.api.core.v1.Pod. */
  readonly name: string
  /** The fields as JSON has them. Never has an inline one: those are replaced by their own fields. */
  readonly fields: ReadonlyMap<string, FieldSchema>
  /** The fields as protobuf has them: inline ones are one field that holds a message; JSON-only ones are left out. */
  readonly message: readonly FieldSchema[]
  /** `x-kubernetes-map-type: atomic` on the object itself: apply replaces it whole. */
  readonly atomic: boolean
  /** Fields that are not declared may be there too, and are kept (custom resources). One that declares none keeps all. */
  readonly preservesUnknownFields?: boolean
  readonly unions?: readonly { readonly discriminator?: string; readonly fields: Readonly<Record<string, string>> }[]
  /** A type that is served inside others but is not an object in JSON (a list, say), with the node it stands for. */
  readonly alias?: TypeNode
}

// ---- the declaration language --------------------------------------------------------------------------------------

/** Phantom type arguments: `Value` is the field's TypeScript type, `Req` whether it is always there. */
export interface Field<Value, Req extends boolean = false, Inline extends boolean = false> {
  readonly [fieldBrand]: FieldSchema
  readonly __value?: Value
  readonly __required?: Req
  readonly __inline?: Inline
  /** Always there in a decoded object, and `required` in OpenAPI. */
  required(): Field<Value, true>
  /** Always there in a decoded object (zero when absent), though not `required` in OpenAPI. */
  always(): Field<Value, true>
  /** Upstream keeps a pointer here: zero is kept and differs from absent. */
  pointer(): Field<Value, Req>
  /** `required` in OpenAPI, yet may be absent after decoding (upstream: `omitempty` or a pointer). */
  requiredInOpenAPI(): Field<Value, Req>
  default(value: Value): Field<Value, Req>
  serverDefault(value: Value): Field<Value, Req>
  enum<const Allowed extends string>(...allowed: Allowed[]): Field<Value, Req>
  listType(type: ListType, ...keys: string[]): Field<Value, Req>
  mapType(type: 'granular' | 'atomic'): Field<Value, Req>
  mergeKey(key: string): Field<Value, Req>
  patchStrategy(...strategy: PatchStrategy[]): Field<Value, Req>
  format(format: string): Field<Value, Req>
  protobufName(name: string): Field<Value, Req>
  /** JSON has this object's fields in the parent itself. */
  inline(): Field<Value, Req, true>
}

const fieldBrand: unique symbol = Symbol('field')

class FieldBuilder implements Field<any, any, any> {
  readonly [fieldBrand]: FieldSchema

  constructor(schema: FieldSchema) {
    this[fieldBrand] = schema
  }

  /** In place: there are thousands of fields to declare at every start, and no builder is used twice. */
  #with(change: Partial<FieldSchema>): this {
    Object.assign(this[fieldBrand], change)
    return this
  }

  required() {
    return this.#with({ required: true, presence: 'always' })
  }
  always() {
    return this.#with({ presence: 'always' })
  }
  pointer() {
    return this.#with({ presence: 'pointer' })
  }
  requiredInOpenAPI() {
    return this.#with({ required: true })
  }
  default(value: unknown) {
    return this.#with({ default: value })
  }
  serverDefault(value: unknown) {
    return this.#with({ serverDefault: value })
  }
  enum(...allowed: string[]) {
    return this.#with({ enum: allowed })
  }
  listType(listType: ListType, ...keys: string[]) {
    return this.#with(keys.length > 0 ? { listType, listMapKeys: keys } : { listType })
  }
  mapType(mapType: 'granular' | 'atomic') {
    return this.#with({ mapType })
  }
  mergeKey(mergeKey: string) {
    return this.#with({ mergeKey })
  }
  patchStrategy(...patchStrategy: PatchStrategy[]) {
    return this.#with({ patchStrategy })
  }
  format(format: string) {
    return this.#with({ format })
  }
  protobufName(protobufName: string) {
    return this.#with({ protobufName })
  }
  inline() {
    return this.#with({ inline: true })
  }
}

function field<Value>(number: number, node: TypeNode): Field<Value> {
  return new FieldBuilder({ name: '', number, node, presence: 'omitempty', required: false })
}

export const string = (number: number) => field<string>(number, { type: 'string' })
export const boolean = (number: number) => field<boolean>(number, { type: 'boolean' })
export const int32 = (number: number) => field<number>(number, { type: 'int32' })
export const int64 = (number: number) => field<number>(number, { type: 'int64' })
export const double = (number: number) => field<number>(number, { type: 'double' })
/** base64 text. */
export const bytes = (number: number) => field<string>(number, { type: 'bytes' })
export const quantity = (number: number) => field<string>(number, { type: 'quantity' })
export const intOrString = (number: number) => field<number | string>(number, { type: 'intOrString' })
/** RFC 3339 text. */
export const time = (number: number) => field<string>(number, { type: 'time' })
export const microTime = (number: number) => field<string>(number, { type: 'microTime' })
export const duration = (number: number) => field<string>(number, { type: 'duration' })
export const any = (number: number, definition?: string) =>
  field<any>(number, definition ? { type: 'any', definition } : { type: 'any' })

/** What a list or a map may hold: a declared object (a thunk where files refer to each other), or a scalar's name. */
type ItemSpec = Schema<any> | (() => Schema<any>) | ScalarType | NestedSpec<any>

interface NestedSpec<Value> {
  readonly nested: TypeNode
  readonly __value?: Value
}

type ScalarValue<Type extends ScalarType> = Type extends 'boolean'
  ? boolean
  : Type extends 'int32' | 'int64' | 'double'
    ? number
    : Type extends 'intOrString'
      ? number | string
      : Type extends 'any'
        ? any
        : string

type ItemValue<Item> = Item extends ScalarType
  ? ScalarValue<Item>
  : Item extends Schema<infer Value>
    ? Value
    : Item extends () => Schema<infer Value>
      ? Value
      : Item extends NestedSpec<infer Value>
        ? Value
        : never

function itemNode(item: ItemSpec): TypeNode {
  if (typeof item === 'string') return item === 'any' ? { type: 'any' } : { type: item }
  if (typeof item === 'function') return { type: 'object', of: item }
  if ('nested' in item) return item.nested
  return { type: 'object', of: () => item }
}

export const list = <const Item extends ItemSpec>(number: number, item: Item) =>
  field<ItemValue<Item>[]>(number, { type: 'list', item: itemNode(item) })

export const map = <const Item extends ItemSpec>(number: number, value: Item) =>
  field<Record<string, ItemValue<Item>>>(number, { type: 'map', value: itemNode(value) })

/** A field that holds another declared object. Optional ones are pointers in Go unless `.always()` says otherwise. */
export const ref = <const Of extends Schema<any> | (() => Schema<any>)>(number: number, of: Of) =>
  (field<ItemValue<Of>>(number, itemNode(of)) as Field<ItemValue<Of>>).pointer()

/** A list or map as the item of another. */
export const listOf = <const Item extends ItemSpec>(item: Item): NestedSpec<ItemValue<Item>[]> => ({
  nested: { type: 'list', item: itemNode(item) },
})
export const mapOf = <const Item extends ItemSpec>(value: Item): NestedSpec<Record<string, ItemValue<Item>>> => ({
  nested: { type: 'map', value: itemNode(value) },
})

/** Any JSON value as the item of a list or a map, with the definition it is published as. */
export const anyOf = (definition: string): NestedSpec<any> => ({ nested: { type: 'any', definition } })

/** A list that protobuf has as a message of its own. */
export const wrappedList = <const Item extends ItemSpec>(number: number, item: Item) =>
  field<ItemValue<Item>[]>(number, { type: 'list', item: itemNode(item), wrapped: true })
/** A wrapped list as the value of a map. */
export const wrappedListOf = <const Item extends ItemSpec>(item: Item): NestedSpec<ItemValue<Item>[]> => ({
  nested: { type: 'list', item: itemNode(item), wrapped: true },
})

interface EitherShapes<Of extends () => Schema<any>, Or extends ItemSpec> {
  readonly object: readonly [number: number, of: Of]
  readonly or: readonly [number: number, or: Or]
}

const eitherNode = (definition: string, shapes: EitherShapes<() => Schema<any>, ItemSpec>): TypeNode => ({
  type: 'either',
  definition,
  of: shapes.object[1],
  ofNumber: shapes.object[0],
  or: itemNode(shapes.or[1]),
  orNumber: shapes.or[0],
})

/** In JSON an object or a value of another shape; each has its number in the protobuf message. */
export const eitherOf = <const Of extends () => Schema<any>, const Or extends ItemSpec>(
  definition: string,
  shapes: EitherShapes<Of, Or>,
): NestedSpec<ItemValue<Of> | ItemValue<Or>> => ({ nested: eitherNode(definition, shapes) })
export const either = <Value>(number: number, shapes: NestedSpec<Value>) =>
  field<Value>(number, shapes.nested).pointer()

type Fields = Record<string, Field<any, boolean, boolean>>

type Flatten<T> = { [Key in keyof T]: T[Key] }
type InlineKeys<F extends Fields> = { [K in keyof F]: F[K] extends Field<any, any, true> ? K : never }[keyof F]
type RequiredKeys<F extends Fields> = { [K in keyof F]: F[K] extends Field<any, true> ? K : never }[keyof F]
type ValueOf<F> = F extends Field<infer Value, any, any> ? Value : never
type Intersect<U> = (U extends unknown ? (each: U) => void : never) extends (all: infer All) => void ? All : never
type InferFields<F extends Fields> = Flatten<
  { [K in RequiredKeys<F>]: ValueOf<F[K]> } & {
    [K in Exclude<keyof F, RequiredKeys<F> | InlineKeys<F>>]?: ValueOf<F[K]>
  } & ([InlineKeys<F>] extends [never] ? unknown : Intersect<ValueOf<F[InlineKeys<F>]>>)
>

/** A declaration that knows the TypeScript type of its objects. */
export interface Schema<Value> extends ObjectSchema {
  readonly __value?: Value
}

/** The TypeScript type of a declared object. */
export type Infer<S> = S extends Schema<infer Value> ? Value : never

export interface ObjectOptions {
  readonly atomic?: boolean
  readonly unions?: ObjectSchema['unions']
}

/** Declares an object: its OpenAPI definition name, then its fields in protobuf order. */
export function object<const F extends Fields>(
  name: string,
  fields: F,
  options: ObjectOptions = {},
): Schema<InferFields<F>> {
  const declared = new Map<string, FieldSchema>()
  const message: FieldSchema[] = []
  for (const [fieldName, builder] of Object.entries(fields)) {
    const field = named(builder[fieldBrand], fieldName)
    if (field.number > 0) message.push(field)
    if (!field.inline) declared.set(fieldName, field)
    else if (field.node.type === 'object')
      for (const [innerName, inner] of field.node.of().fields) declared.set(innerName, inner)
  }
  message.sort((a, b) => a.number - b.number)
  return { name, fields: declared, message, atomic: options.atomic ?? false, unions: options.unions }
}

function named(field: FieldSchema, name: string): FieldSchema {
  const { default: value, ...rest } = field
  const saysNothing = field.presence === 'omitempty' && (value === '' || value === 0 || value === false)
  return saysNothing ? { ...rest, name, publishedDefault: value } : { ...field, name }
}
