import { beforeEach, describe, expect, test } from 'vitest'
import type { KubeObject } from '../../api/resource.ts'
import type { AuthorizationAttributes } from './authorizer.ts'
import { NodeAuthorizer } from './node-authorizer.ts'

const pod = (name: string, nodeName: string, spec: object = {}): KubeObject => ({
  metadata: { namespace: 'dev', name, uid: `uid-${name}` },
  spec: { nodeName, serviceAccountName: `account-of-${name}`, containers: [{ name: 'c' }], ...spec },
})

let authorizer: NodeAuthorizer

beforeEach(() => {
  authorizer = new NodeAuthorizer()
  authorizer.upsert(
    'Pod',
    pod('mine', 'n1', {
      imagePullSecrets: [{ name: 'pull' }],
      initContainers: [
        { name: 'i', env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'env-secret', key: 'k' } } }] },
      ],
      containers: [{ name: 'c', envFrom: [{ configMapRef: { name: 'env-config' } }] }],
      volumes: [
        { name: 'a', secret: { secretName: 'volume-secret' } },
        {
          name: 'b',
          projected: {
            sources: [{ configMap: { name: 'projected-config' } }, { secret: { name: 'projected-secret' } }],
          },
        },
        { name: 'd', persistentVolumeClaim: { claimName: 'claim' } },
        { name: 'e', ephemeral: {} },
      ],
      resourceClaims: [{ name: 'gpu', resourceClaimName: 'gpu-claim' }],
    }),
  )
  authorizer.upsert('Pod', pod('other', 'n2', { imagePullSecrets: [{ name: 'others' }] }))
  authorizer.upsert('Pod', pod('unbound', '', { imagePullSecrets: [{ name: 'unbound' }] }))
  authorizer.upsert('PersistentVolume', {
    metadata: { name: 'pv' },
    spec: {
      claimRef: { namespace: 'dev', name: 'claim' },
      csi: { nodeStageSecretRef: { namespace: 'storage', name: 'stage' } },
    },
  })
  authorizer.upsert('VolumeAttachment', { metadata: { name: 'va' }, spec: { nodeName: 'n1' } })
})

function ask(verb: string, what: string, where = '', name = '', more: Partial<AuthorizationAttributes> = {}) {
  const [full = '', subresource = ''] = what.split('/')
  const dot = full.indexOf('.')
  const [resource, group] = dot < 0 ? [full, ''] : [full.slice(0, dot), full.slice(dot + 1)]
  return authorizer.authorize({
    user: { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] },
    resourceRequest: true,
    verb,
    group,
    resource,
    subresource,
    namespace: where,
    name,
    ...more,
  })
}

const onNode = { fieldSelector: 'spec.nodeName=n1' }

test.each<[boolean, string, string, string?, string?, Partial<AuthorizationAttributes>?]>([
  [true, 'get', 'secrets', 'dev', 'pull'],
  [true, 'get', 'secrets', 'dev', 'env-secret'],
  [true, 'watch', 'secrets', 'dev', 'volume-secret'],
  [true, 'list', 'secrets', 'dev', 'projected-secret'],
  [true, 'get', 'configmaps', 'dev', 'env-config'],
  [true, 'get', 'configmaps', 'dev', 'projected-config'],
  [true, 'get', 'secrets', 'storage', 'stage'],
  [false, 'get', 'secrets', 'dev', 'others'],
  [false, 'get', 'secrets', 'dev', 'unbound'],
  [false, 'get', 'secrets', 'prod', 'pull'],
  [false, 'get', 'configmaps', 'dev', 'pull'],
  [false, 'list', 'secrets', 'dev'],
  [false, 'delete', 'secrets', 'dev', 'pull'],
  [true, 'get', 'persistentvolumeclaims', 'dev', 'claim'],
  [true, 'get', 'persistentvolumeclaims', 'dev', 'mine-e'],
  [true, 'patch', 'persistentvolumeclaims/status', 'dev', 'claim'],
  [true, 'get', 'persistentvolumes', '', 'pv'],
  [false, 'get', 'persistentvolumes', '', 'other'],
  [true, 'get', 'volumeattachments.storage.k8s.io', '', 'va'],
  [true, 'get', 'resourceclaims.resource.k8s.io', 'dev', 'gpu-claim'],
  [true, 'create', 'serviceaccounts/token', 'dev', 'account-of-mine'],
  [false, 'create', 'serviceaccounts/token', 'dev', 'account-of-other'],
  [true, 'get', 'nodes', '', 'n1'],
  [true, 'list', 'nodes', '', 'n1'],
  [false, 'get', 'nodes', '', 'n2'],
  [false, 'list', 'nodes'],
  [true, 'create', 'nodes'],
  [true, 'patch', 'nodes/status', '', 'n1'],
  [false, 'delete', 'nodes', '', 'n1'],
  [true, 'list', 'pods', '', '', onNode],
  [true, 'watch', 'pods', '', '', onNode],
  [false, 'list', 'pods'],
  [false, 'list', 'pods', '', '', { fieldSelector: 'spec.nodeName=n2' }],
  [false, 'list', 'pods', '', '', { fieldSelector: 'spec.nodeName!=n1' }],
  [true, 'get', 'pods', 'dev', 'mine'],
  [false, 'get', 'pods', 'dev', 'other'],
  [true, 'patch', 'pods/status', 'dev', 'mine'],
  [true, 'delete', 'pods', 'dev', 'mine'],
  [true, 'get', 'leases.coordination.k8s.io', 'kube-node-lease', 'n1'],
  [true, 'create', 'leases.coordination.k8s.io', 'kube-node-lease'],
  [false, 'update', 'leases.coordination.k8s.io', 'kube-node-lease', 'n2'],
  [false, 'get', 'leases.coordination.k8s.io', 'kube-system', 'n1'],
  [true, 'get', 'csinodes.storage.k8s.io', '', 'n1'],
  [false, 'get', 'csinodes.storage.k8s.io', '', 'n2'],
  [true, 'list', 'services', ''],
  [true, 'create', 'events', 'dev'],
  [true, 'create', 'tokenreviews.authentication.k8s.io'],
  [true, 'list', 'runtimeclasses.node.k8s.io'],
  [false, 'list', 'deployments.apps', 'dev'],
])('%s: the kubelet of n1 may %s %s in %j named %j %o', (allowed, verb, what, where, name, more) => {
  expect(ask(verb, what, where, name, more).allowed).toBe(allowed)
})

