// Keeps the rules of ClusterRoles that gather them from others: admin, edit and view, and whatever else has an
// aggregationRule.

import { aggregatedRules } from '../api/rbac/aggregation.ts'
import { type ClusterRole, clusterRoles } from '../api/rbac/v1/clusterrole.ts'
import { apiVersionOf } from '../api/resource.ts'
import { controller, watch } from '../client/controller.ts'
import { semanticEqual } from '../machinery/deep-equal.ts'

export const clusterRoleAggregationController = controller<ClusterRole>({
  name: 'clusterrole-aggregation-controller',
  reconciles: clusterRoles,
  filter: ({ after }) => after?.aggregationRule !== undefined,
  watches: [
    watch(clusterRoles, {
      keys: ({ before, after }, { lister }) =>
        before === after
          ? []
          : lister(clusterRoles)
              .list()
              .filter(({ aggregationRule }) => aggregationRule)
              .map(({ metadata }) => metadata.name ?? ''),
    }),
  ],
  async reconcile(name, { client, lister }) {
    const role = lister(clusterRoles).get(name)
    if (!role?.aggregationRule) return
    const rules = aggregatedRules(role, lister(clusterRoles).list())
    if (semanticEqual(rules, role.rules)) return
    // Applied, so that rules that somebody else wrote stay where no role is gathered.
    await client.resource(clusterRoles).patch(
      name,
      'application/apply-patch+yaml',
      {
        apiVersion: apiVersionOf(clusterRoles),
        kind: clusterRoles.kind,
        metadata: { name },
        ...(rules.length > 0 && { rules }),
      },
      { fieldManager: 'clusterrole-aggregation-controller', force: true },
    )
  },
})
