import { defaulter } from '../../defaulter.ts'
import { NodeStatus } from './node.ts'

export const nodeDefaults = [
  defaulter(NodeStatus, status => {
    if (status.capacity) status.allocatable ??= { ...status.capacity }
  }),
]
