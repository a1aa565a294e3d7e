// Nodes keep pods off by taints that the pod does not tolerate; PreferNoSchedule taints only count against the node.

import type { Node } from '../../api/core/v1/node.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import type { Taint, Toleration } from '../../api/core/v1/toleration.ts'
import { Action } from '../cluster-event.ts'
import type { Plugin } from '../framework.ts'
import { normalizeReversed } from '../normalize-scores.ts'
import { skip, unresolvable } from '../status.ts'
import { tolerates } from '../tolerations.ts'

const name = 'TaintToleration'
const untolerated = unresolvable(name, 'node(s) had untolerated taint(s)')

const repels = (taint: Taint) => taint.effect === 'NoSchedule' || taint.effect === 'NoExecute'

function isRepelled(pod: Pod, node: Node): boolean {
  return (node.spec.taints ?? []).some(taint => repels(taint) && !tolerates(pod.spec.tolerations, taint))
}

export const taintToleration: Plugin<undefined, readonly Toleration[]> = {
  name,
  eventsToRegister: () => [
    {
      resource: 'Node',
      action: Action.add | Action.updateNodeTaint,
      hint: ({ pod }, before: Node | undefined, after: Node) =>
        (before === undefined || isRepelled(pod, before)) && !isRepelled(pod, after) ? 'Queue' : 'QueueSkip',
    },
    { resource: 'TargetPod', action: Action.updatePodToleration },
  ],
  filter({ pod }, node) {
    const taints = node.repellingTaints
    for (let at = 0; at < taints.length; at++) if (!tolerates(pod.spec.tolerations, taints[at]!)) return untolerated
    return undefined
  },
  preScore({ pod }, nodes) {
    if (!nodes.some(node => node.discouragingTaints.length > 0)) return { status: skip }
    const state = (pod.spec.tolerations ?? []).filter(({ effect }) => !effect || effect === 'PreferNoSchedule')
    return { state }
  },
  /** How many taints speak against the node. */
  score(_, node, tolerations) {
    let against = 0
    for (const taint of node.discouragingTaints) if (!tolerates(tolerations, taint)) against++
    return against
  },
  normalizeScore(_, nodes, scores) {
    normalizeReversed(scores, nodes.length)
  },
}
