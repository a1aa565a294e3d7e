import { defaulter, setDefault } from '../../defaulter.ts'
import { NodeSpec, NodeStatus } from './node.ts'

export const nodeDefaults = [
  // podCIDR and the first of podCIDRs are the same; the older field wins.
  defaulter(NodeSpec, spec => {
    if (spec.podCIDR && spec.podCIDR !== spec.podCIDRs?.[0]) spec.podCIDRs = [spec.podCIDR]
    else if (spec.podCIDRs?.[0]) setDefault(spec, 'podCIDR', spec.podCIDRs[0])
  }),
  defaulter(NodeStatus, status => {
    if (status.capacity) status.allocatable ??= { ...status.capacity }
  }),
]