describe('reasons', () => {
  test.each([
    ["no relationship found between node 'n1' and this object", () => ask('get', 'secrets', 'dev', 'others')],
    ["node 'n1' cannot read all nodes, only its own Node object", () => ask('list', 'nodes')],
    ["node 'n1' cannot read 'n2', only its own Node object", () => ask('get', 'nodes', '', 'n2')],
    ['can only list/watch pods with spec.nodeName field selector', () => ask('list', 'pods')],
    [
      'can only access leases in the "kube-node-lease" system namespace',
      () => ask('get', 'leases.coordination.k8s.io', 'x', 'n1'),
    ],
    [
      'unknown node for user "system:node:"',
      () => ask('list', 'pods', '', '', { user: { name: 'system:node:', groups: ['system:nodes'] } }),
    ],
    ['', () => ask('list', 'services', '', '', { user: { name: 'alice', groups: [] } })],
    ['', () => ask('list', 'services', '', '', { user: { name: 'system:node:n1', groups: [] } })],
  ])('%s', (reason, decide) => {
    expect(decide()).toEqual({ allowed: false, reason })
  })
})

describe('changes', () => {
  test('a pod that goes takes its references along', () => {
    authorizer.remove('Pod', 'dev/mine')
    expect(ask('get', 'secrets', 'dev', 'pull').allowed).toBe(false)
    expect(ask('get', 'secrets', 'storage', 'stage').allowed).toBe(false)
  })

  test('an object that two pods refer to stays reachable when one goes', () => {
    authorizer.upsert('Pod', pod('second', 'n1', { imagePullSecrets: [{ name: 'pull' }] }))
    authorizer.remove('Pod', 'dev/mine')
    expect(ask('get', 'secrets', 'dev', 'pull').allowed).toBe(true)
  })

  test('a pod that is bound brings its references', () => {
    authorizer.upsert('Pod', pod('unbound', 'n1', { imagePullSecrets: [{ name: 'unbound' }] }))
    expect(ask('get', 'secrets', 'dev', 'unbound').allowed).toBe(true)
  })

  test('an ephemeral container brings its own', () => {
    authorizer.upsert('Pod', pod('other', 'n1'))
    authorizer.upsert(
      'Pod',
      pod('other', 'n1', { ephemeralContainers: [{ name: 'debug', envFrom: [{ secretRef: { name: 'late' } }] }] }),
    )
    expect(ask('get', 'secrets', 'dev', 'late').allowed).toBe(true)
  })

  test('a volume without a claim leads nowhere', () => {
    authorizer.upsert('PersistentVolume', { metadata: { name: 'pv' }, spec: {} })
    expect(ask('get', 'persistentvolumes', '', 'pv').allowed).toBe(false)
  })
})

describe('a kubelet does not get what pods refer to that are not truly its', () => {
  const secret = { imagePullSecrets: [{ name: 'claimed' }] }
  test.each<[string, KubeObject, boolean]>([
    ['a pod that is bound to it', pod('p', 'n1', secret), true],
    ['a pod that is bound to nobody yet', pod('p', '', secret), false],
    ['a pod of another node', pod('p', 'n2', secret), false],
    [
      'a mirror of a static pod, which a kubelet makes as it likes',
      {
        ...pod('p', 'n1', secret),
        metadata: {
          namespace: 'dev',
          name: 'p',
          uid: 'u',
          annotations: { 'kubernetes.io/config.mirror': 'x' },
        },
      },
      false,
    ],
    ['one that only says so in its status', { ...pod('p', '', secret), status: { nominatedNodeName: 'n1' } }, false],
  ])('%s', (_name, object, allowed) => {
    authorizer.upsert('Pod', object)
    expect(ask('get', 'secrets', 'dev', 'claimed').allowed).toBe(allowed)
    authorizer.remove('Pod', 'dev/p')
    expect(ask('get', 'secrets', 'dev', 'claimed').allowed).toBe(false)
  })
})
