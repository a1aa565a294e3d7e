import { formatLabels } from '../../../machinery/labels.ts'
import { ageCell, containerCells } from '../../cells.ts'
import type { ReplicationController } from './replicationcontroller.ts'

export function replicationControllerCells(controller: ReplicationController, now: number): unknown[] {
  const { spec, status } = controller
  return [
    controller.metadata.name,
    spec.replicas ?? 0,
    status.replicas ?? 0,
    status.readyReplicas ?? 0,
    ageCell(controller, now),
    ...containerCells(spec.template),
    formatLabels(spec.selector),
  ]
}
