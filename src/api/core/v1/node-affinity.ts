// Which nodes a NodeSelector, or a pod's nodeSelector with its required affinity, speaks of.

import type { LabelOperator, LabelRequirement, Labels } from '../../../machinery/label-requirement.ts'
import { checkedRequirement, requirementMatches } from '../../../machinery/label-requirement.ts'
import type { Node } from './node.ts'
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from './nodeselector.ts'
import type { Pod } from './pod.ts'

/** A node, as far as selectors can see it. */
export interface SelectableNode {
  readonly name: string
  readonly labels: Labels
}

interface Term {
  readonly labels: readonly LabelRequirement[]
  readonly fields: readonly NodeSelectorRequirement[]
}

const operators: Readonly<Record<string, LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
  Gt: 'gt',
  Lt: 'lt',
}

/** A term parsed; undefined for an empty one, which matches nothing. Throws an Error for one that cannot be. */
function parseTerm(term: NodeSelectorTerm): Term | undefined {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  if (expressions.length === 0 && fields.length === 0) return undefined
  return {
    labels: expressions.map(({ key, operator, values }) => {
      const known = operators[operator]
      if (!known) throw new Error(`"${operator}" is not a valid node selector operator`)
      return checkedRequirement(key, known, values ?? [])
    }),
    fields,
  }
}

function termMatches(term: Term, node: SelectableNode): boolean {
  for (const requirement of term.labels) if (!requirementMatches(requirement, node.labels)) return false
  for (const { key, operator, values } of term.fields) {
    const same = key === 'metadata.name' && (values ?? []).includes(node.name)
    if (operator === 'In' ? !same : same) return false
  }
  return true
}

/** Terms are alternatives; one that cannot be parsed is left out, and thrown only if no other matches. */
export class ParsedNodeSelector {
  readonly #terms: Term[] = []
  #error: Error | undefined

  constructor(selector: NodeSelector) {
    for (const term of selector.nodeSelectorTerms ?? []) {
      try {
        const parsed = parseTerm(term)
        if (parsed) this.#terms.push(parsed)
      } catch (error) {
        this.#error ??= error as Error
      }
    }
  }

  matches(node: SelectableNode): boolean {
    for (const term of this.#terms) if (termMatches(term, node)) return true
    if (this.#error) throw this.#error
    return false
  }
}

/** What a pod demands of its node's labels and name. */
export class RequiredNodeAffinity {
  readonly #labels: readonly (readonly [string, string])[]
  readonly #selector: ParsedNodeSelector | undefined

  constructor(pod: Pod) {
    this.#labels = Object.entries(pod.spec.nodeSelector ?? {})
    const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    this.#selector = required && new ParsedNodeSelector(required)
  }

  get empty(): boolean {
    return this.#labels.length === 0 && this.#selector === undefined
  }

  matches(node: SelectableNode): boolean {
    for (const [key, value] of this.#labels) if (node.labels[key] !== value) return false
    return this.#selector?.matches(node) ?? true
  }
}

export interface PreferredTerm {
  readonly weight: number
  matches(node: SelectableNode): boolean
}

/** The preferences that count: those with a weight. */
export function preferredNodeTerms(pod: Pod): readonly PreferredTerm[] {
  const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  const terms: PreferredTerm[] = []
  for (const { weight, preference } of preferred) {
    const parsed = weight === 0 ? undefined : parseTerm(preference)
    if (parsed) terms.push({ weight, matches: node => termMatches(parsed, node) })
  }
  return terms
}

export function selectableNode(node: Node): SelectableNode {
  return { name: node.metadata.name ?? '', labels: node.metadata.labels ?? {} }
}
