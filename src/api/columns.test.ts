import { describe, expect, test } from 'vitest'
import { tablePrinter } from './columns.ts'
import { apiVersionOf, groupResource, type ResourceDeclaration } from './resource.ts'
import { rowConditions, rowOrders, rowPrinters } from './row-printers.ts'
import { resources } from './scheme.ts'

const now = Date.parse('2026-01-02T00:00:00Z')
const created = '2026-01-01T00:00:00Z'
const age = '24h'

const listable = resources.filter(({ verbs }) => verbs.includes('list'))
const keyOf = ({ storage, resource }: ResourceDeclaration) => groupResource({ group: storage.group, resource })
const declared = (apiVersion: string, resource: string) =>
  listable.find(each => apiVersionOf(each) === apiVersion && each.resource === resource)!

const template = {
  spec: {
    containers: [
      { name: 'a', image: 'x' },
      { name: 'b', image: 'y' },
    ],
    nodeSelector: { disk: 'ssd' },
  },
}
const selector = {
  matchLabels: { app: 'web' },
  matchExpressions: [{ key: 'tier', operator: 'In', values: ['b', 'a'] }],
}
const selectorText = 'app=web,tier in (a,b)'

/** Objects without metadata; their rows without the name. */
const cases: readonly (readonly [apiVersion: string, resource: string, object: object, cells: unknown[]])[] = [
  ['v1', 'componentstatuses', {}, ['Unknown', '', '']],
  [
    'v1',
    'componentstatuses',
    { conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }] },
    ['Healthy', 'ok', ''],
  ],
  [
    'v1',
    'componentstatuses',
    { conditions: [{ type: 'Healthy', status: 'False', error: 'no' }] },
    ['Unhealthy', '', 'no'],
  ],
  ['v1', 'configmaps', {}, [0, age]],
  ['v1', 'configmaps', { data: { a: '', b: '' }, binaryData: { c: '' } }, [3, age]],
  ['v1', 'limitranges', {}, [created]],
  ['v1', 'namespaces', { status: { phase: 'Active' } }, ['Active', age]],
  [
    'v1',
    'replicationcontrollers',
    { spec: { replicas: 3, selector: { a: 'b' }, template }, status: { replicas: 2, readyReplicas: 1 } },
    [3, 2, 1, age, 'a,b', 'x,y', 'a=b'],
  ],
  [
    'v1',
    'replicationcontrollers',
    { spec: { replicas: 0 }, status: { replicas: 0 } },
    [0, 0, 0, age, '', '', '<none>'],
  ],
  ['v1', 'resourcequotas', { status: {} }, ['', '', age]],
  [
    'v1',
    'resourcequotas',
    {
      status: {
        hard: { pods: '5', 'limits.cpu': '2', cpu: '1', 'requests.cpu': '1', 'limits.memory': '1Gi' },
        used: { pods: '2', 'limits.cpu': '500m' },
      },
    },
    ['cpu: 0/1, pods: 2/5, requests.cpu: 0/1', 'limits.cpu: 500m/2, limits.memory: 0/1Gi', age],
  ],
  ['v1', 'secrets', { type: 'Opaque', data: { a: 'YQ==' } }, ['Opaque', 1, age]],
  ['v1', 'serviceaccounts', {}, [age]],
  ['apiregistration.k8s.io/v1', 'apiservices', { spec: {}, status: {} }, ['Local', 'Unknown', age]],
  [
    'apiregistration.k8s.io/v1',
    'apiservices',
    {
      spec: { service: { namespace: 'n', name: 's' } },
      status: { conditions: [{ type: 'Available', status: 'False', reason: 'MissingEndpoints' }] },
    },
    ['n/s', 'False (MissingEndpoints)', age],
  ],
  [
    'apiregistration.k8s.io/v1',
    'apiservices',
    { spec: {}, status: { conditions: [{ type: 'Available', status: 'True', reason: 'Local' }] } },
    ['Local', 'True', age],
  ],
  ['apps/v1', 'controllerrevisions', { revision: 4 }, ['<none>', 4, age]],
  [
    'apps/v1',
    'daemonsets',
    {
      spec: { selector, template },
      status: {
        desiredNumberScheduled: 5,
        currentNumberScheduled: 4,
        numberReady: 3,
        updatedNumberScheduled: 2,
        numberAvailable: 1,
      },
    },
    [5, 4, 3, 2, 1, 'disk=ssd', age, 'a,b', 'x,y', selectorText],
  ],
  [
    'apps/v1',
    'deployments',
    {
      spec: { replicas: 3, selector, template },
      status: { readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 },
    },
    ['1/3', 2, 1, age, 'a,b', 'x,y', selectorText],
  ],
  [
    'apps/v1',
    'deployments',
    { spec: { replicas: 1, selector: {}, template }, status: {} },
    ['0/1', 0, 0, age, 'a,b', 'x,y', ''],
  ],
  [
    'apps/v1',
    'deployments',
    { spec: { replicas: 1, selector: { matchExpressions: [{ key: 'a', operator: 'No' }] }, template }, status: {} },
    ['0/1', 0, 0, age, 'a,b', 'x,y', '<invalid>'],
  ],
  [
    'apps/v1',
    'replicasets',
    { spec: { replicas: 3, selector, template }, status: { replicas: 2, readyReplicas: 1 } },
    [3, 2, 1, age, 'a,b', 'x,y', selectorText],
  ],
  [
    'apps/v1',
    'statefulsets',
    { spec: { replicas: 3, selector, template }, status: { replicas: 2, readyReplicas: 1 } },
    ['1/3', age, 'a,b', 'x,y'],
  ],
  [
    'batch/v1',
    'cronjobs',
    { spec: { schedule: '* * * * *', jobTemplate: { spec: { template } } }, status: {} },
    ['* * * * *', '<none>', '<unset>', 0, '<none>', age, 'a,b', 'x,y', '<none>'],
  ],
  [
    'batch/v1',
    'cronjobs',
    {
      spec: { schedule: '@daily', timeZone: 'Etc/UTC', suspend: true, jobTemplate: { spec: { template, selector } } },
      status: { active: [{}, {}], lastScheduleTime: '2026-01-01T23:59:00Z' },
    },
    ['@daily', 'Etc/UTC', 'True', 2, '60s', age, 'a,b', 'x,y', selectorText],
  ],
  ['networking.k8s.io/v1', 'ingressclasses', { spec: { controller: 'c' } }, ['c', '<none>', age]],
  [
    'networking.k8s.io/v1',
    'ingressclasses',
    { spec: { controller: 'c', parameters: { apiGroup: 'g.io', kind: 'K', name: 'p' } } },
    ['c', 'K.g.io/p', age],
  ],
  [
    'networking.k8s.io/v1',
    'ipaddresses',
    { spec: { parentRef: { resource: 'services', namespace: 'default', name: 'kubernetes' } } },
    ['services/default/kubernetes', age],
  ],
  [
    'networking.k8s.io/v1',
    'ipaddresses',
    { spec: { parentRef: { group: 'G.io', resource: 'things', name: 't' } } },
    ['things.g.io/t', age],
  ],
  ['networking.k8s.io/v1', 'networkpolicies', { spec: { podSelector: {} } }, ['<none>', age]],
  ['networking.k8s.io/v1', 'networkpolicies', { spec: { podSelector: selector } }, [selectorText, age]],
  [
    'networking.k8s.io/v1',
    'servicecidrs',
    { spec: { cidrs: ['10.96.0.0/16', 'fd00::/112'] } },
    ['10.96.0.0/16,fd00::/112', age],
  ],
  [
    'policy/v1',
    'poddisruptionbudgets',
    { spec: { minAvailable: 1 }, status: { disruptionsAllowed: 2 } },
    ['1', 'N/A', 2, age],
  ],
  [
    'policy/v1',
    'poddisruptionbudgets',
    { spec: { maxUnavailable: '50%' }, status: { disruptionsAllowed: 0 } },
    ['N/A', '50%', 0, age],
  ],
  ['rbac.authorization.k8s.io/v1', 'roles', {}, [created]],
  ['rbac.authorization.k8s.io/v1', 'clusterroles', {}, [created]],
  [
    'rbac.authorization.k8s.io/v1',
    'rolebindings',
    {
      roleRef: { kind: 'Role', name: 'r' },
      subjects: [
        { kind: 'User', name: 'u' },
        { kind: 'ServiceAccount', name: 's', namespace: 'n' },
        { kind: 'Group', name: 'g' },
        { kind: 'User', name: 'v' },
        { kind: 'ServiceAccount', name: 't' },
      ],
    },
    ['Role/r', age, 'u, v', 'g', 'n/s, t'],
  ],
  [
    'rbac.authorization.k8s.io/v1',
    'clusterrolebindings',
    { roleRef: { kind: 'ClusterRole', name: 'r' } },
    ['ClusterRole/r', age, '', '', ''],
  ],
  ['storage.k8s.io/v1', 'csidrivers', { spec: {} }, [true, false, false, '<unset>', false, '<none>', age]],
  [
    'storage.k8s.io/v1',
    'csidrivers',
    {
      spec: {
        attachRequired: false,
        podInfoOnMount: true,
        storageCapacity: true,
        requiresRepublish: true,
        tokenRequests: [{ audience: 'a' }, { audience: 'b' }],
        volumeLifecycleModes: ['Persistent', 'Ephemeral'],
      },
    },
    [false, true, true, 'a,b', true, 'Persistent,Ephemeral', age],
  ],
  ['storage.k8s.io/v1', 'csinodes', { spec: { drivers: [{}, {}] } }, [2, age]],
  ['storage.k8s.io/v1', 'csistoragecapacities', { storageClassName: 's', capacity: '1Gi' }, [created]],
  ['storage.k8s.io/v1', 'storageclasses', { provisioner: 'p' }, ['p', 'Delete', 'Immediate', false, age]],
  [
    'storage.k8s.io/v1',
    'storageclasses',
    {
      provisioner: 'p',
      reclaimPolicy: 'Retain',
      volumeBindingMode: 'WaitForFirstConsumer',
      allowVolumeExpansion: true,
    },
    ['p', 'Retain', 'WaitForFirstConsumer', true, age],
  ],
  [
    'storage.k8s.io/v1',
    'volumeattachments',
    { spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'pv' } }, status: { attached: true } },
    ['a', 'pv', 'n', true, age],
  ],
  ['storage.k8s.io/v1', 'volumeattributesclasses', { driverName: 'd' }, ['d', age]],
  ['admissionregistration.k8s.io/v1', 'mutatingwebhookconfigurations', { webhooks: [{}, {}] }, [2, age]],
  ['admissionregistration.k8s.io/v1', 'validatingwebhookconfigurations', {}, [0, age]],
  [
    'admissionregistration.k8s.io/v1',
    'validatingadmissionpolicies',
    { spec: { validations: [{}] } },
    [1, '<unset>', age],
  ],
  [
    'admissionregistration.k8s.io/v1',
    'mutatingadmissionpolicies',
    { spec: { mutations: [{}, {}], paramKind: { apiVersion: 'g/v1', kind: 'K' } } },
    [2, 'g/v1/K', age],
  ],
  [
    'admissionregistration.k8s.io/v1',
    'validatingadmissionpolicybindings',
    { spec: { policyName: 'p', paramRef: { name: 'q' } } },
    ['p', '*/q', age],
  ],
  [
    'admissionregistration.k8s.io/v1',
    'validatingadmissionpolicybindings',
    { spec: { policyName: 'p', paramRef: { name: 'q', namespace: 'n' } } },
    ['p', 'n/q', age],
  ],
  [
    'admissionregistration.k8s.io/v1',
    'mutatingadmissionpolicybindings',
    { spec: { policyName: 'p' } },
    ['p', '<unset>', age],
  ],
  [
    'admissionregistration.k8s.io/v1',
    'mutatingadmissionpolicybindings',
    { spec: { policyName: 'p', paramRef: { selector } } },
    [
      'p',
      '&LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:tier,Operator:In,Values:[b a],},},}',
      age,
    ],
  ],
  ['apiextensions.k8s.io/v1', 'customresourcedefinitions', {}, [created]],
  ['scheduling.k8s.io/v1', 'priorityclasses', { value: 100, preemptionPolicy: 'Never' }, [100, false, age, 'Never']],
  ['coordination.k8s.io/v1', 'leases', { spec: { holderIdentity: 'me' } }, ['me', age]],
  ['coordination.k8s.io/v1', 'leases', { spec: {} }, ['', age]],
  ['node.k8s.io/v1', 'runtimeclasses', { handler: 'runc' }, ['runc', age]],
  [
    'discovery.k8s.io/v1',
    'endpointslices',
    { addressType: 'IPv4', endpoints: [] },
    ['IPv4', '<unset>', '<unset>', age],
  ],
  [
    'discovery.k8s.io/v1',
    'endpointslices',
    {
      addressType: 'IPv4',
      ports: [{ port: 80 }, { name: 'x' }, {}],
      endpoints: [{ addresses: ['1', '2'] }, { addresses: ['3'] }, { addresses: ['4'] }],
    },
    ['IPv4', '80,x,*', '1,2,3 + 1 more...', age],
  ],
  ['resource.k8s.io/v1', 'deviceclasses', {}, [age]],
  ['resource.k8s.io/v1', 'resourceclaimtemplates', {}, [age]],
  ['resource.k8s.io/v1', 'resourceclaims', { status: {} }, ['pending', age]],
  [
    'resource.k8s.io/v1',
    'resourceclaims',
    { status: { allocation: {}, reservedFor: [{}] } },
    ['allocated,reserved', age],
  ],
  ['resource.k8s.io/v1', 'resourceslices', { spec: { driver: 'd', pool: { name: 'p' } } }, ['', 'd', 'p', age]],
  [
    'flowcontrol.apiserver.k8s.io/v1',
    'flowschemas',
    { spec: { priorityLevelConfiguration: { name: 'p' }, matchingPrecedence: 9 }, status: {} },
    ['p', 9, '<none>', age, '?'],
  ],
  [
    'flowcontrol.apiserver.k8s.io/v1',
    'flowschemas',
    {
      spec: {
        priorityLevelConfiguration: { name: 'p' },
        matchingPrecedence: 9,
        distinguisherMethod: { type: 'ByUser' },
      },
      status: { conditions: [{ type: 'Dangling', status: 'False' }] },
    },
    ['p', 9, 'ByUser', age, 'False'],
  ],
  [
    'flowcontrol.apiserver.k8s.io/v1',
    'prioritylevelconfigurations',
    { spec: { type: 'Exempt' } },
    ['Exempt', '<none>', '<none>', '<none>', '<none>', age],
  ],
  [
    'flowcontrol.apiserver.k8s.io/v1',
    'prioritylevelconfigurations',
    {
      spec: {
        type: 'Limited',
        limited: {
          nominalConcurrencyShares: 30,
          limitResponse: { queuing: { queues: 64, handSize: 8, queueLengthLimit: 50 } },
        },
      },
    },
    ['Limited', 30, 64, 8, 50, age],
  ],
]

