// Labels of nodes that went out of use, wherever something selects nodes by them.

import { isLabelValue } from '../../../machinery/validation/names.ts'
import type { NodeSelectorTerm } from './nodeselector.ts'

const deprecated: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods': 'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
}

/** What to say of the label; undefined for those in use. */
export const deprecatedNodeLabel = (key: string | undefined): string | undefined =>
  key !== undefined && Object.hasOwn(deprecated, key) ? deprecated[key] : undefined

/** `values`: also of values that no label can have. */
export function warnOfNodeSelectorTerm(
  term: NodeSelectorTerm,
  values: boolean,
  path: string,
  warnings: string[],
): void {
  for (const [index, { key = '', values: given = [] }] of (term.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${index}]`
    const message = deprecatedNodeLabel(key)
    if (message) warnings.push(`${at}.key: ${key} is ${message}`)
    if (!values) continue
    for (const [valueIndex, value] of given.entries())
      for (const problem of isLabelValue(value))
        warnings.push(`${at}.values[${valueIndex}]: ${value} is invalid, ${problem}`)
  }
}

interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly { readonly key?: string }[]
}

export function warnOfNodeLabelSelector(selector: LabelSelector | undefined, path: string, warnings: string[]): void {
  if (!selector) return
  for (const [index, { key = '' }] of (selector.matchExpressions ?? []).entries()) {
    const message = deprecatedNodeLabel(key)
    if (message) warnings.push(`${path}.matchExpressions[${index}].key: ${key} is ${message}`)
  }
  for (const label in selector.matchLabels) {
    const message = deprecatedNodeLabel(label)
    if (message) warnings.push(`${path}.matchLabels.${label}: ${message}`)
  }
}
