// A pod that names its node goes there or nowhere.

import { Action } from '../cluster-event.ts'
import type { Plugin } from '../framework.ts'
import { unresolvable } from '../status.ts'

const name = 'NodeName'
const elsewhere = unresolvable(name, "node(s) didn't match the requested node name")

export const nodeName: Plugin = {
  name,
  eventsToRegister: () => [{ resource: 'Node', action: Action.add }],
  filter({ pod }, node) {
    const wanted = pod.spec.nodeName
    return wanted && wanted !== node.name ? elsewhere : undefined
  },
}
