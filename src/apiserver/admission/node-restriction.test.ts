import { expect, test } from 'vitest'
import type { KubeObject, ResourceDeclaration } from '../../api/resource.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import type { AdmissionAttributes, AdmissionOperation } from './admission.ts'
import { nodeRestriction } from './node-restriction.ts'

const objects: Record<string, KubeObject> = {
  'pods dev/mine': {
    metadata: { name: 'mine', namespace: 'dev', uid: 'uid-of-mine' },
    spec: {
      nodeName: 'n1',
      volumes: [
        {
          name: 'api',
          projected: { sources: [{ serviceAccountToken: { path: 't' } }, { configMap: { name: 'ca' } }] },
        },
        { name: 'vault', projected: { sources: [{ serviceAccountToken: { path: 't', audience: 'vault' } }] } },
        { name: 'inline', csi: { driver: 'inline.csi' } },
        { name: 'claimed', persistentVolumeClaim: { claimName: 'claim' } },
        { name: 'own', ephemeral: { volumeClaimTemplate: { spec: {} } } },
        { name: 'disk', gcePersistentDisk: { pdName: 'd' } },
      ],
    },
  },
  'pods dev/broken': {
    metadata: { name: 'broken', namespace: 'dev', uid: 'uid-of-broken' },
    spec: { nodeName: 'n1', volumes: [{ name: 'c', persistentVolumeClaim: { claimName: 'gone' } }] },
  },
  'persistentvolumeclaims dev/claim': { metadata: { name: 'claim' }, spec: { volumeName: 'pv1' } },
  'persistentvolumeclaims dev/mine-own': { metadata: { name: 'mine-own' }, spec: { volumeName: 'pv2' } },
  'persistentvolumes /pv1': { metadata: { name: 'pv1' }, spec: { csi: { driver: 'claimed.csi' } } },
  'persistentvolumes /pv2': { metadata: { name: 'pv2' }, spec: { awsElasticBlockStore: { volumeID: 'v' } } },
  ...Object.fromEntries(
    [
      ['inline.csi', 'for-inline'],
      ['claimed.csi', 'for-claimed'],
      ['ebs.csi.aws.com', 'for-own'],
      ['pd.csi.storage.gke.io', 'for-disk'],
    ].map(([name, audience]) => [
      `csidrivers.storage.k8s.io /${name}`,
      { metadata: { name }, spec: { tokenRequests: [{ audience }] } },
    ]),
  ),
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
  /** Audiences that the authorizer lets the node ask for. */
  readonly audiences?: readonly string[]
}

