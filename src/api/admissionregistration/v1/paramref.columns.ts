// How the parameters of admission policies and of their bindings read in a row.

import { compareText } from '../../../machinery/go-text.ts'
import type { LabelSelector } from '../../../machinery/labels.ts'
import type { ParamRef } from './paramref.ts'

export function paramKindCell(of: { readonly apiVersion?: string; readonly kind?: string } | undefined): string {
  return of ? `${of.apiVersion ?? ''}/${of.kind ?? ''}` : '<unset>'
}

/** `namespace/name`; `*` for the namespace when none is named, since it may be the object's own or there may be none. */
export function paramRefCell(of: ParamRef | undefined): string {
  if (of?.name) return `${of.namespace || '*'}/${of.name}`
  return of?.selector ? goText(of.selector) : '<unset>'
}

/** Upstream prints the selector's Go form. */
function goText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const labels = Object.entries(matchLabels)
    .sort(([a], [b]) => compareText(a, b))
    .map(([key, value]) => `${key}: ${value},`)
  const expressions = matchExpressions.map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  )
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`
}
