// The dotted paths of the scale subresource: `.spec.replicas`.

import type { KubeObject } from '../../api/resource.ts'
import { deepCopy } from '../../machinery/deep-freeze.ts'
import { goTypeOf, goValue } from '../../machinery/go-text.ts'
import { isObject } from '../../machinery/structural/schema.ts'

export const pathSteps = (path: string): string[] => path.replace(/^\./, '').split('.')

/** What stands there; `problem` when something on the way is no object. */
export function valueAt(object: KubeObject, path: string): { readonly value?: unknown; readonly problem?: string } {
  const steps = pathSteps(path)
  let value: unknown = object
  for (const [index, step] of steps.entries()) {
    if (value === undefined || (value === null && index > 0)) return {}
    if (!isObject(value))
      return {
        problem: `.${steps.join('.')} accessor error: ${goValue(value)} is of the type ${goTypeOf(value)}, expected map[string]interface{}`,
      }
    value = value[step]
  }
  return { value }
}

/** A copy with the value there; objects on the way are made. */
export function withValueAt(object: KubeObject, path: string, value: unknown): KubeObject {
  const copy = deepCopy(object)
  const steps = pathSteps(path)
  let at: Record<string, unknown> = copy
  for (const step of steps.slice(0, -1)) {
    if (!isObject(at[step])) at[step] = {}
    at = at[step] as Record<string, unknown>
  }
  at[steps.at(-1)!] = value
  return copy
}
