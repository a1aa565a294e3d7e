// Label selectors: text (`app=web,tier in (a,b),!legacy`) or metav1.LabelSelector in, something that matches labels out.
// Grammar, order and error texts are upstream's (apimachinery labels/selector.go, meta/v1 LabelSelectorAsSelector).

import { compareText, quote } from './go-text.ts'
import {
  checkedRequirement,
  type LabelOperator,
  type LabelRequirement,
  type Labels,
  requirementMatches,
  requirementText,
} from './label-requirement.ts'
import { parseRequirements } from './label-selector-parser.ts'

export type { LabelOperator, LabelRequirement, Labels } from './label-requirement.ts'

/** metav1.LabelSelector, as it stands in objects. */
export interface LabelSelector {
  readonly matchLabels?: Labels
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
}

export interface Selector {
  matches(labels: Labels | undefined): boolean
  toString(): string
  /** Matches everything. */
  readonly empty: boolean
  /** In order of their keys; undefined when nothing can match. */
  readonly requirements: readonly LabelRequirement[] | undefined
  /** The one value this label must have, if there is just one. */
  requiredValue(key: string): string | undefined
}

class Conjunction implements Selector {
  readonly requirements: readonly LabelRequirement[]
  #text: string | undefined

  constructor(requirements: readonly LabelRequirement[]) {
    this.requirements = requirements
  }

  get empty(): boolean {
    return this.requirements.length === 0
  }

  matches(labels: Labels | undefined): boolean {
    for (const requirement of this.requirements) if (!requirementMatches(requirement, labels)) return false
    return true
  }

  requiredValue(key: string): string | undefined {
    const found = this.requirements.find(requirement => requirement.key === key)
    if (found?.values.length !== 1) return undefined
    return found.operator === '=' || found.operator === '==' || found.operator === 'in' ? found.values[0] : undefined
  }

  toString(): string {
    this.#text ??= this.requirements.map(requirementText).join(',')
    return this.#text
  }
}

/** Matches every object. */
export const everything: Selector = new Conjunction([])

/** Matches no object: what an absent metav1.LabelSelector means. */
export const nothing: Selector = {
  matches: () => false,
  toString: () => '',
  empty: false,
  requirements: undefined,
  requiredValue: () => undefined,
}

function conjunction(requirements: LabelRequirement[]): Selector {
  if (requirements.length === 0) return everything
  return new Conjunction(requirements.sort((a, b) => compareText(a.key, b.key)))
}

/** The selector of a `labelSelector=` parameter. Throws an Error with upstream's message. */
export function parseLabelSelector(text: string): Selector {
  return text === '' ? everything : conjunction(parseRequirements(text))
}

const operators: Readonly<Record<string, LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
}

/** Frozen ones are shared objects that controllers ask about for every pod. */
const known = new WeakMap<LabelSelector, Selector>()

/** The selector of a spec. Absent matches nothing, empty matches everything. Throws an Error with upstream's message. */
export function labelSelectorFrom(selector: LabelSelector | undefined | null): Selector {
  if (!selector) return nothing
  const made = known.get(selector)
  if (made) return made
  const requirements: LabelRequirement[] = []
  for (const [key, value] of Object.entries(selector.matchLabels ?? {}))
    requirements.push(checkedRequirement(key, '=', [value]))
  for (const expression of selector.matchExpressions ?? []) {
    const operator = operators[expression.operator]
    if (!operator) throw new Error(`${quote(expression.operator)} is not a valid label selector operator`)
    requirements.push(checkedRequirement(expression.key, operator, expression.values ?? []))
  }
  const result = conjunction(requirements)
  if (Object.isFrozen(selector) && isFrozen(selector)) known.set(selector, result)
  return result
}

function isFrozen({ matchLabels, matchExpressions }: LabelSelector): boolean {
  return (
    Object.isFrozen(matchLabels) &&
    Object.isFrozen(matchExpressions) &&
    (matchExpressions?.every(each => Object.isFrozen(each) && Object.isFrozen(each.values)) ?? true)
  )
}

/** Exactly these labels (a ReplicationController's or Service's selector). Empty matches everything; nothing is checked. */
export function selectorFromSet(labels: Labels | undefined | null): Selector {
  return conjunction(Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: '=', values: [value] })))
}

/** How kubectl prints a spec's selector: its text, `<none>` when empty, `<error>` when it is none. */
export function formatLabelSelector(selector: LabelSelector | undefined | null): string {
  try {
    return labelSelectorFrom(selector).toString() || '<none>'
  } catch {
    return '<error>'
  }
}

/** `a=b,c=d` in order of the keys, `<none>` when there are none. */
export function formatLabels(labels: Labels | undefined | null): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return pairs.sort(compareText).join(',') || '<none>'
}
