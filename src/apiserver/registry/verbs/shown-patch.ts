// A patched document as a refusal shows it: what the patch left alone stands in the order of the declaration, as the
// server encoded it, and whatever the patch went through in the order of its keys, as Go encodes a map.

import { compareText, inKeyOrder } from '../../../machinery/go-text.ts'
import { goJson } from '../../../machinery/json/write.ts'
import type { TypeNode } from '../../../machinery/schema/schema.ts'

/** Where a patch goes: the keys below, or `whole` for a value that comes from the patch itself. */
type Touched = ReadonlyMap<string, Touched> | 'whole'

type Json = Record<string, unknown>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** `patch`: the operations of a JSON patch, or the document of a merge patch. */
export function shownPatched(node: TypeNode, patched: unknown, patch: unknown): string {
  return goJson(shown(node, patched, Array.isArray(patch) ? pathsOf(patch) : keysOf(patch)))
}

function pathsOf(operations: readonly { readonly path?: unknown }[]): Touched {
  const paths = new Map<string, Touched>()
  for (const { path } of operations) {
    let at: Map<string, Touched> = paths
    const keys = String(path ?? '')
      .split('/')
      .slice(1)
      .map(key => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    for (const [index, key] of keys.entries()) {
      const known = at.get(key)
      const below = known instanceof Map ? known : new Map<string, Touched>()
      if (index < keys.length - 1) at.set(key, below)
      else if (known === undefined) at.set(key, 'whole')
      at = below
    }
  }
  return paths
}

function keysOf(patch: unknown): Touched {
  if (!isObject(patch)) return 'whole'
  return new Map(Object.entries(patch).map(([key, value]) => [key, keysOf(value)]))
}

function shown(node: TypeNode | undefined, value: unknown, touched: Touched | undefined): unknown {
  if (touched === 'whole') return inKeyOrder(value)
  if (Array.isArray(value)) {
    const item = node?.type === 'list' ? node.item : undefined
    return value.map((each, index) => shown(item, each, touched?.get(String(index))))
  }
  if (!isObject(value)) return value
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  const fields = node?.type === 'object' || node?.type === 'either' ? node.of().fields : undefined
  if (touched !== undefined || node?.type === 'map') entries.sort(([a], [b]) => compareText(a, b))
  else if (fields) {
    // Not every object says in its declaration what it is.
    const declared = fields.has('kind') || fields.has('apiVersion')
    const order = declared ? [...fields.keys()] : ['kind', 'apiVersion', ...fields.keys()]
    entries.sort(([a], [b]) => order.indexOf(a) - order.indexOf(b))
  }
  const nodeOf = (key: string) => (node?.type === 'map' ? node.value : fields?.get(key)?.node)
  return Object.fromEntries(entries.map(([key, each]) => [key, shown(nodeOf(key), each, touched?.get(key))]))
}
