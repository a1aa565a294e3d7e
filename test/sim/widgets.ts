// A custom kind, for what owns things and is owned without the cluster having been built for it.

import { customResourceDefinitions } from '../../src/api/apiextensions/v1/customresourcedefinition.ts'
import { allVerbs, resource } from '../../src/api/resource.ts'
import type { Client } from '../../src/client/client.ts'
import { object } from '../../src/machinery/schema/schema.ts'

const group = 'sim.k8ts.dev'

export const widgets = resource<any>({
  group,
  version: 'v1',
  kind: 'Widget',
  resource: 'widgets',
  namespaced: true,
  verbs: allVerbs,
  schema: object(`${group}.Widget`, {}),
  columns: [],
})

export const widgetDefinition = `widgets.${group}`

export async function defineWidgets(client: Client): Promise<void> {
  await client.resource(customResourceDefinitions).create({
    metadata: { name: widgetDefinition },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: {} } } } },
        },
      ],
    },
  })
}
