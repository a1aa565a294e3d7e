// Protocol-buffer messages of foreign gRPC services (CRI, etcd), declared once as plain values:
//
//     export const ContainerState = enumeration('CONTAINER_CREATED', 'CONTAINER_RUNNING')
//     export const Container = message({ id: string(1), metadata: embed(3, ContainerMetadata), state: oneOf(6, ContainerState) })
//     export type Container = Decoded<typeof Container>
//
// Comes in: a name, a number and a type per field. Goes out: the TypeScript type of a message as it is read (`Decoded`,
// every scalar there, zero when absent on the wire, as proto3 has it) and as it may be written (`Init`, all optional),
// and the declaration that `wire.ts` encodes and decodes by. Kubernetes' own kinds are declared with machinery/schema.
//
// 64-bit integers are JavaScript numbers: exact to 2^53, and beyond that (a time in nanoseconds) to under a microsecond.

export type ScalarType = 'string' | 'bytes' | 'bool' | 'int32' | 'uint32' | 'int64' | 'uint64' | 'double'

export interface Enumeration<Name extends string = string> {
  readonly names: readonly Name[]
}

export interface MessageField<Read = any, Written = any, Optional extends boolean = boolean> {
  readonly number: number
  readonly type: ScalarType | Enumeration | Message
  /** How often the field stands: once, any number of times, or as a map from text. */
  readonly shape: 'single' | 'list' | 'map'
  readonly __read?: Read
  readonly __written?: Written
  readonly __optional?: Optional
}

export type MessageFields = Readonly<Record<string, MessageField>>

export interface Message<Fields extends MessageFields = MessageFields> {
  readonly fields: Fields
  /** The fields by number, for the decoder. */
  readonly byNumber: ReadonlyMap<number, readonly [name: string, field: MessageField]>
}

type Simplify<T> = { [K in keyof T]: T[K] }
type ReadOf<Field> = Field extends MessageField<infer Read, any, any> ? Read : never
type WrittenOf<Field> = Field extends MessageField<any, infer Written, any> ? Written : never
type OptionalKeys<Fields> = {
  [K in keyof Fields]: Fields[K] extends MessageField<any, any, true> ? K : never
}[keyof Fields]

/** A message as it is read: scalars, lists and maps are always there, embedded messages may be absent. */
export type Decoded<M> =
  M extends Message<infer Fields>
    ? Simplify<
        { [K in Exclude<keyof Fields, OptionalKeys<Fields>>]: ReadOf<Fields[K]> } & {
          [K in OptionalKeys<Fields>]?: ReadOf<Fields[K]> | undefined
        }
      >
    : never

/** A message as it may be written: what is left out is zero. */
export type Init<M> =
  M extends Message<infer Fields> ? { [K in keyof Fields]?: WrittenOf<Fields[K]> | undefined } : never

export type EnumName<E> = E extends Enumeration<infer Name> ? Name : never

type Item = ScalarType | Enumeration<any> | Message<any>
type Scalar<T> = T extends 'string' ? string : T extends 'bytes' ? Uint8Array : T extends 'bool' ? boolean : number
type ItemRead<T> = T extends Enumeration<infer Name> ? Name : T extends Message<any> ? Decoded<T> : Scalar<T>
type ItemWritten<T> = T extends Enumeration<infer Name> ? Name : T extends Message<any> ? Init<T> : Scalar<T>

const scalar =
  <const Type extends ScalarType>(type: Type) =>
  (number: number): MessageField<Scalar<Type>, Scalar<Type>, false> => ({ number, type, shape: 'single' })

export const string = scalar('string')
export const bytes = scalar('bytes')
export const bool = scalar('bool')
export const int32 = scalar('int32')
export const uint32 = scalar('uint32')
export const int64 = scalar('int64')
export const uint64 = scalar('uint64')
export const double = scalar('double')

/** A field whose value is one of an enumeration's names; the first name is the zero value. */
export const oneOf = <Name extends string>(
  number: number,
  type: Enumeration<Name>,
): MessageField<Name, Name, false> => ({
  number,
  type,
  shape: 'single',
})

export const embed = <M extends Message<any>>(number: number, type: M): MessageField<Decoded<M>, Init<M>, true> => ({
  number,
  type,
  shape: 'single',
})

export const list = <const T extends Item>(
  number: number,
  type: T,
): MessageField<ItemRead<T>[], readonly ItemWritten<T>[], false> => ({ number, type, shape: 'list' })

/** A map from text to text. */
export const stringMap = (
  number: number,
): MessageField<Record<string, string>, Readonly<Record<string, string>>, false> => ({
  number,
  type: 'string',
  shape: 'map',
})

/** The names in the order of their numbers, from 0. */
export const enumeration = <const Name extends string>(...names: Name[]): Enumeration<Name> => ({ names })

export function message<const Fields extends MessageFields>(fields: Fields): Message<Fields> {
  return {
    fields,
    byNumber: new Map(Object.entries(fields).map(([name, field]) => [field.number, [name, field] as const])),
  }
}

const isMessage = (type: MessageField['type']): type is Message => typeof type === 'object' && 'fields' in type

/** What a field reads as when it is not on the wire; undefined for an embedded message. */
export function zeroOf(field: MessageField): unknown {
  if (field.shape === 'list') return []
  if (field.shape === 'map') return {}
  if (typeof field.type === 'object') return isMessage(field.type) ? undefined : field.type.names[0]
  if (field.type === 'string') return ''
  if (field.type === 'bytes') return new Uint8Array(0)
  return field.type === 'bool' ? false : 0
}

/** A message as a reader would get it from what a writer gave: a copy, with every zero filled in, at every depth. */
export function complete<M extends Message<any>>(type: M, init: Init<M>): Decoded<M> {
  const result: Record<string, unknown> = {}
  for (const { name, field, inner, zero } of completionOf(type)) {
    const given = (init as Record<string, any>)[name]
    if (given === undefined || given === null) {
      if (zero === undefined) continue
      result[name] = typeof zero === 'object' ? zeroOf(field) : zero
    } else if (field.shape === 'map') result[name] = { ...given }
    else if (field.shape === 'list')
      result[name] = inner ? given.map((item: object) => complete(inner, item)) : [...given]
    else result[name] = inner ? complete(inner, given) : given
  }
  return result as Decoded<M>
}

interface Completion {
  readonly name: string
  readonly field: MessageField
  /** The message that the field holds. */
  readonly inner: Message | undefined
  /** One of its zeros; those that are objects are made anew each time. */
  readonly zero: unknown
}

const completions = new WeakMap<Message, readonly Completion[]>()

function completionOf(type: Message<any>): readonly Completion[] {
  const known = completions.get(type)
  if (known) return known
  const made = Object.entries(type.fields as MessageFields).map(([name, field]) => ({
    name,
    field,
    inner: isMessage(field.type) ? field.type : undefined,
    zero: zeroOf(field),
  }))
  completions.set(type, made)
  return made
}
