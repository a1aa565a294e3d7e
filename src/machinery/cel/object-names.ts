// Objects that expressions make are named after where they stand: `Object{spec: Object.spec{}}`.

import { BuiltObject } from './json-values.ts'
import { ListValue, MapValue, type Value } from './values.ts'

/** What is named otherwise than its place says, below and including this object. */
export function objectNameMismatches(root: Value): string[] {
  const errors: string[] = []
  const visit = (value: Value, path: string): void => {
    if (value instanceof BuiltObject) {
      if (value.typeName !== path) {
        const expected = `expected ${JSON.stringify(path)}, which matches field name path from root Object type`
        errors.push(`unexpected type name ${JSON.stringify(value.typeName)}, ${expected}`)
      }
      for (const name of value.names()) visit(value.find(name)!, `${path}.${name}`)
    } else if (value instanceof ListValue) for (const item of value) visit(item, path)
    else if (value instanceof MapValue) for (const key of value.keys()) visit(value.find(key)!, path)
  }
  if (root instanceof BuiltObject) visit(root, root.typeName)
  return errors
}
