// How a merged list is ordered: the patch's elements in the patch's order, the others in the server's, and the two woven
// together so that the server's order holds where it knows both.

export type List = readonly unknown[]
export type Json = Record<string, unknown>

type KeyOf = (item: unknown) => unknown

/** Where each element of `order` stands. */
function positions(order: List, keyOf: KeyOf): Map<unknown, number> {
  const at = new Map<unknown, number>()
  for (const [index, item] of order.entries()) {
    const key = keyOf(item)
    if (!at.has(key)) at.set(key, index)
  }
  return at
}

/** Stable; elements that `order` does not know keep their place among each other, behind those it knows. */
export function inOrderOf(items: List, order: List, keyOf: KeyOf): List {
  const at = positions(order, keyOf)
  const rank = (item: unknown): number => at.get(keyOf(item)) ?? order.length
  return [...items].sort((a, b) => rank(a) - rank(b))
}

/** Weaves two ordered lists: one from `left` comes first only where `serverOrder` knows both and has it so. */
export function mergeOrdered(left: List, right: List, serverOrder: List, keyOf: KeyOf): List {
  const at = positions(serverOrder, keyOf)
  const out: unknown[] = []
  let i = 0
  let j = 0
  while (i < left.length && j < right.length) {
    const l = at.get(keyOf(left[i]))
    const r = at.get(keyOf(right[j]))
    if (l !== undefined && r !== undefined && l < r) out.push(left[i++])
    else out.push(right[j++])
  }
  return [...out, ...left.slice(i), ...right.slice(j)]
}
