// The printer of each kind's rows, by resource (and version, where versions differ). A kind that is not here prints its
// name and its age.

import { deploymentCells } from './apps/v1/deployment.columns.ts'
import { replicaSetCells } from './apps/v1/replicaset.columns.ts'
import type { RowPrinter } from './columns.ts'
import { configMapCells } from './core/v1/configmap.columns.ts'
import { endpointsCells } from './core/v1/endpoints.columns.ts'
import { eventCells } from './core/v1/event.columns.ts'
import { namespaceCells } from './core/v1/namespace.columns.ts'
import { nodeCells } from './core/v1/node.columns.ts'
import { podCells, podRowConditions, podTemplateCells } from './core/v1/pod.columns.ts'
import { secretCells } from './core/v1/secret.columns.ts'
import { serviceCells } from './core/v1/service.columns.ts'
import type { TableRowCondition } from './meta/v1/table.ts'

export const rowPrinters: Readonly<Record<string, RowPrinter>> = {
  // v1
  configmaps: configMapCells,
  endpoints: endpointsCells,
  events: eventCells,
  namespaces: namespaceCells,
  nodes: nodeCells,
  pods: podCells,
  podtemplates: podTemplateCells,
  secrets: secretCells,
  services: serviceCells,
  // apps/v1
  'deployments.apps': deploymentCells,
  'replicasets.apps': replicaSetCells,
}

/** What a row says of the object besides its cells. */
export const rowConditions: Readonly<Record<string, (object: any) => readonly TableRowCondition[] | undefined>> = {
  pods: podRowConditions,
}
