// nodeSelector and node affinity: what a pod demands of a node's labels and name, and what it would like.

import type { Node } from '../../api/core/v1/node.ts'
import {
  type PreferredTerm,
  preferredNodeTerms,
  RequiredNodeAffinity,
  selectableNode,
} from '../../api/core/v1/node-affinity.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import { Action } from '../cluster-event.ts'
import type { Plugin } from '../framework.ts'
import { normalize } from '../normalize-scores.ts'
import { skip, unresolvable } from '../status.ts'

const name = 'NodeAffinity'
const mismatch = unresolvable(name, "node(s) didn't match Pod's node affinity/selector")
const conflict = unresolvable(name, 'pod affinity terms conflict')

/** The nodes named by every term, if every term names some: a daemon's pod is meant for one node only. */
function namedNodes(pod: Pod): ReadonlySet<string> | undefined {
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  if (!terms?.length) return undefined
  const all = new Set<string>()
  for (const term of terms) {
    let named: Set<string> | undefined
    for (const { key, operator, values } of term.matchFields ?? []) {
      if (key !== 'metadata.name' || operator !== 'In') continue
      const these = new Set(values)
      named = named ? new Set([...named].filter(node => these.has(node))) : these
    }
    // Terms are alternatives: one that names no node lets in all.
    if (!named) return undefined
    for (const node of named) all.add(node)
  }
  return all
}

export const nodeAffinity: Plugin<RequiredNodeAffinity, readonly PreferredTerm[]> = {
  name,
  eventsToRegister: () => [
    {
      resource: 'Node',
      action: Action.add | Action.updateNodeLabel,
      hint: ({ pod }, before: Node | undefined, after: Node) => {
        const required = new RequiredNodeAffinity(pod)
        if (!required.matches(selectableNode(after))) return 'QueueSkip'
        return before && required.matches(selectableNode(before)) ? 'QueueSkip' : 'Queue'
      },
    },
  ],
  preFilter({ pod }) {
    const state = new RequiredNodeAffinity(pod)
    if (state.empty) return { status: skip }
    const nodes = namedNodes(pod)
    if (nodes?.size === 0) return { status: conflict }
    return { state, nodes }
  },
  filter(_, node, required) {
    return required.matches(node) ? undefined : mismatch
  },
  preScore({ pod }) {
    const state = preferredNodeTerms(pod)
    return state.length === 0 ? { status: skip } : { state }
  },
  score(_, node, terms) {
    let score = 0
    for (const term of terms) if (term.matches(node)) score += term.weight
    return score
  },
  normalizeScore(_, nodes, scores) {
    normalize(scores, nodes.length)
  },
}