function refusalOf({ operation, what, user, audiences = [], ...rest }: Case): string | undefined {
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
  const authorizer: Authorizer = {
    authorize: ({ verb, resource = '', namespace, name }) => ({
      allowed:
        verb === 'request-serviceaccounts-token-audience' &&
        namespace === 'dev' &&
        name === 'sa' &&
        audiences.includes(resource),
      reason: '',
    }),
  }
  try {
    nodeRestriction(authorizer).admit!(attributes)
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
const projecting = (source: object) => ({ volumes: [{ name: 'v', projected: { sources: [source] } }] })
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
const slice = (nodeName: string): KubeObject => ({ metadata: { name: 's' }, spec: { nodeName } })
const node = (labels: object = {}, spec: object = {}): KubeObject => ({
  metadata: { name: 'n1', labels } as never,
  spec,
})
const running = (labels: object = {}): KubeObject => ({
  metadata: { name: 'mine', labels } as never,
  spec: { nodeName: 'n1' },
})
const token = (boundObjectRef?: object, audiences?: string[], more?: Partial<Case>): Case =>
  create('serviceaccounts/token', { metadata: { name: 'sa' }, spec: { boundObjectRef, audiences } }, more)
/** Made with openssl, for these common names. */
const requests: Record<string, string> = {
  'system:node:n1': `-----BEGIN CERTIFICATE REQUEST-----
MIGvMGMCAQAwMDEVMBMGA1UECgwMc3lzdGVtOm5vZGVzMRcwFQYDVQQDDA5zeXN0
ZW06bm9kZTpuMTAqMAUGAytlcAMhAFfyR2ES0u7hHHZRXrQMCrW222XFZmqxp5rn
KUWw+BuxoAAwBQYDK2VwA0EAFmH363CxRCzIlFC0ixa13gWPLwxhtjtF1Q6UIBML
OS6EsqvtxRi+MMxjmx3JgF7OB1+6pkoj7EBl0ZJiuP9HDw==
-----END CERTIFICATE REQUEST-----
`,
  'system:node:n2': `-----BEGIN CERTIFICATE REQUEST-----
MIGvMGMCAQAwMDEVMBMGA1UECgwMc3lzdGVtOm5vZGVzMRcwFQYDVQQDDA5zeXN0
ZW06bm9kZTpuMjAqMAUGAytlcAMhANyD/kqe0iCV3HnyRqE/knUPdVTEBvnXKECH
DhccXgIeoAAwBQYDK2VwA0EAye9EVTICXDSkzGtx6ywE1TRp/K3lOWKNA2c3orm3
QTmvAvSVW8hJV5/3UNleMR+NW7HYZQrGI/FFQ9cGrEzHDg==
-----END CERTIFICATE REQUEST-----
`,
}
const mine = { apiVersion: 'v1', kind: 'Pod', name: 'mine', uid: 'uid-of-mine' }
const request = (commonName: string, signerName: string): Case =>
  create('certificatesigningrequests.certificates.k8s.io', {
    metadata: { name: 'csr' },
    spec: { signerName, request: Buffer.from(requests[commonName]!).toString('base64') },
  })
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
  ['a token for a pod of its own', token(mine)],
  ['one for an audience that the pod names', token(mine, ['vault'])],
  ['one for the CSI driver of a volume', token(mine, ['for-inline'])],
  ['one for the CSI driver of a claim', token(mine, ['for-claimed'])],
  ['one for the CSI driver of a claim of its own, once built in', token(mine, ['for-own'])],
  ['one for the CSI driver of a volume, once built in', token(mine, ['for-disk'])],
  ['one for an audience that it may ask for', token(mine, ['other'], { audiences: ['other'] })],
  ['another write of its slice', update('resourceslices.resource.k8s.io', slice('n1'), slice('n2'))],
  ['a request for its own certificate', request('system:node:n1', 'kubernetes.io/kubelet-serving')],
  ['a request of another signer', request('system:node:n2', 'example.com/other')],
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
  ...(
    [
      ['serviceaccounts', { serviceAccountName: 'default' }],
      ['secrets', { imagePullSecrets: [{ name: 's' }] }],
      ['secrets', { volumes: [{ name: 'v', secret: { secretName: 's' } }] }],
      ['configmaps', { containers: [{ name: 'c', envFrom: [{ configMapRef: { name: 's' } }] }] }],
      ['resourceclaims', { resourceClaims: [{ name: 'r', resourceClaimName: 's' }] }],
      ['csidrivers (via CSI volumes)', { volumes: [{ name: 'v', csi: { driver: 'd' } }] }],
      ['endpoints (via glusterFS volumes)', { volumes: [{ name: 'v', glusterfs: { endpoints: 'e', path: 'p' } }] }],
      ['persistentvolumeclaims', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 's' } }] }],
      ['persistentvolumeclaims (via ephemeral volumes)', { volumes: [{ name: 'v', ephemeral: {} }] }],
      ['serviceaccounts (via projected volumes)', projecting({ serviceAccountToken: { path: 't' } })],
      ['clustertrustbundles', projecting({ clusterTrustBundle: { path: 't' } })],
      ['podcertificates', projecting({ podCertificate: { keyType: 'RSA3072' } })],
      ['unknown source for projected volume "v"', projecting({})],
    ] as const
  ).map(([what, spec]): [string, Case] => [
    `node "n1" can not create pods that reference ${what}`,
    create('pods', mirror({ spec })),
  ]),
  [
    'node "n1" can only delete pods with spec.nodeName set to itself',
    { operation: 'DELETE', what: 'pods', name: 'other' },
  ],
  ['pod "gone" not found', { operation: 'DELETE', what: 'pods', name: 'gone' }],
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
    [
      'node "n1" is not allowed to update fields other than status.quantity and status.conditions: @@ -1,7 +1,7 @@',
      ' {',
      '  "name": "c",',
      '  "labels": {',
      '-  "a": "b"',
      '+  "a": "c"',
      '  },',
      '  "Spec": {',
      '   "AccessModes": null,',
      '',
    ].join('\n'),
    update('persistentvolumeclaims/status', claim({}, { a: 'b' }), claim({}, { a: 'c' })),
  ],
  [
    'can only create ResourceSlice with the same NodeName as the requesting node',
    create('resourceslices.resource.k8s.io', slice('n2')),
  ],
  [
    'can only delete ResourceSlice with the same NodeName as the requesting node',
    { operation: 'DELETE', what: 'resourceslices.resource.k8s.io', name: 's', oldObject: slice('n2') },
  ],
  [
    'node "n1" cannot update extended resource claim status',
    update('pods/status', running(), {
      ...running(),
      status: { extendedResourceClaimStatus: { resourceClaimName: 'c', requestMappings: [] } },
    }),
  ],
  ['node may only request 0 or 1 audiences', token(mine, ['vault', 'other'])],
  [
    'audience "other" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience',
    token(mine, ['other']),
  ],
  [
    'error validating audience "other": persistentvolumeclaim "gone" not found',
    token({ ...mine, name: 'broken', uid: 'uid-of-broken' }, ['other'], { audiences: ['other'] }),
  ],
  [
    'can only create a node CSR with CN=system:node:n1',
    request('system:node:n2', 'kubernetes.io/kube-apiserver-client-kubelet'),
  ],
  [
    'unable to parse csr: PEM block type must be CERTIFICATE REQUEST',
    create('certificatesigningrequests.certificates.k8s.io', {
      metadata: { name: 'csr' },
      spec: { signerName: 'kubernetes.io/kubelet-serving', request: '' },
    }),
  ],
  [
    'PodCertificateRequest feature gate is disabled',
    create('podcertificaterequests.certificates.k8s.io', { metadata: { name: 'p' } }),
  ],
])('%s', (message, request) => {
  expect(refusalOf(request)).toBe(message)
})
