import { formatLabelSelector, formatLabels } from '../../../machinery/labels.ts'
import { ageCell, containerCells } from '../../cells.ts'
import type { DaemonSet } from './daemonset.ts'

export function daemonSetCells(daemonSet: DaemonSet, now: number): unknown[] {
  const { spec, status } = daemonSet
  return [
    daemonSet.metadata.name,
    status.desiredNumberScheduled ?? 0,
    status.currentNumberScheduled ?? 0,
    status.numberReady ?? 0,
    status.updatedNumberScheduled ?? 0,
    status.numberAvailable ?? 0,
    formatLabels(spec.template.spec.nodeSelector),
    ageCell(daemonSet, now),
    ...containerCells(spec.template),
    formatLabelSelector(spec.selector),
  ]
}