test.each(cases)('%s %s: %j', (apiVersion, resource, object, cells) => {
  const printer = tablePrinter(declared(apiVersion, resource))
  const row = printer.cells({ metadata: { name: 'n', creationTimestamp: created }, ...object }, now)
  expect(row).toEqual(['n', ...cells])
  // Upstream's rows of addresses have an age that no column is declared for.
  expect(row.length).toBe(printer.columns.length + (resource === 'ipaddresses' ? 1 : 0))
})

describe('names that say more', () => {
  const name = (apiVersion: string, resource: string, annotation: string) =>
    tablePrinter(declared(apiVersion, resource)).cells(
      { metadata: { name: 'n', annotations: { [annotation]: 'true' } }, spec: {} },
      now,
    )[0]

  test.each([
    ['storage.k8s.io/v1', 'storageclasses', 'storageclass.kubernetes.io/is-default-class'],
    ['storage.k8s.io/v1', 'storageclasses', 'storageclass.beta.kubernetes.io/is-default-class'],
    ['networking.k8s.io/v1', 'ingressclasses', 'ingressclass.kubernetes.io/is-default-class'],
  ])('the default one of %s %s', (apiVersion, resource, annotation) => {
    expect(name(apiVersion, resource, annotation)).toBe('n (default)')
  })
})

