// Patches of all kinds, server-side apply with its managers, and the subresources that change objects.

import type { Asked } from '../connection.ts'
import { type Case, json, type Step, type Subject } from '../subject.ts'
import { prepareNamespace } from './validation.ts'

const namespace = 'changes'
const maps = `/api/v1/namespaces/${namespace}/configmaps`
const pods = `/api/v1/namespaces/${namespace}/pods`
const services = `/api/v1/namespaces/${namespace}/services`
const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`

const json_ = { 'content-type': 'application/json-patch+json' }
const merge = { 'content-type': 'application/merge-patch+json' }
const strategic = { 'content-type': 'application/strategic-merge-patch+json' }

/** Strategic merge patches of a deployment whose fields hold something else than they should, and their directives, too. */
function* misfits(): Iterable<readonly [what: string, patch: object]> {
  const within = {
    spec: (inner: object) => inner,
    template: (inner: object) => ({ spec: { template: inner } }),
    pod: (inner: object) => ({ spec: { template: { spec: inner } } }),
    container: (inner: object) => ({ spec: { template: { spec: { containers: [{ name: 'c', ...inner }] } } } }),
  }
  const values = [{}, { a: 1 }, [], ['x'], [[]], [{}], [{ a: 1 }], [1, 'x'], [null], 'x', 5, 1.5, true, null]
  const fields: readonly (readonly [keyof typeof within, string])[] = [
    ['spec', 'metadata'],
    ['spec', 'spec'],
    ['spec', 'status'],
    ['spec', 'unknown'],
    ['template', 'metadata'],
    ['template', 'spec'],
    ['pod', 'containers'],
    ['pod', 'volumes'],
    ['pod', 'tolerations'],
    ['pod', 'nodeSelector'],
    ['pod', 'securityContext'],
    ['pod', 'restartPolicy'],
    ['pod', 'terminationGracePeriodSeconds'],
    ['pod', 'hostAliases'],
    ['pod', 'unknown'],
    ['container', 'env'],
    ['container', 'ports'],
    ['container', 'command'],
    ['container', 'resources'],
    ['container', 'image'],
    ['container', 'unknown'],
  ]
  for (const [where, field] of fields)
    for (const value of values) {
      const patch = within[where]({ [field]: value })
      yield [JSON.stringify(patch), patch]
    }
  for (const [where, field] of fields)
    for (const directive of ['$setElementOrder/', '$deleteFromPrimitiveList/'])
      for (const value of [[], ['x'], [{ name: 'c' }], [{}], [1], {}, 'x', null]) {
        const patch = within[where]({ [`${directive}${field}`]: value })
        yield [JSON.stringify(patch), patch]
      }
  for (const where of ['spec', 'template', 'pod', 'container'] as const)
    for (const [directive, value] of [
      ...['replace', 'delete', 'merge', 'bogus', '', 5, null, {}, ['replace']].map(of => ['$patch', of] as const),
      ...[['spec'], [], ['bogus'], [5], 'x', 5, null, {}].map(of => ['$retainKeys', of] as const),
    ]) {
      const patch = within[where]({ [directive]: value })
      yield [JSON.stringify(patch), patch]
    }
}
const apply = { 'content-type': 'application/apply-patch+yaml' }

const template = (more: object = {}) => ({
  metadata: { labels: { app: 'web' } },
  spec: {
    containers: [
      { name: 'c', image: 'i', ports: [{ containerPort: 80 }], env: [{ name: 'A', value: '1' }] },
      { name: 'd', image: 'j' },
    ],
    ...more,
  },
})
const deployment = (name: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels: { app: 'web' }, annotations: { a: '1' }, finalizers: ['example.com/f'] },
  spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: template() },
})

const setup: readonly Asked[] = [
  ...prepareNamespace(namespace),
  { method: 'POST', path: maps, body: { metadata: { name: 'one', labels: { a: 'b' } }, data: { a: '1', b: '2' } } },
  { method: 'POST', path: deployments, body: deployment('web') },
  {
    method: 'POST',
    path: services,
    body: {
      metadata: { name: 'web' },
      spec: {
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 81 },
        ],
        selector: { app: 'web' },
      },
    },
  },
  { method: 'POST', path: pods, body: { metadata: { name: 'pod' }, spec: template().spec } },
  { method: 'POST', path: pods, body: { metadata: { name: 'bound' }, spec: { ...template().spec, nodeName: 'n' } } },
  {
    method: 'POST',
    path: `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`,
    body: { metadata: { name: 'pdb' }, spec: { minAvailable: 1, selector: { matchLabels: { none: 'x' } } } },
  },
]

const patchOf =
  (path: string, headers: Record<string, string>, query = 'dryRun=All') =>
  (body: unknown): Asked => ({
    method: 'PATCH',
    path: `${path}?${query}`,
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

const patches: Subject = {
  name: 'changes: patches',
  setup,
  *cases() {
    const list: [string, Asked][] = []
    const onMap = patchOf(`${maps}/one`, json_)
    const onDeployment = patchOf(`${deployments}/web`, json_)
    for (const body of [
      [],
      {},
      'nonsense',
      null,
      [{ op: 'add', path: '/data/c', value: '3' }],
      [{ op: 'add', path: '/data/c' }],
      [{ op: 'add', path: '/data/c', value: 3 }],
      [{ op: 'add', path: '/data/c', value: null }],
      [{ op: 'add', path: '/missing/c', value: '3' }],
      [{ op: 'add', path: 'data/c', value: '3' }],
      [{ op: 'add', path: '', value: {} }],
      [{ op: 'add', value: '3' }],
      [{ op: 'remove', path: '/data/a' }],
      [{ op: 'remove', path: '/data/missing' }],
      [{ op: 'remove', path: '/missing/missing' }],
      [{ op: 'remove', path: '' }],
      [{ op: 'remove', path: '/' }],
      [{ op: 'replace', path: '/data/a', value: '9' }],
      [{ op: 'replace', path: '/data/missing', value: '9' }],
      [{ op: 'replace', path: '/data', value: {} }],
      [{ op: 'test', path: '/data/a', value: '1' }],
      [{ op: 'test', path: '/data/a', value: '2' }],
      [{ op: 'test', path: '/data/missing', value: null }],
      [{ op: 'test', path: '/data/missing', value: '1' }],
      [{ op: 'copy', from: '/data/a', path: '/data/c' }],
      [{ op: 'copy', from: '/data/missing', path: '/data/c' }],
      [{ op: 'copy', path: '/data/c' }],
      [{ op: 'move', from: '/data/a', path: '/data/c' }],
      [{ op: 'move', from: '/data/missing', path: '/data/c' }],
      [{ op: 'bogus', path: '/data/c' }],
      [{ path: '/data/c' }],
      ['a'],
      [{ op: 'add', path: '/metadata/labels/a~1b', value: 'x' }],
      [{ op: 'add', path: '/metadata/name', value: 'x' }],
      [{ op: 'replace', path: '/metadata/uid', value: 'x' }],
      [{ op: 'replace', path: '/metadata/resourceVersion', value: '1' }],
      [{ op: 'replace', path: '/kind', value: 'x' }],
      [{ op: 'replace', path: '/apiVersion', value: 'v2' }],
      [{ op: 'add', path: '/foo', value: 1 }],
      Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/data/a', value: '1' })),
    ])
      list.push([`json ${JSON.stringify(body)!.slice(0, 100)}`, onMap(body)])
    for (const body of [
      [{ op: 'add', path: '/spec/template/spec/containers/-', value: { name: 'e', image: 'k' } }],
      [{ op: 'add', path: '/spec/template/spec/containers/0', value: { name: 'e', image: 'k' } }],
      [{ op: 'add', path: '/spec/template/spec/containers/9', value: { name: 'e', image: 'k' } }],
      [{ op: 'add', path: '/spec/template/spec/containers/-1', value: { name: 'e', image: 'k' } }],
      [{ op: 'add', path: '/spec/template/spec/containers/01', value: { name: 'e', image: 'k' } }],
      [{ op: 'add', path: '/spec/template/spec/containers/x', value: { name: 'e', image: 'k' } }],
      [{ op: 'remove', path: '/spec/template/spec/containers/0' }],
      [{ op: 'remove', path: '/spec/template/spec/containers/5' }],
      [{ op: 'remove', path: '/spec/template/spec/containers/-1' }],
      [{ op: 'remove', path: '/spec/template/spec/containers/-' }],
      [{ op: 'replace', path: '/spec/replicas', value: 5 }],
      [{ op: 'replace', path: '/spec/replicas', value: '5' }],
      [{ op: 'replace', path: '/spec/replicas', value: 1.5 }],
      [{ op: 'test', path: '/spec/replicas', value: 2 }],
      [{ op: 'test', path: '/spec/replicas', value: 2.0 }],
      [{ op: 'test', path: '/spec/selector', value: { matchLabels: { app: 'web' } } }],
      [{ op: 'replace', path: '/status/replicas', value: 5 }],
      [{ op: 'add', path: '/status/replicas', value: 5 }],
      [{ op: 'replace', path: '/metadata/generation', value: 50 }],
    ])
      list.push([`json deployment ${JSON.stringify(body)}`, onDeployment(body)])
    for (const [kind, headers] of [
      ['merge', merge],
      ['strategic', strategic],
    ] as const) {
      const map = patchOf(`${maps}/one`, headers)
      const web = patchOf(`${deployments}/web`, headers)
      const service = patchOf(`${services}/web`, headers)
      for (const body of [
        {},
        [],
        null,
        'nonsense',
        '',
        '{',
        { data: { a: null } },
        { data: null },
        { data: { c: '3' } },
        { data: { c: 3 } },
        { data: [] },
        { data: 'x' },
        { foo: 1 },
        { metadata: { foo: 1 } },
        { metadata: null },
        { metadata: { labels: null } },
        { metadata: { labels: { a: null, c: 'd' } } },
        { metadata: { name: 'other' } },
        { metadata: { name: null } },
        { metadata: { namespace: 'other' } },
        { metadata: { uid: 'other' } },
        { metadata: { resourceVersion: '1' } },
        { metadata: { resourceVersion: 'abc' } },
        { metadata: { resourceVersion: null } },
        { metadata: { managedFields: [] } },
        { metadata: { managedFields: [{}] } },
        { metadata: { managedFields: null } },
        { metadata: { creationTimestamp: null } },
        { metadata: { creationTimestamp: '2020-01-01T00:00:00Z' } },
        { metadata: { deletionTimestamp: '2020-01-01T00:00:00Z' } },
        { metadata: { generation: 7 } },
        { metadata: { finalizers: ['example.com/x'] } },
        { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }] } },
        { kind: 'Pod' },
        { apiVersion: 'v2' },
        { kind: 'ConfigMap', apiVersion: 'v1' },
        { $patch: 'replace', data: { z: '1' } },
        { $patch: 'delete' },
        { $patch: 'bogus' },
        { data: { $patch: 'replace', z: '1' } },
        { data: { $patch: 'delete' } },
        { data: { $patch: 'bogus' } },
        { data: { $retainKeys: ['a'] } },
        { immutable: true },
        { immutable: 'x' },
        { binaryData: { x: '!!' } },
      ])
        list.push([`${kind} ${JSON.stringify(body)}`, map(body)])
      for (const spec of [
        { replicas: 5 },
        { replicas: null },
        { replicas: 'x' },
        { selector: null },
        { selector: { matchLabels: { b: 'c' } } },
        { strategy: { type: 'Recreate' } },
        { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
        { strategy: { $retainKeys: ['rollingUpdate'], type: 'Recreate' } },
        { template: { spec: { containers: [{ name: 'c', image: 'new' }] } } },
        { template: { spec: { containers: [{ name: 'e', image: 'new' }] } } },
        { template: { spec: { containers: [{ image: 'new' }] } } },
        { template: { spec: { containers: [{ name: 'c', $patch: 'delete' }] } } },
        { template: { spec: { containers: [{ name: 'zz', $patch: 'delete' }] } } },
        { template: { spec: { containers: [{ name: 'c', image: 'x' }, { $patch: 'replace' }] } } },
        { template: { spec: { containers: [{ $patch: 'delete' }] } } },
        { template: { spec: { containers: [] } } },
        { template: { spec: { containers: null } } },
        { template: { spec: { containers: 'x' } } },
        { template: { spec: { containers: ['x'] } } },
        { template: { spec: { '$setElementOrder/containers': [{ name: 'd' }, { name: 'c' }] } } },
        {
          template: {
            spec: {
              '$setElementOrder/containers': [{ name: 'd' }, { name: 'c' }],
              containers: [{ name: 'e', image: 'x' }],
            },
          },
        },
        {
          template: {
            spec: {
              containers: [
                {
                  name: 'c',
                  env: [
                    { name: 'A', value: '2' },
                    { name: 'B', value: '3' },
                  ],
                },
              ],
            },
          },
        },
        { template: { spec: { containers: [{ name: 'c', ports: [{ containerPort: 80, name: 'http' }] }] } } },
        { template: { spec: { containers: [{ name: 'c', ports: [{ containerPort: 81 }] }] } } },
        { template: { spec: { containers: [{ name: 'c', ports: [{ $patch: 'delete', containerPort: 80 }] }] } } },
        { template: { spec: { containers: [{ name: 'c', command: ['a'] }] } } },
        { template: { spec: { volumes: [{ name: 'v', emptyDir: {} }] } } },
        { template: { spec: { tolerations: [{ key: 'a', operator: 'Exists' }] } } },
        { template: { spec: { nodeSelector: { a: 'b' } } } },
      ])
        list.push([`${kind} deployment ${JSON.stringify(spec)}`, web({ spec })])
      for (const metadata of [
        { finalizers: null },
        { finalizers: [] },
        { finalizers: ['example.com/g'] },
        { '$deleteFromPrimitiveList/finalizers': ['example.com/f'] },
        { '$deleteFromPrimitiveList/finalizers': 'x' },
        { '$setElementOrder/finalizers': ['example.com/g', 'example.com/f'], finalizers: ['example.com/g'] },
        { annotations: { a: null, b: '2' } },
      ])
        list.push([`${kind} deployment metadata ${JSON.stringify(metadata)}`, web({ metadata })])
      for (const spec of [
        { ports: [{ port: 80, name: 'z' }] },
        { ports: [{ port: 82, name: 'c' }] },
        { ports: [{ port: 80, $patch: 'delete' }] },
        { ports: null },
        { clusterIP: null },
        { clusterIP: '10.96.0.200' },
        { type: 'NodePort' },
        { type: 'ExternalName', externalName: 'x' },
        { type: 'LoadBalancer' },
        { selector: null },
        { ipFamilyPolicy: 'RequireDualStack' },
      ])
        list.push([`${kind} service ${JSON.stringify(spec)}`, service({ spec })])
      list.push(
        [`${kind} status`, patchOf(`${deployments}/web/status`, headers)({ status: { replicas: 5 } })],
        [
          `${kind} status, spec`,
          patchOf(`${deployments}/web/status`, headers)({ spec: { replicas: 9 }, status: { observedGeneration: 1 } }),
        ],
        [
          `${kind} status, metadata`,
          patchOf(`${deployments}/web/status`, headers)({ metadata: { labels: { z: 'z' }, annotations: { z: 'z' } } }),
        ],
        [`${kind} missing`, patchOf(`${deployments}/missing`, headers)({})],
        [`${kind} scale`, patchOf(`${deployments}/web/scale`, headers)({ spec: { replicas: 4 } })],
        [`${kind} scale, bad`, patchOf(`${deployments}/web/scale`, headers)({ spec: { replicas: -4 } })],
        [`${kind} scale, text`, patchOf(`${deployments}/web/scale`, headers)({ spec: { replicas: 'x' } })],
        [`${kind} scale, old`, patchOf(`${deployments}/web/scale`, headers)({ metadata: { resourceVersion: '1' } })],
      )
      for (const validation of ['Strict', 'Warn', 'Ignore'])
        list.push([
          `${kind} ${validation}`,
          patchOf(
            `${deployments}/web`,
            headers,
            `dryRun=All&fieldValidation=${validation}`,
          )('{"spec":{"foo":1,"replicas":1,"replicas":2},"bar":1}'),
        ])
    }
    for (const [what, patch] of misfits())
      list.push([`strategic deployment ${what}`, patchOf(`${deployments}/web`, strategic)(patch)])
    for (const [name, body] of [
      ['nothing', ''],
      ['nonsense', 'nonsense'],
      ['a list', '[]'],
      ['no kind', '{"metadata":{"name":"one"}}'],
      ['no name', '{"apiVersion":"v1","kind":"ConfigMap"}'],
      ['another name', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"two"}}'],
      ['another kind', '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"one"}}'],
      ['another version', '{"apiVersion":"v2","kind":"ConfigMap","metadata":{"name":"one"}}'],
      ['another namespace', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one","namespace":"x"}}'],
      ['managed fields', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one","managedFields":[{}]}}'],
      ['managed fields []', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one","managedFields":[]}}'],
      ['a change', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"},"data":{"a":"2"}}'],
      ['an addition', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"},"data":{"c":"2"}}'],
      ['the same', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"},"data":{"a":"1"}}'],
      ['an unknown field', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"},"foo":1}'],
      ['a wrong type', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"},"data":{"a":1}}'],
      ['a wrong type of all', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"},"data":5}'],
      ['null', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"},"data":{"a":null}}'],
      ['a version', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one","resourceVersion":"1"}}'],
      ['an uid', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one","uid":"x"}}'],
      ['duplicates', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"},"data":{"a":"1","a":"2"}}'],
      ['YAML', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\ndata:\n  z: "1"\n'],
      ['YAML, twice', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\ndata:\n  z: "1"\n  z: "2"\n'],
    ] as const)
      for (const query of [
        '',
        'fieldManager=me',
        'fieldManager=me&force=true',
        'fieldManager=me&fieldValidation=Strict',
        'fieldManager=me&force=bogus',
        `fieldManager=${'m'.repeat(200)}`,
      ])
        list.push([`apply ${name} ?${query}`, patchOf(`${maps}/one`, apply, `dryRun=All&${query}`)(body)])
    for (const [name, body] of Object.entries({
      'a duplicate container': {
        template: template({
          containers: [
            { name: 'c', image: 'x' },
            { name: 'c', image: 'y' },
          ],
        }),
      },
      'a container without a name': { template: template({ containers: [{ image: 'x' }] }) },
      'a port without a protocol': {
        template: template({ containers: [{ name: 'c', image: 'x', ports: [{ containerPort: 90 }] }] }),
      },
      'duplicate ports': {
        template: template({
          containers: [{ name: 'c', image: 'x', ports: [{ containerPort: 90 }, { containerPort: 90 }] }],
        }),
      },
      replicas: { replicas: 5 },
      'a string': { replicas: 'five' },
    }))
      list.push([
        `apply deployment, ${name}`,
        patchOf(
          `${deployments}/web`,
          apply,
          'dryRun=All&fieldManager=me',
        )({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: body }),
      ])
    for (const [name, asked] of list) yield { name, ...asked } satisfies Case
  },
}

const subresources: Subject = {
  name: 'changes: subresources',
  *cases() {
    const post = (path: string, body: unknown, query = 'dryRun=All'): Asked => ({
      method: 'POST',
      path: `${path}?${query}`,
      body,
    })
    const list: [string, Asked][] = [
      ['binding', post(`${pods}/pod/binding`, { metadata: { name: 'pod' }, target: { kind: 'Node', name: 'n' } })],
      ['binding without a target', post(`${pods}/pod/binding`, { metadata: { name: 'pod' } })],
      [
        'binding to a kind',
        post(`${pods}/pod/binding`, { metadata: { name: 'pod' }, target: { kind: 'Pod', name: 'n' } }),
      ],
      ['binding of another', post(`${pods}/pod/binding`, { metadata: { name: 'x' }, target: { name: 'n' } })],
      [
        'binding, other uid',
        post(`${pods}/pod/binding`, { metadata: { name: 'pod', uid: 'x' }, target: { name: 'n' } }),
      ],
      ['binding again', post(`${pods}/bound/binding`, { metadata: { name: 'bound' }, target: { name: 'n' } })],
      ['binding of nothing', post(`${pods}/missing/binding`, { metadata: { name: 'missing' }, target: { name: 'n' } })],
      [
        'bindings',
        post(`/api/v1/namespaces/${namespace}/bindings`, { metadata: { name: 'pod' }, target: { name: 'n' } }),
      ],
      [
        'bindings of nothing',
        post(`/api/v1/namespaces/${namespace}/bindings`, { metadata: { name: 'missing' }, target: { name: 'n' } }),
      ],
      ['binding as another kind', post(`${pods}/pod/binding`, { kind: 'Pod', apiVersion: 'v1' })],
      ['eviction', post(`${pods}/bound/eviction`, { metadata: { name: 'bound' } })],
      ['eviction of another', post(`${pods}/bound/eviction`, { metadata: { name: 'x' } })],
      ['eviction without a name', post(`${pods}/bound/eviction`, {})],
      ['eviction of nothing', post(`${pods}/missing/eviction`, { metadata: { name: 'missing' } })],
      [
        'eviction in policy/v1',
        post(`${pods}/bound/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'bound' } }),
      ],
      [
        'eviction in policy/v1beta1',
        post(`${pods}/bound/eviction`, { apiVersion: 'policy/v1beta1', kind: 'Eviction', metadata: { name: 'bound' } }),
      ],
      [
        'eviction, options',
        post(`${pods}/bound/eviction`, { metadata: { name: 'bound' }, deleteOptions: { preconditions: { uid: 'x' } } }),
      ],
      [
        'eviction, bad options',
        post(`${pods}/bound/eviction`, { metadata: { name: 'bound' }, deleteOptions: { propagationPolicy: 'x' } }),
      ],
      [
        'ephemeral containers',
        {
          method: 'PATCH',
          path: `${pods}/bound/ephemeralcontainers?dryRun=All`,
          headers: strategic,
          body: { spec: { ephemeralContainers: [{ name: 'e', image: 'x' }] } },
        },
      ],
      [
        'ephemeral containers, bad',
        {
          method: 'PATCH',
          path: `${pods}/bound/ephemeralcontainers?dryRun=All`,
          headers: strategic,
          body: { spec: { ephemeralContainers: [{ name: 'c', image: '' }] } },
        },
      ],
      [
        'ephemeral containers, other fields',
        {
          method: 'PATCH',
          path: `${pods}/bound/ephemeralcontainers?dryRun=All`,
          headers: strategic,
          body: { metadata: { labels: { a: 'b' } }, spec: { nodeName: 'x' } },
        },
      ],
      [
        'resize',
        {
          method: 'PATCH',
          path: `${pods}/bound/resize?dryRun=All`,
          headers: strategic,
          body: { spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] } },
        },
      ],
      [
        'resize, bad',
        {
          method: 'PATCH',
          path: `${pods}/bound/resize?dryRun=All`,
          headers: strategic,
          body: {
            spec: {
              containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }],
            },
          },
        },
      ],
      [
        'resize, other fields',
        {
          method: 'PATCH',
          path: `${pods}/bound/resize?dryRun=All`,
          headers: strategic,
          body: { metadata: { labels: { a: 'b' } }, spec: { activeDeadlineSeconds: 5 } },
        },
      ],
      [
        'a token',
        post(
          `/api/v1/namespaces/${namespace}/serviceaccounts/default/token`,
          { spec: { expirationSeconds: 5 } },
          'x=y',
        ),
      ],
      [
        'a token for too long',
        post(
          `/api/v1/namespaces/${namespace}/serviceaccounts/default/token`,
          { spec: { expirationSeconds: 10_000_000_000 } },
          'x=y',
        ),
      ],
      ['a token of nobody', post(`/api/v1/namespaces/${namespace}/serviceaccounts/missing/token`, {}, 'x=y')],
      [
        'a token for a pod',
        post(
          `/api/v1/namespaces/${namespace}/serviceaccounts/default/token`,
          { spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'missing' } } },
          'x=y',
        ),
      ],
      [
        'a token for a kind',
        post(
          `/api/v1/namespaces/${namespace}/serviceaccounts/default/token`,
          { spec: { boundObjectRef: { kind: 'Thing', apiVersion: 'v1', name: 'x' } } },
          'x=y',
        ),
      ],
      [
        'a token for an uid',
        post(
          `/api/v1/namespaces/${namespace}/serviceaccounts/default/token`,
          { spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'bound', uid: 'x' } } },
          'x=y',
        ),
      ],
      [
        'a token with an audience',
        post(`/api/v1/namespaces/${namespace}/serviceaccounts/default/token`, { spec: { audiences: [''] } }, 'x=y'),
      ],
      [
        'a token of another name',
        post(`/api/v1/namespaces/${namespace}/serviceaccounts/default/token`, { metadata: { name: 'x' } }, 'x=y'),
      ],
      ['scale', { path: `${deployments}/web/scale` }],
      [
        'scale, put',
        {
          method: 'PUT',
          path: `${deployments}/web/scale?dryRun=All`,
          body: { metadata: { name: 'web' }, spec: { replicas: 7 } },
        },
      ],
      [
        'scale, put negative',
        {
          method: 'PUT',
          path: `${deployments}/web/scale?dryRun=All`,
          body: { metadata: { name: 'web' }, spec: { replicas: -7 } },
        },
      ],
      [
        'scale, put another kind',
        {
          method: 'PUT',
          path: `${deployments}/web/scale?dryRun=All`,
          body: { kind: 'Deployment', apiVersion: 'apps/v1', metadata: { name: 'web' } },
        },
      ],
      [
        'scale, put old',
        {
          method: 'PUT',
          path: `${deployments}/web/scale?dryRun=All`,
          body: { metadata: { name: 'web', resourceVersion: '1' } },
        },
      ],
      [
        'scale as a table',
        { path: `${deployments}/web/scale`, headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } },
      ],
      [
        'namespace finalize',
        {
          method: 'PUT',
          path: `/api/v1/namespaces/${namespace}/finalize?dryRun=All`,
          body: { metadata: { name: namespace }, spec: { finalizers: ['example.com/x'] } },
        },
      ],
      [
        'namespace finalize, bad',
        {
          method: 'PUT',
          path: `/api/v1/namespaces/${namespace}/finalize?dryRun=All`,
          body: { metadata: { name: namespace }, spec: { finalizers: ['x'] } },
        },
      ],
      ['pod log', { path: `${pods}/pod/log` }],
      ['pod log, of what', { path: `${pods}/pod/log?container=x` }],
      ['pod log, tail', { path: `${pods}/pod/log?container=c&tailLines=-1` }],
      ['pod log, since', { path: `${pods}/pod/log?container=c&sinceSeconds=0` }],
      ['pod log, both', { path: `${pods}/pod/log?container=c&sinceSeconds=1&sinceTime=2020-01-01T00:00:00Z` }],
      ['pod log, limit', { path: `${pods}/pod/log?container=c&limitBytes=0` }],
      ['pod log, stream', { path: `${pods}/pod/log?container=c&stream=Bogus` }],
      ['pod log not scheduled', { path: `${pods}/pod/log?container=c` }],
      ['pod log of nothing', { path: `${pods}/missing/log` }],
      ['pod exec', { path: `${pods}/pod/exec` }],
      ['pod exec not scheduled', { path: `${pods}/pod/exec?container=c&command=x&stdout=true` }],
      ['pod exec of what', { path: `${pods}/pod/exec?container=x&command=x&stdout=true` }],
      ['pod exec of nothing', { path: `${pods}/missing/exec?command=x` }],
      ['pod attach', { path: `${pods}/pod/attach?container=c` }],
      ['pod portforward', { path: `${pods}/pod/portforward` }],
      ['pod proxy', { path: `${pods}/pod/proxy/` }],
      ['pod proxy, bad', { path: `${pods}/bogus:x:y:z/proxy/` }],
      ['service proxy', { path: `${services}/web/proxy/` }],
      ['service proxy, port', { path: `${services}/web:zz/proxy/` }],
      ['node proxy', { path: '/api/v1/nodes/missing/proxy/' }],
    ]
    for (const [name, asked] of list) yield { name, ...asked, cutAfter: 3000 } satisfies Case
  },
}

