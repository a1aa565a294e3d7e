// The parts of an object that are one thing each: whoever sets one sets it whole, and loses what it does not name.

import { type Atom, isMap } from './atom.ts'

/** Their paths: `.spec.containers[0].args`. */
export function atomicParts(atom: Atom, value: unknown): string[] {
  const found: string[] = []
  visit(atom, value, '', found)
  return found
}

function visit({ map, list }: Atom, value: unknown, path: string, found: string[]): void {
  if (isMap(value) && map) {
    if (map.atomic) found.push(path)
    for (const key of Object.keys(value)) {
      const atom = map.atomOf(key)
      if (atom) visit(atom, value[key], `${path}.${key}`, found)
    }
  } else if (Array.isArray(value) && list) {
    if (list.relation === 'atomic') found.push(path)
    for (const [index, item] of value.entries()) visit(list.item, item, `${path}[${index}]`, found)
  }
}
