// The priority levels and flow schemas that every cluster has (upstream's flowcontrol bootstrap policy).

import type { KubeObject } from '../../api/resource.ts'
import { deepCopy } from '../../machinery/deep-freeze.ts'

const apiVersion = 'flowcontrol.apiserver.k8s.io/v1'
const annotations = { 'apf.kubernetes.io/autoupdate-spec': 'true' }

type Queuing = readonly [queues: number, handSize: number]

/** name → [nominalConcurrencyShares, lendablePercent, queues and hand size (none: reject)]. */
const limitedLevels: Readonly<Record<string, readonly [shares: number, lendable: number, queuing?: Queuing]>> = {
  'catch-all': [5, 0],
  'global-default': [20, 50, [128, 6]],
  'leader-election': [10, 0, [16, 4]],
  'node-high': [40, 25, [64, 6]],
  system: [30, 33, [64, 6]],
  'workload-high': [40, 50, [128, 6]],
  'workload-low': [100, 90, [128, 6]],
}

export function priorityLevelConfigurations(): KubeObject[] {
  const level = (name: string, spec: object): KubeObject => ({
    apiVersion,
    kind: 'PriorityLevelConfiguration',
    metadata: { name, annotations: { ...annotations } },
    spec,
    status: {},
  })
  return [
    level('exempt', { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }),
    ...Object.entries(limitedLevels).map(([name, [nominalConcurrencyShares, lendablePercent, queuing]]) =>
      level(name, {
        type: 'Limited',
        limited: {
          nominalConcurrencyShares,
          limitResponse: queuing
            ? { type: 'Queue', queuing: { queues: queuing[0], handSize: queuing[1], queueLengthLimit: 50 } }
            : { type: 'Reject' },
          lendablePercent,
        },
      }),
    ),
  ]
}

const anyResource = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }
const anyPath = { verbs: ['*'], nonResourceURLs: ['*'] }
const leases = (verbs: string[]) => ({
  verbs,
  apiGroups: ['coordination.k8s.io'],
  resources: ['leases'],
  namespaces: ['*'],
})

interface Flow {
  readonly name: string
  readonly level: string
  readonly precedence: number
  readonly by?: 'ByUser' | 'ByNamespace'
  /** `user:<name>`, `group:<name>` or `serviceaccounts:<namespace>`. */
  readonly subjects: readonly string[]
  /** Everything, when absent. */
  readonly resourceRules?: readonly object[]
  readonly nonResourceRules?: readonly object[]
}

const everyone = ['group:system:unauthenticated', 'group:system:authenticated']
const controllerManager = 'user:system:kube-controller-manager'
const scheduler = 'user:system:kube-scheduler'

const flows: readonly Flow[] = [
  { name: 'exempt', level: 'exempt', precedence: 1, subjects: ['group:system:masters'] },
  {
    name: 'probes',
    level: 'exempt',
    precedence: 2,
    subjects: everyone,
    resourceRules: [],
    nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
  },
  {
    name: 'system-leader-election',
    level: 'leader-election',
    precedence: 100,
    by: 'ByUser',
    subjects: [controllerManager, scheduler, 'serviceaccounts:kube-system'],
    resourceRules: [leases(['get', 'create', 'update'])],
    nonResourceRules: [],
  },
  {
    name: 'system-node-high',
    level: 'node-high',
    precedence: 400,
    by: 'ByUser',
    subjects: ['group:system:nodes'],
    resourceRules: [{ ...anyResource, apiGroups: [''], resources: ['nodes', 'nodes/status'] }, leases(['*'])],
    nonResourceRules: [],
  },
  { name: 'system-nodes', level: 'system', precedence: 500, by: 'ByUser', subjects: ['group:system:nodes'] },
  {
    name: 'kube-controller-manager',
    level: 'workload-high',
    precedence: 800,
    by: 'ByNamespace',
    subjects: [controllerManager],
  },
  { name: 'kube-scheduler', level: 'workload-high', precedence: 800, by: 'ByNamespace', subjects: [scheduler] },
  {
    name: 'kube-system-service-accounts',
    level: 'workload-high',
    precedence: 900,
    by: 'ByNamespace',
    subjects: ['serviceaccounts:kube-system'],
  },
  {
    name: 'service-accounts',
    level: 'workload-low',
    precedence: 9000,
    by: 'ByUser',
    subjects: ['group:system:serviceaccounts'],
  },
  { name: 'global-default', level: 'global-default', precedence: 9900, by: 'ByUser', subjects: everyone },
  { name: 'catch-all', level: 'catch-all', precedence: 10000, by: 'ByUser', subjects: everyone },
]

function subject(text: string): object {
  const colon = text.indexOf(':')
  const name = text.slice(colon + 1)
  switch (text.slice(0, colon)) {
    case 'user':
      return { kind: 'User', user: { name } }
    case 'group':
      return { kind: 'Group', group: { name } }
    default:
      return { kind: 'ServiceAccount', serviceAccount: { namespace: name, name: '*' } }
  }
}

/** The flow schemas, each already found to refer to a level that exists. */
export function flowSchemas(now: string): KubeObject[] {
  return flows.map(flow => {
    const resourceRules = flow.resourceRules ?? [anyResource]
    const nonResourceRules = flow.nonResourceRules ?? [anyPath]
    return {
      apiVersion,
      kind: 'FlowSchema',
      metadata: { name: flow.name, annotations: { ...annotations } },
      spec: {
        priorityLevelConfiguration: { name: flow.level },
        matchingPrecedence: flow.precedence,
        ...(flow.by && { distinguisherMethod: { type: flow.by } }),
        rules: [
          {
            subjects: flow.subjects.map(subject),
            ...(resourceRules.length > 0 && { resourceRules: deepCopy(resourceRules) }),
            ...(nonResourceRules.length > 0 && { nonResourceRules: deepCopy(nonResourceRules) }),
          },
        ],
      },
      status: {
        conditions: [
          {
            type: 'Dangling',
            status: 'False',
            lastTransitionTime: now,
            reason: 'Found',
            message: `This FlowSchema references the PriorityLevelConfiguration object named "${flow.level}" and it exists`,
          },
        ],
      },
    }
  })
}