const applied = (manager: string, body: object, query = ''): Asked => ({
  method: 'PATCH',
  path: `${maps}/applied?fieldManager=${manager}${query}`,
  headers: apply,
  body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, ...body }),
})

const managers: Subject = {
  name: 'changes: managers',
  stories: {
    'apply and apply again': [
      { name: 'creates', ...applied('a', { data: { x: '1', y: '2' } }) },
      { name: 'the same', ...applied('a', { data: { x: '1', y: '2' } }) },
      { name: 'takes away', ...applied('a', { data: { x: '1' } }) },
      { name: 'another adds', ...applied('b', { data: { z: '1' } }) },
      { name: 'another agrees', ...applied('b', { data: { x: '1', z: '1' } }) },
      { name: 'a conflict', ...applied('b', { data: { x: '9', z: '1' } }) },
      { name: 'two conflicts', ...applied('c', { data: { x: '9', z: '9' } }) },
      { name: 'forced', ...applied('c', { data: { x: '9', z: '9' } }, '&force=true') },
      {
        name: 'an update',
        method: 'PUT',
        path: `${maps}/applied?fieldManager=u`,
        body: { metadata: { name: 'applied' }, data: { x: '10', w: '1' } },
      },
      {
        name: 'a merge patch',
        method: 'PATCH',
        path: `${maps}/applied?fieldManager=m`,
        headers: merge,
        body: { metadata: { labels: { l: '1' } }, data: { x: '11' } },
      },
      {
        name: 'conflicts with all',
        ...applied('a', { metadata: { name: 'applied', labels: { l: '2' } }, data: { x: '1', w: '2' } }),
      },
      {
        name: 'kubectl',
        method: 'PATCH',
        path: `${maps}/applied?fieldManager=kubectl`,
        headers: apply,
        body: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"applied","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"}}}',
      },
      { name: 'gives all up', ...applied('c', {}) },
      { name: 'read', path: `${maps}/applied` },
      {
        name: 'managers reset',
        method: 'PATCH',
        path: `${maps}/applied`,
        headers: merge,
        body: { metadata: { managedFields: [{}] } },
      },
      { name: 'applied after that', ...applied('d', { data: { x: '12' } }) },
      { name: 'delete', method: 'DELETE', path: `${maps}/applied` },
      { name: 'with a version', ...applied('a', { metadata: { name: 'applied', resourceVersion: '5' }, data: {} }) },
      { name: 'with an uid', ...applied('a', { metadata: { name: 'applied', uid: 'x' }, data: {} }) },
    ],
    'a deployment and its status': [
      {
        name: 'applied',
        method: 'PATCH',
        path: `${deployments}/managed?fieldManager=a`,
        headers: apply,
        body: JSON.stringify(deployment('managed')),
      },
      {
        name: 'status',
        method: 'PATCH',
        path: `${deployments}/managed/status?fieldManager=s`,
        headers: merge,
        body: { status: { replicas: 1, conditions: [{ type: 'Available', status: 'True' }] } },
      },
      {
        name: 'status applied',
        method: 'PATCH',
        path: `${deployments}/managed/status?fieldManager=t`,
        headers: apply,
        body: '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"managed"},"status":{"conditions":[{"type":"Progressing","status":"True"}]}}',
      },
      {
        name: 'scaled',
        method: 'PUT',
        path: `${deployments}/managed/scale?fieldManager=u`,
        body: { metadata: { name: 'managed' }, spec: { replicas: 5 } },
      },
      {
        name: 'scale patched',
        method: 'PATCH',
        path: `${deployments}/managed/scale?fieldManager=v`,
        headers: merge,
        body: { spec: { replicas: 6 } },
      },
      {
        name: 'applied again',
        method: 'PATCH',
        path: `${deployments}/managed?fieldManager=a`,
        headers: apply,
        body: JSON.stringify(deployment('managed')),
      },
      {
        name: 'forced',
        method: 'PATCH',
        path: `${deployments}/managed?fieldManager=a&force=true`,
        headers: apply,
        body: JSON.stringify(deployment('managed')),
      },
      {
        name: 'scale applied',
        method: 'PATCH',
        path: `${deployments}/managed/scale?fieldManager=w`,
        headers: apply,
        body: '{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"managed"},"spec":{"replicas":8}}',
      },
      {
        name: 'scale applied by force',
        method: 'PATCH',
        path: `${deployments}/managed/scale?fieldManager=w&force=true`,
        headers: apply,
        body: '{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"managed"},"spec":{"replicas":8}}',
      },
      {
        name: 'strategic',
        method: 'PATCH',
        path: `${deployments}/managed?fieldManager=x`,
        headers: strategic,
        body: {
          spec: {
            template: {
              spec: {
                containers: [
                  {
                    name: 'c',
                    env: [
                      { name: 'A', value: '2' },
                      { name: 'B', value: '1' },
                    ],
                  },
                ],
              },
            },
          },
        },
      },
      {
        name: 'json',
        method: 'PATCH',
        path: `${deployments}/managed?fieldManager=y`,
        headers: json_,
        body: JSON.stringify([{ op: 'remove', path: '/spec/template/spec/containers/1' }]),
      },
      {
        name: 'applied with fewer containers',
        method: 'PATCH',
        path: `${deployments}/managed?fieldManager=a&force=true`,
        headers: apply,
        body: JSON.stringify({
          ...deployment('managed'),
          spec: {
            selector: { matchLabels: { app: 'web' } },
            template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'z' }] } },
          },
        }),
      },
      { name: 'read', path: `${deployments}/managed` },
      { name: 'deleted', method: 'DELETE', path: `${deployments}/managed` },
      { name: 'still there', path: `${deployments}/managed` },
      {
        name: 'changed while it goes',
        method: 'PATCH',
        path: `${deployments}/managed`,
        headers: merge,
        body: { metadata: { finalizers: ['example.com/f', 'example.com/new'] } },
      },
      {
        name: 'let go of',
        method: 'PATCH',
        path: `${deployments}/managed`,
        headers: merge,
        body: { metadata: { finalizers: null } },
      },
      { name: 'gone', path: `${deployments}/managed` },
    ],
    'a service': [
      {
        name: 'applied',
        method: 'PATCH',
        path: `${services}/applied?fieldManager=a`,
        headers: apply,
        body: '{"apiVersion":"v1","kind":"Service","metadata":{"name":"applied"},"spec":{"ports":[{"port":80}],"selector":{"a":"b"}}}',
      },
      {
        name: 'another port',
        method: 'PATCH',
        path: `${services}/applied?fieldManager=b`,
        headers: apply,
        body: '{"apiVersion":"v1","kind":"Service","metadata":{"name":"applied"},"spec":{"ports":[{"name":"x","port":80,"protocol":"UDP"}]}}',
      },
      {
        name: 'names',
        method: 'PATCH',
        path: `${services}/applied?fieldManager=a`,
        headers: apply,
        body: '{"apiVersion":"v1","kind":"Service","metadata":{"name":"applied"},"spec":{"ports":[{"port":80,"name":"y"}],"selector":{"a":"b"}}}',
      },
      {
        name: 'to a node port',
        method: 'PATCH',
        path: `${services}/applied?fieldManager=a`,
        headers: merge,
        body: { spec: { type: 'NodePort' } },
      },
      {
        name: 'and back',
        method: 'PATCH',
        path: `${services}/applied?fieldManager=a`,
        headers: merge,
        body: { spec: { type: 'ClusterIP' } },
      },
      {
        name: 'to an external name',
        method: 'PATCH',
        path: `${services}/applied?fieldManager=a`,
        headers: merge,
        body: { spec: { type: 'ExternalName', externalName: 'a.b' } },
      },
      { name: 'deleted', method: 'DELETE', path: `${services}/applied` },
    ],
    'a namespace': [
      { name: 'create', method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'going' } } },
      { name: 'fill', method: 'POST', path: '/api/v1/namespaces/going/configmaps', body: { metadata: { name: 'x' } } },
      { name: 'delete', method: 'DELETE', path: '/api/v1/namespaces/going' },
      { name: 'delete again', method: 'DELETE', path: '/api/v1/namespaces/going' },
      {
        name: 'fill more',
        method: 'POST',
        path: '/api/v1/namespaces/going/configmaps',
        body: { metadata: { name: 'y' } },
      },
      { name: 'read', path: '/api/v1/namespaces/going' },
      finalize(),
      { name: 'gone', path: '/api/v1/namespaces/going' },
    ],
    'a pod': [
      {
        name: 'create',
        method: 'POST',
        path: pods,
        body: { metadata: { name: 'going' }, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] } },
      },
      { name: 'delete', method: 'DELETE', path: `${pods}/going` },
      { name: 'delete again, longer', method: 'DELETE', path: `${pods}/going?gracePeriodSeconds=100` },
      { name: 'delete again, shorter', method: 'DELETE', path: `${pods}/going?gracePeriodSeconds=5` },
      {
        name: 'change',
        method: 'PATCH',
        path: `${pods}/going`,
        headers: merge,
        body: { metadata: { labels: { a: 'b' } } },
      },
      { name: 'delete now', method: 'DELETE', path: `${pods}/going?gracePeriodSeconds=0` },
      { name: 'gone', path: `${pods}/going` },
      {
        name: 'create again',
        method: 'POST',
        path: pods,
        body: { metadata: { name: 'going', generateName: 'x-' }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
      {
        name: 'taken',
        method: 'POST',
        path: pods,
        body: { metadata: { name: 'going' }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
      {
        name: 'taken, generated',
        method: 'POST',
        path: pods,
        body: { metadata: { name: 'going', generateName: 'go' }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
      {
        name: 'an image',
        method: 'PATCH',
        path: `${pods}/going`,
        headers: strategic,
        body: { spec: { containers: [{ name: 'c', image: 'j' }] } },
      },
      {
        name: 'a command',
        method: 'PATCH',
        path: `${pods}/going`,
        headers: strategic,
        body: { spec: { containers: [{ name: 'c', command: ['x'] }] } },
      },
      {
        name: 'bind',
        method: 'POST',
        path: `${pods}/going/binding`,
        body: { metadata: { name: 'going', annotations: { x: 'y' } }, target: { name: 'n' } },
      },
      { name: 'bound', path: `${pods}/going` },
      {
        name: 'status',
        method: 'PATCH',
        path: `${pods}/going/status`,
        headers: strategic,
        body: {
          status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }], podIPs: [{ ip: '1.2.3.4' }] },
        },
      },
      { name: 'evict', method: 'POST', path: `${pods}/going/eviction`, body: { metadata: { name: 'going' } } },
      { name: 'evicted', path: `${pods}/going` },
    ],
  },
}

function finalize(): Step {
  return {
    name: 'finalize',
    ask: answers => ({
      method: 'PUT',
      path: '/api/v1/namespaces/going/finalize',
      body: { ...json(answers[5]), spec: { finalizers: [] } },
    }),
  }
}

export const changes: readonly Subject[] = [patches, subresources, managers]
