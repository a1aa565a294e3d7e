import { labelSelectorFrom } from '../../../machinery/labels.ts'
import { ageCell, containerCells } from '../../cells.ts'
import type { Deployment } from './deployment.ts'

export function deploymentCells(deployment: Deployment, now: number): unknown[] {
  const { spec, status } = deployment
  return [
    deployment.metadata.name,
    `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    status.updatedReplicas ?? 0,
    status.availableReplicas ?? 0,
    ageCell(deployment, now),
    ...containerCells(spec.template),
    selectorCell(deployment),
  ]
}

/** Unlike other kinds' selectors, an empty one prints as nothing, and one that is none as `<invalid>`. */
function selectorCell({ spec }: Deployment): string {
  try {
    return labelSelectorFrom(spec.selector).toString()
  } catch {
    return '<invalid>'
  }
}
