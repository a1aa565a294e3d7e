// A default that depends on other fields: a function beside the kind (`<kind>.defaults.ts`), called wherever an object of
// that schema stands, outermost first, after the constant defaults of the declarations are in. It writes only what is new:
// of an object that has its defaults already, parts may be shared with others.

import { deepEqual } from '../machinery/deep-equal.ts'
import type { ObjectSchema, Schema } from '../machinery/schema/schema.ts'

export interface Defaulter {
  readonly schema: ObjectSchema
  readonly apply: (object: any) => void
}

export const defaulter = <Value>(schema: Schema<Value>, apply: (object: Value) => void): Defaulter => ({
  schema,
  apply,
})

/** Sets a field, unless it says the same already. */
export function setDefault<Value, Field extends keyof Value>(object: Value, field: Field, value: Value[Field]): void {
  if (!deepEqual(object[field], value)) object[field] = value
}
