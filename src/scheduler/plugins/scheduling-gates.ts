// A pod with scheduling gates waits until the last one is lifted.

import { Action } from '../cluster-event.ts'
import type { Plugin } from '../framework.ts'
import { unresolvable } from '../status.ts'

const name = 'SchedulingGates'

export const schedulingGates: Plugin = {
  name,
  eventsToRegister: () => [{ resource: 'TargetPod', action: Action.updatePodSchedulingGatesEliminated }],
  preEnqueue({ pod }) {
    const gates = pod.spec.schedulingGates
    if (!gates?.length) return undefined
    return unresolvable(name, `waiting for scheduling gates: [${gates.map(gate => gate.name).join(' ')}]`)
  },
}
