// A pod that names its node goes there or nowhere.

import { Action } from '../cluster-event.ts'
import type { Plugin } from '../framework.ts'
import { skip, unresolvable } from '../status.ts'

const name = 'NodeName'
const elsewhere = unresolvable(name, "node(s) didn't match the requested node name")

export const nodeName: Plugin = {
  name,
  eventsToRegister: () => [{ resource: 'Node', action: Action.add }],
  preFilter: ({ pod }) => (pod.spec.nodeName ? undefined : { status: skip }),
  filter({ pod }, node) {
    return pod.spec.nodeName === node.name ? undefined : elsewhere
  },
}
