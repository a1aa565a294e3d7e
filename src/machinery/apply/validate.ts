// Whether an applied object has the shape of its type, in upstream's words. Everything else is checked when the merged
// object is validated; this is what must hold for the merge to mean something.

import { goValue } from '../go-text.ts'
import { type Atom, ItemError, isMap, itemElement, type ListAtom, type MapAtom, type Scalar, shapeOf } from './atom.ts'
import { type PathElement, printElement } from './path-element.ts'

/** `.spec.replicas: expected numeric (int or float), got string`; several are listed below `errors:`. Undefined when all is well. */
export function validateTyped(atom: Atom, value: unknown): string | undefined {
  const errors: string[] = []
  visit(atom, value, '', errors)
  if (errors.length === 0) return undefined
  return errors.length === 1 ? errors[0] : ['errors:', ...errors.map(error => `  ${error}`)].join('\n')
}

function at(path: string, message: string): string {
  return path === '' ? message : `${path}: ${message}`
}

function visit(atom: Atom, value: unknown, path: string, errors: string[]): void {
  if (value === null || value === undefined) return
  switch (shapeOf(atom, value)) {
    case 'map':
      if (isMap(value)) visitMap(atom.map!, value, path, errors)
      else errors.push(at(path, `expected map, got &{${goValue(value)}}`))
      return
    case 'list':
      if (Array.isArray(value)) visitList(atom.list!, value, path, errors)
      else errors.push(at(path, `expected list, got &{${goValue(value)}}`))
      return
    default: {
      const problem = scalarProblem(atom.scalar!, value)
      if (problem) errors.push(at(path, problem))
    }
  }
}

function scalarProblem(scalar: Scalar, value: unknown): string | undefined {
  switch (scalar) {
    case 'numeric':
      return typeof value === 'number' || typeof value === 'bigint'
        ? undefined
        : `expected numeric (int or float), got ${goType(value)}`
    case 'string':
      return typeof value === 'string'
        ? undefined
        : `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, got &{${goValue(value)}}`
    default:
      return typeof value === 'object' ? `expected any scalar, got &{${goValue(value)}}` : undefined
  }
}

function visitMap(map: MapAtom, value: Record<string, unknown>, path: string, errors: string[]): void {
  for (const key in value) {
    const atom = map.atomOf(key)
    if (!atom) {
      errors.push(at(`${path}.${key}`, 'field not declared in schema'))
      return
    }
    visit(atom, value[key], `${path}.${key}`, errors)
  }
}

function visitList(list: ListAtom, items: readonly unknown[], path: string, errors: string[]): void {
  const seen = new Set<PathElement>()
  for (const [index, item] of items.entries()) {
    let printed = `[${index}]`
    if (list.relation !== 'atomic') {
      try {
        const element = itemElement(list, item)
        printed = printElement(element)
        if (seen.has(element)) errors.push(at(path, `duplicate entries for key ${printed}`))
        seen.add(element)
      } catch (error) {
        if (!(error instanceof ItemError)) throw error
        errors.push(at(path, `element ${index}: ${error.message}`))
        return
      }
    }
    visit(list.item, item, path + printed, errors)
  }
}

// ---- Go's words for JSON values ------------------------------------------------------------------------------------

function goType(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}'
  if (typeof value === 'object') return 'map[string]interface {}'
  return typeof value === 'boolean' ? 'bool' : 'string'
}

/** %#v */
function goSyntax(value: unknown): string {
  if (value === null) return 'interface {}(nil)'
  if (typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`
  if (isMap(value)) {
    const entries = Object.keys(value)
      .sort()
      .map(key => `${JSON.stringify(key)}:${goSyntax(value[key])}`)
    return `map[string]interface {}{${entries.join(', ')}}`
  }
  return String(value)
}
