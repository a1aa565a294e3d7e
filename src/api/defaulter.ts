// A default that depends on other fields: a function beside the kind (`<kind>.defaults.ts`), called wherever an object of
// that schema stands, outermost first, after the constant defaults of the declarations are in.

import type { ObjectSchema, Schema } from '../machinery/schema/schema.ts'

export interface Defaulter {
  readonly schema: ObjectSchema
  readonly apply: (object: any) => void
}

export const defaulter = <Value>(schema: Schema<Value>, apply: (object: Value) => void): Defaulter => ({
  schema,
  apply,
})