test('the controller of a revision is named with its kind', () => {
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', uid: 'u', controller: true }]
  const { cells } = tablePrinter(declared('apps/v1', 'controllerrevisions'))
  expect(cells({ metadata: { name: 'n', ownerReferences }, revision: 1 }, now)[1]).toBe('statefulset.apps/web')
})

test('a claim that is being deleted says what it holds', () => {
  const { cells } = tablePrinter(declared('resource.k8s.io/v1', 'resourceclaims'))
  const metadata = { name: 'n', deletionTimestamp: created }
  expect(cells({ metadata, status: {} }, now)[1]).toBe('deleted')
  expect(cells({ metadata, status: { allocation: {} } }, now)[1]).toBe('deleted,allocated')
})

test('flow schemas stand in the order in which they are tried', () => {
  const { compare } = tablePrinter(declared('flowcontrol.apiserver.k8s.io/v1', 'flowschemas'))
  const schema = (name: string, matchingPrecedence: number) => ({ metadata: { name }, spec: { matchingPrecedence } })
  const sorted = [schema('b', 10), schema('c', 1), schema('a', 10)].sort(compare)
  expect(sorted.map(({ metadata }) => metadata.name)).toEqual(['c', 'a', 'b'])
})

test('every kind that can be listed has a printer, and every printer a kind', () => {
  const keys = new Set(listable.map(keyOf))
  // A Scale is not listed, but shown as a table all the same.
  expect(new Set(Object.keys(rowPrinters))).toEqual(new Set([...keys, 'scales.autoscaling']))
  for (const key of [...Object.keys(rowConditions), ...Object.keys(rowOrders)]) expect(keys).toContain(key)
})

test('an object may be stored without its empty parts', () => {
  expect(
    tablePrinter(declared('apiregistration.k8s.io/v1', 'apiservices')).cells({ metadata: { name: 'n' } }, now),
  ).toEqual(['n', 'Local', 'Unknown', '<unknown>'])
  expect(tablePrinter(declared('v1', 'pods')).conditions!({ metadata: { name: 'n' } })).toBeUndefined()
})

test('an object without a time has an unknown age', () => {
  const { cells } = tablePrinter(declared('v1', 'serviceaccounts'))
  expect(cells({ metadata: { name: 'n' } }, now)).toEqual(['n', '<unknown>'])
})
