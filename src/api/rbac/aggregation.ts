// ClusterRoles that gather their rules from others: what the aggregation controller keeps true, and what the default
// roles (admin, edit, view) begin with.

import { type LabelSelector, labelSelectorFrom } from '../../machinery/labels.ts'

export interface PolicyRule {
  readonly verbs: readonly string[]
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
}

export interface AggregatingRole {
  readonly metadata: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> }
  readonly rules?: readonly PolicyRule[]
  readonly aggregationRule?: { readonly clusterRoleSelectors?: readonly LabelSelector[] }
}

/**
 * The rules of a role with an aggregationRule: those of every role that one of its selectors matches, selector by
 * selector and in order of the roles' names, each rule once.
 */
export function aggregatedRules(role: AggregatingRole, roles: Iterable<AggregatingRole>): PolicyRule[] {
  const sorted = [...roles].sort((a, b) => (a.metadata.name! < b.metadata.name! ? -1 : 1))
  const seen = new Set<string>()
  const rules: PolicyRule[] = []
  for (const clusterRoleSelector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const selector = labelSelectorFrom(clusterRoleSelector)
    for (const other of sorted) {
      if (other.metadata.name === role.metadata.name || !selector.matches(other.metadata.labels ?? {})) continue
      for (const rule of other.rules ?? []) {
        const identity = JSON.stringify([
          rule.verbs,
          rule.apiGroups ?? [],
          rule.resources ?? [],
          rule.resourceNames ?? [],
          rule.nonResourceURLs ?? [],
        ])
        if (seen.has(identity)) continue
        seen.add(identity)
        rules.push(rule)
      }
    }
  }
  return rules
}
