// Higher priority first; among equals, whoever has waited longer.

import type { Plugin } from '../framework.ts'

export const prioritySort: Plugin = {
  name: 'PrioritySort',
  queueSort(a, b) {
    if (a.info.priority !== b.info.priority) return a.info.priority > b.info.priority
    return a.timestamp < b.timestamp
  },
}
