// A cordoned node takes only pods that tolerate the taint it stands for.

import type { Node } from '../../api/core/v1/node.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import type { Taint } from '../../api/core/v1/toleration.ts'
import { Action } from '../cluster-event.ts'
import type { Plugin } from '../framework.ts'
import type { PodInfo } from '../pod-info.ts'
import { unresolvable } from '../status.ts'
import { tolerates } from '../tolerations.ts'

const name = 'NodeUnschedulable'
const cordoned = unresolvable(name, 'node(s) were unschedulable')
const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as Taint

const toleratesIt = (pod: Pod): boolean => tolerates(pod.spec.tolerations, taint)

export const nodeUnschedulable: Plugin = {
  name,
  eventsToRegister: () => [
    {
      resource: 'Node',
      action: Action.add | Action.updateNodeTaint,
      hint: ({ pod }, before: Node | undefined, after: Node) => {
        if (!after.spec.unschedulable) return before === undefined || before.spec.unschedulable ? 'Queue' : 'QueueSkip'
        return toleratesIt(pod) ? 'Queue' : 'QueueSkip'
      },
    },
    {
      resource: 'TargetPod',
      action: Action.updatePodToleration,
      hint: (_, __, after: PodInfo) => (toleratesIt(after.pod) ? 'Queue' : 'QueueSkip'),
    },
  ],
  filter({ pod }, node) {
    return node.unschedulable && !toleratesIt(pod) ? cordoned : undefined
  },
}
