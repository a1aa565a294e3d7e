import { expect, test } from 'vitest'
import type { KubeObject, ResourceDeclaration } from '../../api/resource.ts'
import type { AdmissionAttributes, AdmissionOperation } from './admission.ts'
import { nodeRestriction } from './node-restriction.ts'

const objects: Record<string, KubeObject> = {
  'pods dev/mine': { metadata: { name: 'mine', uid: 'uid-of-mine' }, spec: { nodeName: 'n1' } },
  'pods dev/other': { metadata: { name: 'other', uid: 'uid-of-other' }, spec: { nodeName: 'n2' } },
  'nodes /n1': { metadata: { name: 'n1', uid: 'uid-of-n1' } },
}

interface Case {
  readonly operation: AdmissionOperation
  readonly what: string
  readonly namespace?: string
  readonly name?: string
  readonly object?: KubeObject
  readonly oldObject?: KubeObject
  readonly user?: AdmissionAttributes['user']
}

function refusalOf({ operation, what, user, ...rest }: Case): string | undefined {
  const [full = '', subresource = ''] = what.split('/')
  const [resource = '', ...group] = full.split('.')
  const attributes: AdmissionAttributes = {
    operation,
    resource: { resource, group: group.join('.') } as ResourceDeclaration,
    subresource,
    namespace: 'dev',
    name: rest.object?.metadata.name ?? '',
    object: undefined,
    oldObject: undefined,
    dryRun: false,
    options: undefined,
    user: user ?? { name: 'system:node:n1', groups: ['system:nodes'] },
    lister: { get: (of, namespace, name) => objects[`${of} ${namespace}/${name}`], list: () => [], count: () => 0 },
    warn: () => {},
    annotate: () => {},
    ...rest,
  }
  try {
    nodeRestriction.admit!(attributes)
    return undefined
  } catch (error) {
    return (error as Error).message.replace(/^\S+( "[^"]*")? is forbidden: /, '')
  }
}

const mirror = (change: { metadata?: object; spec?: object; owner?: object } = {}): KubeObject => ({
  metadata: {
    name: 'm',
    annotations: { 'kubernetes.io/config.mirror': 'x' },
    ownerReferences: [
      { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'uid-of-n1', controller: true, ...change.owner },
    ],
    ...change.metadata,
  },
  spec: { nodeName: 'n1', containers: [{ name: 'c' }], ...change.spec },
})
const create = (what: string, object: KubeObject, more: Partial<Case> = {}): Case => ({
  operation: 'CREATE',
  what,
  object,
  ...more,
})
const update = (what: string, oldObject: KubeObject, object: KubeObject): Case => ({
  operation: 'UPDATE',
  what,
  name: object.metadata.name,
  oldObject,
  object,
})
const node = (labels: object = {}, spec: object = {}): KubeObject => ({
  metadata: { name: 'n1', labels } as never,
  spec,
})
const running = (labels: object = {}): KubeObject => ({
  metadata: { name: 'mine', labels } as never,
  spec: { nodeName: 'n1' },
})
const token = (boundObjectRef?: object): Case =>
  create('serviceaccounts/token', { metadata: { name: 'sa' }, spec: { boundObjectRef } })
const lease = (name: string, namespace: string): Case =>
  create('leases.coordination.k8s.io', { metadata: { name } }, { namespace })
const claim = (status: object, labels: object = {}): KubeObject => ({
  metadata: { name: 'c', labels } as never,
  status,
})

test.each<[string, Case]>([
  ['a mirror pod of its own', create('pods', mirror())],
  ['deleting a pod of its own', { operation: 'DELETE', what: 'pods', name: 'mine' }],
  ['the status of a pod of its own', update('pods/status', running(), { ...running(), status: { phase: 'Running' } })],
  ['evicting a pod of its own', create('pods/eviction', { metadata: { name: 'mine' } })],
  [
    'registering itself',
    create('nodes', node({ 'kubernetes.io/hostname': 'n1', 'node.kubernetes.io/x': 'y', zone: 'a' })),
  ],
  ['its own status', update('nodes/status', node(), { ...node(), status: {} })],
  ['its own labels', update('nodes', node({ zone: 'a' }), node({ 'kubernetes.io/arch': 'amd64' }))],
  ['a token for a pod of its own', token({ apiVersion: 'v1', kind: 'Pod', name: 'mine', uid: 'uid-of-mine' })],
  ['its lease', lease('n1', 'kube-node-lease')],
  ['its CSINode', create('csinodes.storage.k8s.io', { metadata: { name: 'n1' } })],
  [
    'the capacity of a claim',
    update('persistentvolumeclaims/status', claim({}), claim({ capacity: { storage: '1Gi' } })),
  ],
  [
    'its resource slice',
    create('resourceslices.resource.k8s.io', { metadata: { name: 's' }, spec: { nodeName: 'n1' } }),
  ],
  ['an event', create('events', { metadata: { name: 'e' } })],
  ['anything, when it is no node', create('pods', running(), { user: { name: 'alice', groups: [] } })],
])('a kubelet may write %s', (_name, request) => {
  expect(refusalOf(request)).toBeUndefined()
})

test.each<[string, Case]>([
  [
    'could not determine node from user "system:node:"',
    create('pods', mirror(), { user: { name: 'system:node:', groups: ['system:nodes'] } }),
  ],
  [
    'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
    create('pods', mirror({ metadata: { annotations: {} } })),
  ],
  [
    'node "n1" can only create pods with spec.nodeName set to itself',
    create('pods', mirror({ spec: { nodeName: 'n2' } })),
  ],
  [
    'node "n1" can only create pods with an owner reference set to itself',
    create('pods', mirror({ metadata: { ownerReferences: [] } })),
  ],
  [
    'node "n1" can only create pods with an owner reference set to itself',
    create('pods', mirror({ owner: { name: 'n2' } })),
  ],
  [
    'node "n1" can only create pods with a controller owner reference set to itself',
    create('pods', mirror({ owner: { controller: false } })),
  ],
  [
    'node "n1" must not set blockOwnerDeletion on an owner reference',
    create('pods', mirror({ owner: { blockOwnerDeletion: true } })),
  ],
  ['node n1 UID mismatch: expected x got uid-of-n1', create('pods', mirror({ owner: { uid: 'x' } }))],
  [
    'node "n1" can not create pods that reference a service account',
    create('pods', mirror({ spec: { serviceAccountName: 'default' } })),
  ],
  [
    'node "n1" can not create pods that reference secrets',
    create('pods', mirror({ spec: { volumes: [{ name: 'v', secret: { secretName: 's' } }] } })),
  ],
  [
    'node "n1" can not create pods that reference configmaps',
    create('pods', mirror({ spec: { volumes: [{ name: 'v', configMap: { name: 's' } }] } })),
  ],
  [
    'node "n1" can not create pods that reference persistentvolumeclaims',
    create('pods', mirror({ spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 's' } }] } })),
  ],
  [
    'node "n1" can only delete pods with spec.nodeName set to itself',
    { operation: 'DELETE', what: 'pods', name: 'other' },
  ],
  ['pods "gone" not found', { operation: 'DELETE', what: 'pods', name: 'gone' }],
  [
    'unexpected operation "UPDATE", node "n1" can only create and delete mirror pods',
    update('pods', running(), running()),
  ],
  [
    'node "n1" can only update pod status for pods with spec.nodeName set to itself',
    update('pods/status', { ...running(), spec: { nodeName: 'n2' } }, running()),
  ],
  ['node "n1" cannot update labels through pod status', update('pods/status', running(), running({ a: 'b' }))],
  [
    'node n1 can only evict pods with spec.nodeName set to itself',
    create('pods/eviction', { metadata: { name: 'other' } }),
  ],
  [
    "unexpected pod subresource \"binding\", only 'status' and 'eviction' are allowed",
    create('pods/binding', { metadata: { name: 'mine' } }),
  ],
  ['node "n1" is not allowed to modify node "n2"', create('nodes', { metadata: { name: 'n2' } })],
  ['node "n1" is not allowed to modify taints', update('nodes', node(), node({}, { taints: [{ key: 'a' }] }))],
  [
    'node "n1" is not allowed to set the following labels: a.k8s.io/x, node-restriction.kubernetes.io/y',
    create('nodes', node({ 'node-restriction.kubernetes.io/y': '', 'a.k8s.io/x': '' })),
  ],
  [
    'is not allowed to modify labels: node-role.kubernetes.io/control-plane',
    update('nodes', node({ 'node-role.kubernetes.io/control-plane': '' }), node()),
  ],
  ['node requested token not bound to a pod', token()],
  ['node requested token not bound to a pod', token({ apiVersion: 'v1', kind: 'Secret', name: 's', uid: 'x' })],
  ['node requested token with a pod binding without a uid', token({ apiVersion: 'v1', kind: 'Pod', name: 'mine' })],
  [
    'the UID in the bound object reference (x) does not match the UID in record. The object might have been deleted and then recreated',
    token({ apiVersion: 'v1', kind: 'Pod', name: 'mine', uid: 'x' }),
  ],
  [
    'node requested token bound to a pod scheduled on a different node',
    token({ apiVersion: 'v1', kind: 'Pod', name: 'other', uid: 'uid-of-other' }),
  ],
  ['can only access leases in the "kube-node-lease" system namespace', lease('n1', 'dev')],
  ['can only access node lease with the same name as the requesting node', lease('n2', 'kube-node-lease')],
  [
    'can only access CSINode with the same name as the requesting node',
    { operation: 'DELETE', what: 'csinodes.storage.k8s.io', name: 'n2' },
  ],
  ['may only update PVC status', update('persistentvolumeclaims', claim({}), claim({}))],
  [
    'node "n1" is not allowed to update fields other than status.capacity and status.conditions',
    update('persistentvolumeclaims/status', claim({}), claim({}, { a: 'b' })),
  ],
  [
    'can only create ResourceSlice with the same NodeName as the requesting node',
    create('resourceslices.resource.k8s.io', { metadata: { name: 's' }, spec: { nodeName: 'n2' } }),
  ],
])('%s', (message, request) => {
  expect(refusalOf(request)).toBe(message)
})
