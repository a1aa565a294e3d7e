// An index of pods by the node they are on.

import type { Pod } from '../api/core/v1/pod.ts'

export const nodeIndex = 'nodeName'

export function byNode({ spec }: Pod): readonly string[] {
  return spec.nodeName ? [spec.nodeName] : []
}
