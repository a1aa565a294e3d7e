// The path of a request: bodies, media types, queries, methods, names, options; what is refused, and how.

import type { Asked } from '../connection.ts'
import { type Case, json, type Step, type Subject } from '../subject.ts'
import { prepareNamespace } from './validation.ts'

const namespace = 'requests'
const maps = `/api/v1/namespaces/${namespace}/configmaps`
const pods = `/api/v1/namespaces/${namespace}/pods`
const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`

const map = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { a: '1' },
  ...more,
})
const created = (path: string, body: object): Asked => ({ method: 'POST', path, body })
const yaml = { 'content-type': 'application/yaml' }
const protobuf = { 'content-type': 'application/vnd.kubernetes.protobuf' }

function* cases(list: Iterable<readonly [name: string, asked: Asked]>): Iterable<Case> {
  for (const [name, asked] of list) yield { name, ...asked }
}

const setup: readonly Asked[] = [
  ...prepareNamespace(namespace),
  ...['one', 'two', 'three', 'four', 'five'].map(name => created(maps, map(name))),
  created(pods, {
    metadata: { name: 'pod', labels: { app: 'web' } },
    spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
  }),
  created(deployments, {
    metadata: { name: 'web' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  }),
]

const bodies: Subject = {
  name: 'requests: bodies',
  setup,
  *cases() {
    const post = (body: unknown, headers?: Record<string, string>, query = '?dryRun=All'): Asked => ({
      method: 'POST',
      path: `${maps}${query}`,
      body,
      headers,
    })
    const broken = [
      '',
      ' ',
      '{',
      '}',
      '[]',
      '[1]',
      'null',
      'true',
      '1',
      '"text"',
      '{"a":}',
      '{"a":1',
      '{"a":1,}',
      '{"a" 1}',
      "{'a':1}",
      '{"a":1}{"b":2}',
      '{"a":1} x',
      'nonsense',
      'a: b: c',
      '{"kind":1}',
      '{"kind":"ConfigMap","apiVersion":1}',
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":"x"}',
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":[]}',
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":1}}',
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"labels":{"a":1}}}',
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x"},"data":{"a":1}}',
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x"},"data":[]}',
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x"},"binaryData":{"a":"!"}}',
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x","creationTimestamp":"yesterday"}}',
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x","creationTimestamp":5}}',
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x","creationTimestamp":"2020-01-01T00:00:00Z"}}',
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x","creationTimestamp":"2020-01-01T00:00:00+02:00"}}',
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x","creationTimestamp":"2020-01-01"}}',
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x","generation":1.5}}',
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x","generation":"1"}}',
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"\\ud800"}}',
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x"},"data":{"a":"\u0001"}}',
      '{"kind":"configmap","apiVersion":"v1","metadata":{"name":"x"}}',
      '{"Kind":"ConfigMap","ApiVersion":"v1","Metadata":{"name":"x"}}',
      '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x"}}',
      '{"kind":"ConfigMapList","apiVersion":"v1","items":[]}',
      '{"kind":"ConfigMap","apiVersion":"apps/v1","metadata":{"name":"x"}}',
      '{"kind":"ConfigMap","apiVersion":"v2","metadata":{"name":"x"}}',
      '{"kind":"ConfigMap","apiVersion":"a/b/c","metadata":{"name":"x"}}',
      '{"kind":"ConfigMap","metadata":{"name":"x"}}',
      '{"apiVersion":"v1","metadata":{"name":"x"}}',
      '{"metadata":{"name":"x"}}',
      '{"kind":"Thing","apiVersion":"example.com/v1","metadata":{"name":"x"}}',
      '{"kind":"Status","apiVersion":"v1"}',
      '{"kind":"DeleteOptions","apiVersion":"v1"}',
    ]
    for (const body of broken) {
      yield { name: `JSON ${body}`, ...post(body) }
      yield { name: `JSON ${body} as YAML`, ...post(body, yaml) }
      yield { name: `JSON ${body} as protobuf`, ...post(body, protobuf) }
    }
    for (const validation of ['Strict', 'Warn', 'Ignore', 'strict', '', 'Bogus'])
      for (const [what, body] of [
        ['unknown fields', '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x","foo":1},"bar":2}'],
        [
          'duplicate fields',
          '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x","name":"x"},"data":{"a":"1","a":"2"}}',
        ],
        ['both', '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x","name":"x","foo":1},"bar":2,"bar":3}'],
        ['other case', '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"Name":"x","name":"x"},"Data":{"a":"1"}}'],
        ['unknown and wrong', '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x","foo":1},"data":{"a":1}}'],
      ] as const) {
        const query = `?dryRun=All&fieldValidation=${validation}`
        yield { name: `${what}, ${validation}`, ...post(body, undefined, query) }
        yield { name: `${what}, ${validation}, as YAML`, ...post(body, yaml, query) }
      }
    for (const validation of ['Strict', 'Warn', 'Ignore'])
      for (const text of [
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\nfoo: 1\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\n  name: y\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\ndata:\n  a: 1\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\ndata:\n  a: yes\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\ndata: &a\n  a: "1"\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n\tname: x\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata: {name: x\n',
        'kind: ConfigMap\n---\nkind: ConfigMap\n',
        '---\nkind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\n...\n',
        '- a\n- b\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\n  creationTimestamp: 2020-01-01T00:00:00Z\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\n? [a]\n: b\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\n  generation: 1.0\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: 0x10\n',
        // What goes wrong most often.
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\n   labels:\n    a: b\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\n labels:\n    a: b\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\ndata:\n  a: b: c\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\ndata:\n  a\n  b: c\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\ndata:\n  a: "b\n',
        "kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\ndata:\n  a: 'it's'\n",
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\ndata:\n  a: {{ .Values.a }}\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\ndata:\n  {{- if .a }}\n  b: c\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\ndata:\n  a: @b\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\ndata:\n  a: *b\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\ndata:\n  a: [b, c\n  d: e\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\ndata:\n  a: - b\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\n  finalizers:\n  - a\n   - b\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\ndata:\n  a: "\\q"\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\n<<<<<<< HEAD\ndata: {}\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\n---\n}\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\n...\n}\n',
        'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\ndata:\n  a: |\n    b\n   c\n',
      ])
        yield { name: `YAML ${text}, ${validation}`, ...post(text, yaml, `?dryRun=All&fieldValidation=${validation}`) }
    for (const type of [
      'text/plain',
      'application/xml',
      'application/json; charset=utf-8',
      'application/json;',
      'APPLICATION/JSON',
      'application/*',
      '*/*',
      'application/json-patch+json',
      'application/apply-patch+yaml',
      'application/x-www-form-urlencoded',
      'application/cbor',
      'nonsense',
      'application/yaml; charset=utf-8',
      'text/yaml',
      '',
    ])
      yield { name: `Content-Type ${type}`, ...post(map('x'), { 'content-type': type }) }
    for (const accept of [
      'text/plain',
      'text/html',
      'application/xml',
      'application/*',
      '*/*',
      '',
      'application/yaml',
      'application/json;q=0.5,application/yaml',
      'application/json;as=Table;v=v1;g=meta.k8s.io',
      'application/json;as=Table;v=v1beta1;g=meta.k8s.io',
      'application/json;as=Table;v=v2;g=meta.k8s.io',
      'application/json;as=Table;v=v1;g=other',
      'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
      'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
      'application/json;as=Bogus;v=v1;g=meta.k8s.io',
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
      'application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io',
      'application/json;pretty=1',
      'application/json;stream=watch',
      'application/cbor',
      'application/json;profile=nonsense',
      'nonsense',
    ])
      for (const path of [maps, `${maps}/one`, '/api', '/version'])
        yield { name: `Accept ${accept} of ${path}`, path, headers: { accept } }
  },
}

const queries: Subject = {
  name: 'requests: queries',
  *cases() {
    const list: string[] = []
    for (const value of ['', '0', '1', '-1', 'abc', '1.5', '99999999999999999999', '1 '])
      list.push(`limit=${value}`, `timeoutSeconds=${value}`, `timeout=${value}`)
    for (const value of ['true', 'false', '1', '0', 'yes', '', 'TRUE', 't'])
      list.push(`pretty=${value}`, `allowWatchBookmarks=${value}`)
    for (const value of ['abc', 'eyJ9', 'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJ4In0', '%'])
      list.push(`continue=${encodeURIComponent(value)}`, `limit=1&continue=${encodeURIComponent(value)}`)
    // An old or a wrong one: a future one makes the server wait.
    for (const version of ['', '0', '1', 'abc', '-1', '1.5', '18446744073709551616', '00'])
      for (const match of [undefined, 'Exact', 'NotOlderThan', 'Bogus', ''])
        for (const more of ['', '&limit=1', '&continue=abc'])
          if (version !== '1' || match !== 'Exact')
            list.push(`resourceVersion=${version}${match === undefined ? '' : `&resourceVersionMatch=${match}`}${more}`)
    for (const match of ['Exact', 'NotOlderThan', 'Bogus']) list.push(`resourceVersionMatch=${match}`)
    for (const selector of [
      'a',
      '!a',
      'a=b',
      'a==b',
      'a!=b',
      'a in (b,c)',
      'a notin (b)',
      'a in ()',
      'a in b',
      'a in (b',
      '=b',
      ',',
      'a,',
      ',a',
      'a b',
      'a=b c',
      'a>1',
      'a<1',
      'a>b',
      'a>=1',
      '(',
      '!',
      '!!a',
      'Not Valid!=b',
      'a=Not Valid!',
      `a=${'x'.repeat(70)}`,
      'a/b/c=d',
      '/a=b',
      'a=b,c=d,!e',
      'a = b',
    ])
      list.push(`labelSelector=${encodeURIComponent(selector)}`)
    for (const selector of [
      'metadata.name=one',
      'metadata.name!=one',
      'metadata.name==one',
      'metadata.namespace=requests',
      'metadata.name',
      'metadata.uid=1',
      'data.a=1',
      'a',
      '=',
      ',',
      'metadata.name=one,metadata.namespace=requests',
      'metadata.name=one,metadata.name=two',
      'metadata.name=a\\,b',
      'metadata.name=a\\',
      'metadata.name in (a)',
      'spec.nodeName=n',
      'status.phase=Running',
    ])
      list.push(`fieldSelector=${encodeURIComponent(selector)}`)
    list.push(
      'sendInitialEvents=true',
      'sendInitialEvents=bogus',
      'watch=bogus',
      'watch=',
      'unknown=1',
      'limit=1&limit=2',
    )
    for (const query of list) {
      yield { name: `list maps ?${query}`, path: `${maps}?${query}`, cutAfter: 4000 }
      yield { name: `list pods ?${query}`, path: `${pods}?${query}`, cutAfter: 4000 }
    }
    for (const query of list.filter(text => !text.startsWith('watch=')))
      yield {
        name: `watch ?${query}`,
        path: `${maps}?watch=true&${query.includes('timeoutSeconds') ? '' : 'timeoutSeconds=1&'}${query.includes('esourceVersion=') ? '' : 'resourceVersion=0&'}${query}`,
        cutAfter: 300,
      }
    for (const query of [
      'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
      'sendInitialEvents=true&resourceVersionMatch=NotOlderThan',
      'sendInitialEvents=true&resourceVersionMatch=Exact',
      'sendInitialEvents=false&resourceVersionMatch=NotOlderThan',
      'sendInitialEvents=false',
      'resourceVersionMatch=NotOlderThan',
      'resourceVersion=0&resourceVersionMatch=NotOlderThan&sendInitialEvents=false',
      'resourceVersion=1',
    ])
      yield { name: `watch ?${query}`, path: `${maps}?watch=true&timeoutSeconds=1&${query}`, cutAfter: 300 }
    for (const value of ['', '0', '1', 'abc', '-1', '1.5'])
      yield { name: `get ?resourceVersion=${value}`, path: `${maps}/one?resourceVersion=${value}` }
    yield { name: 'get ?pretty', path: `${maps}/one?pretty=true` }
    yield { name: 'get ?watch', path: `${maps}/one?watch=true&timeoutSeconds=1`, cutAfter: 300 }
  },
}

const paths: Subject = {
  name: 'requests: paths and methods',
  *cases() {
    const all = [
      '/',
      '/api',
      '/api/',
      '/api/v1',
      '/api/v1/',
      '/api/v2',
      '/apis',
      '/apis/',
      '/apis/apps',
      '/apis/apps/',
      '/apis/apps/v1',
      '/apis/apps/v2',
      '/apis/nothing.example.com',
      '/apis/nothing.example.com/v1',
      '/apis/nothing.example.com/v1/things',
      '/api/v1/things',
      '/api/v1/namespaces/requests/things',
      '/api/v1/namespaces/requests/things/x',
      '/api/v1/configmaps/one',
      '/api/v1/namespaces/requests/nodes',
      '/api/v1/nodes/x/y',
      `${maps}/one/status`,
      `${maps}/one/scale`,
      `${maps}/one/bogus`,
      `${maps}/one/a/b`,
      `${maps}/missing`,
      `${maps}/`,
      `${maps}/Not%20Valid!`,
      `${maps}/a%2Fb`,
      `${maps}/%ff`,
      `${maps}//one`,
      `${deployments}/web/scale`,
      `${deployments}/web/status`,
      `${deployments}/web/bogus`,
      `${deployments}/missing/scale`,
      `${pods}/pod/status`,
      `${pods}/pod/eviction`,
      `${pods}/pod/binding`,
      `${pods}/pod/ephemeralcontainers`,
      `${pods}/pod/resize`,
      `${pods}/missing/ephemeralcontainers`,
      '/api/v1/namespaces/requests/finalize',
      '/api/v1/namespaces/requests/status',
      '/api/v1/namespaces/requests/bogus/x/y',
      '/api/v1/namespaces/missing',
      '/api/v1/namespaces/missing/pods',
      '/api/v1/namespaces//pods',
      '/api/v1/watch/namespaces/requests/configmaps/one?timeoutSeconds=1',
      '/api/v1/watch/things',
      '/api/v1/proxy/nodes/x',
      '/api/v1/componentstatuses/bogus',
      '/api/v1/bindings',
      '/apis/authentication.k8s.io/v1/tokenreviews',
      '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      '/healthz/bogus',
      '/livez/bogus',
      '/readyz/bogus',
      '/healthz/ping',
      '/livez/ping',
      '/readyz/ping',
      '/healthz/etcd',
      '/livez/etcd?verbose',
      '/readyz?exclude=etcd',
      '/readyz?exclude=bogus&verbose',
      '/healthz?exclude=bogus',
      '/nothing',
      '/metrics/nothing',
      '/version/',
      '/openapi',
      '/openapi/v2/x',
      '/openapi/v3/x',
      '/openapi/v3/api/v1?hash=WRONG',
      '/logs',
      '/debug',
      '/debug/pprof',
      '/debug/flags/v',
      '/swagger.json',
      '/.well-known/x',
      '/openid/v1/x',
      '/statusz',
      '/flagz',
      '/debug/api_priority_and_fairness/',
      '/debug/api_priority_and_fairness/bogus',
    ]
    for (const path of all)
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        // Nothing may come of it.
        const query = ['GET', 'HEAD', 'OPTIONS'].includes(method) ? '' : `${path.includes('?') ? '&' : '?'}dryRun=All`
        const body = ['POST', 'PUT', 'PATCH'].includes(method) ? {} : undefined
        yield { name: `${method} ${path}`, method, path: `${path}${query}`, body, cutAfter: 1500 }
        if (method === 'GET') yield { name: `${method} ${path} as nobody`, method, path, token: null, cutAfter: 1500 }
        if (method === 'GET' || method === 'POST')
          yield {
            name: `${method} ${path} as somebody`,
            method,
            path: `${path}${query}`,
            body,
            token: 'somebody-token',
            cutAfter: 1500,
          }
      }
    for (const path of [maps, pods, deployments])
      for (const method of ['PUT', 'PATCH', 'HEAD', 'OPTIONS'])
        yield { name: `${method} ${path}`, method, path, body: method.startsWith('P') ? {} : undefined }
  },
}

const options: Subject = {
  name: 'requests: names and options',
  *cases() {
    const post = (query: string, body: object): Asked => ({ method: 'POST', path: `${maps}?${query}`, body })
    const all = 'dryRun=All'
    yield* cases([
      ['no name', post(all, { metadata: {} })],
      ['a name that is taken', post(all, map('one'))],
      ['generateName', post(all, { metadata: { generateName: 'web-' } })],
      ['both', post(all, { metadata: { generateName: 'web-', name: 'x' } })],
      ['another namespace', post(all, { metadata: { name: 'x', namespace: 'other' } })],
      ['a resourceVersion', post('', { metadata: { name: 'x', resourceVersion: '5' } })],
      ['a bad resourceVersion', post(all, { metadata: { name: 'x', resourceVersion: 'abc' } })],
      ['an uid', post(all, { metadata: { name: 'x', uid: 'abc' } })],
      ['a deletionTimestamp', post(all, { metadata: { name: 'x', deletionTimestamp: '2020-01-01T00:00:00Z' } })],
      ['selfLink', post(all, { metadata: { name: 'x', selfLink: '/x' } })],
      ['managedFields', post(all, { metadata: { name: 'x', managedFields: [{ manager: 'm' }] } })],
      ['managedFields []', post(all, { metadata: { name: 'x', managedFields: [] } })],
      ['managedFields [{}]', post(all, { metadata: { name: 'x', managedFields: [{}] } })],
      [
        'managedFields that say something',
        post(all, {
          metadata: {
            name: 'x',
            managedFields: [
              {
                manager: 'm',
                operation: 'Apply',
                apiVersion: 'v1',
                fieldsType: 'FieldsV1',
                fieldsV1: { 'f:data': {} },
              },
            ],
          },
        }),
      ],
    ])
    for (const query of [
      'dryRun=all',
      'dryRun=',
      'dryRun=All&dryRun=All',
      'dryRun=true',
      'dryRun=All&fieldManager=me',
      'dryRun=All&fieldManager=',
      `dryRun=All&fieldManager=${'m'.repeat(129)}`,
      'dryRun=All&fieldManager=%01',
      'dryRun=All&force=true',
      'dryRun=All&fieldValidation=Bogus',
      'dryRun=All&pretty=true',
      'dryRun=All&propagationPolicy=Bogus',
      'dryRun=All&timeout=1s',
      'dryRun=All&timeout=bogus',
      'dryRun=All&timeout=-1s',
      'dryRun=All&timeout=10000h',
    ]) {
      yield { name: `create ?${query}`, ...post(query, map('x')) }
      yield { name: `update ?${query}`, method: 'PUT', path: `${maps}/one?${query}`, body: map('one') }
      yield {
        name: `patch ?${query}`,
        method: 'PATCH',
        path: `${maps}/one?${query}`,
        body: { data: { b: '1' } },
        headers: { 'content-type': 'application/merge-patch+json' },
      }
      yield { name: `delete ?${query}`, method: 'DELETE', path: `${maps}/missing?${query}` }
    }
    const remove = (body: unknown, query = all, name = 'missing'): Asked => ({
      method: 'DELETE',
      path: `${maps}/${name}?${query}`,
      body,
    })
    const withKind = { kind: 'DeleteOptions', apiVersion: 'v1' }
    yield* cases([
      ['delete', remove(undefined, all, 'one')],
      ['delete a pod', { method: 'DELETE', path: `${pods}/pod?${all}` }],
      ['delete a pod now', { method: 'DELETE', path: `${pods}/pod?${all}&gracePeriodSeconds=0` }],
      ['delete a pod, -1', { method: 'DELETE', path: `${pods}/pod?${all}&gracePeriodSeconds=-1` }],
      ['delete a deployment', { method: 'DELETE', path: `${deployments}/web?${all}` }],
      [
        'delete a deployment, Foreground',
        { method: 'DELETE', path: `${deployments}/web?${all}&propagationPolicy=Foreground` },
      ],
      ['delete a deployment, Orphan', { method: 'DELETE', path: `${deployments}/web?${all}&propagationPolicy=Orphan` }],
      ['delete what is not there', remove(undefined, all, 'missing')],
      ['options of another kind', remove({ kind: 'ConfigMap', apiVersion: 'v1' })],
      ['options of another version', remove({ kind: 'DeleteOptions', apiVersion: 'apps/v1' })],
      ['options without a kind', remove({ gracePeriodSeconds: 1 })],
      ['unknown options', remove({ ...withKind, foo: 1 })],
      ['wrong options', remove({ ...withKind, gracePeriodSeconds: 'x' })],
      ['a body that is none', remove('nonsense')],
      ['a list', remove('[]')],
      ['options that say dry run twice', remove({ ...withKind, dryRun: ['All'] }, 'x=y')],
      ['a bad dry run', remove({ ...withKind, dryRun: ['some'] }, 'x=y')],
      ['a bad policy', remove({ ...withKind, propagationPolicy: 'Bogus' })],
      ['policy and orphanDependents', remove({ ...withKind, propagationPolicy: 'Orphan', orphanDependents: true })],
      ['orphanDependents', remove({ ...withKind, orphanDependents: true })],
      ['another uid', remove({ ...withKind, preconditions: { uid: 'other' } })],
      ['another resourceVersion', remove({ ...withKind, preconditions: { resourceVersion: '1' } })],
      ['both', remove({ ...withKind, preconditions: { uid: 'other', resourceVersion: '1' } })],
      ['a negative grace period', remove({ ...withKind, gracePeriodSeconds: -1 })],
      ['query: bad policy', remove(undefined, `${all}&propagationPolicy=Bogus`)],
      ['query: bad orphanDependents', remove(undefined, `${all}&orphanDependents=x`)],
      ['query: bad grace period', remove(undefined, `${all}&gracePeriodSeconds=x`)],
      ['query and body', remove({ ...withKind, propagationPolicy: 'Orphan' }, `${all}&propagationPolicy=Foreground`)],
      [
        'ignoreStoreReadErrorWithClusterBreakingPotential',
        remove({ ...withKind, ignoreStoreReadErrorWithClusterBreakingPotential: true }),
      ],
      ['deletecollection', { method: 'DELETE', path: `${maps}?${all}` }],
      ['deletecollection of some', { method: 'DELETE', path: `${maps}?${all}&labelSelector=a=b` }],
      ['deletecollection by name', { method: 'DELETE', path: `${maps}?${all}&fieldSelector=metadata.name=one` }],
      ['deletecollection, bad selector', { method: 'DELETE', path: `${maps}?${all}&labelSelector=,` }],
      ['deletecollection, bad field', { method: 'DELETE', path: `${maps}?${all}&fieldSelector=a=b` }],
      ['deletecollection, limit', { method: 'DELETE', path: `${maps}?${all}&limit=2` }],
      [
        'deletecollection, options',
        { method: 'DELETE', path: `${maps}?${all}`, body: { ...withKind, propagationPolicy: 'Bogus' } },
      ],
      ['deletecollection, of pods', { method: 'DELETE', path: `${pods}?${all}` }],
      ['deletecollection, resourceVersion', { method: 'DELETE', path: `${maps}?${all}&resourceVersion=abc` }],
      ['deletecollection of namespaces', { method: 'DELETE', path: `/api/v1/namespaces?${all}` }],
      ['deletecollection in all namespaces', { method: 'DELETE', path: `/api/v1/configmaps?${all}` }],
      ['update of another name', { method: 'PUT', path: `${maps}/one?${all}`, body: map('two') }],
      ['update without a name', { method: 'PUT', path: `${maps}/one?${all}`, body: { data: {} } }],
      ['update of what is not there', { method: 'PUT', path: `${maps}/missing?${all}`, body: map('missing') }],
      [
        'update of a pod that is not there',
        { method: 'PUT', path: `${pods}/missing?${all}`, body: { metadata: { name: 'missing' } } },
      ],
      [
        'update, old',
        { method: 'PUT', path: `${maps}/one?${all}`, body: { metadata: { name: 'one', resourceVersion: '1' } } },
      ],
      [
        'update, bad version',
        { method: 'PUT', path: `${maps}/one?${all}`, body: { metadata: { name: 'one', resourceVersion: 'abc' } } },
      ],
      [
        'update, other uid',
        { method: 'PUT', path: `${maps}/one?${all}`, body: { metadata: { name: 'one', uid: 'abc' } } },
      ],
      [
        'update, other namespace',
        { method: 'PUT', path: `${maps}/one?${all}`, body: { metadata: { name: 'one', namespace: 'x' } } },
      ],
      [
        'update, other kind',
        {
          method: 'PUT',
          path: `${maps}/one?${all}`,
          body: { kind: 'Secret', apiVersion: 'v1', metadata: { name: 'one' } },
        },
      ],
      [
        'create in a namespace that is not there',
        { method: 'POST', path: `/api/v1/namespaces/missing/configmaps?${all}`, body: map('x') },
      ],
      ['create in all namespaces', { method: 'POST', path: `/api/v1/configmaps?${all}`, body: map('x') }],
      [
        'create in all, namespace said',
        { method: 'POST', path: `/api/v1/configmaps?${all}`, body: { metadata: { name: 'x', namespace } } },
      ],
      [
        'a node with a namespace',
        { method: 'POST', path: `/api/v1/nodes?${all}`, body: { metadata: { name: 'x', namespace } } },
      ],
      ['create with a name in the path', { method: 'POST', path: `${maps}/one?${all}`, body: map('one') }],
    ])
  },
}

const paging: Subject = {
  name: 'requests: stories',
  stories: {
    paging: [
      { name: 'the first page', path: `${maps}?limit=2` },
      next(0, 'the second'),
      next(1, 'the third'),
      { name: 'with a selector', path: `${maps}?limit=2&labelSelector=!x` },
      next(3, 'goes on'),
      {
        name: 'with another limit and a version',
        ask: answers => ({
          path: `${maps}?limit=1&resourceVersion=1&continue=${json(answers[0]).metadata.continue}`,
        }),
      },
      {
        name: 'of another resource',
        ask: answers => ({ path: `${pods}?limit=1&continue=${json(answers[0]).metadata.continue}` }),
      },
      {
        name: 'as a table',
        path: `${maps}?limit=2`,
        headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
      },
      {
        name: 'as metadata',
        path: `${maps}?limit=2`,
        headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' },
      },
      {
        name: 'exactly that version',
        ask: answers => ({
          path: `${maps}?resourceVersionMatch=Exact&resourceVersion=${json(answers[0]).metadata.resourceVersion}`,
        }),
      },
    ],
    'versions of the future': [
      { name: 'where it stands', path: maps },
      { name: 'get', ask: answers => ({ path: `${maps}/one?resourceVersion=${future(answers)}` }) },
      { name: 'list', ask: answers => ({ path: `${maps}?resourceVersion=${future(answers)}` }) },
      { name: 'list, limited', ask: answers => ({ path: `${maps}?limit=1&resourceVersion=${future(answers)}` }) },
      {
        name: 'list, exact',
        ask: answers => ({ path: `${maps}?resourceVersionMatch=Exact&resourceVersion=${future(answers)}` }),
      },
      {
        name: 'watch',
        ask: answers => ({
          path: `${maps}?watch=true&timeoutSeconds=1&resourceVersion=${future(answers)}`,
          cutAfter: 4500,
        }),
      },
    ],
    watching: [
      { name: 'where it stands', path: maps },
      { name: 'create', method: 'POST', path: maps, body: map('seen') },
      { name: 'change', method: 'PUT', path: `${maps}/seen`, body: map('seen', { data: { b: '2' } }) },
      { name: 'delete', method: 'DELETE', path: `${maps}/seen` },
      watch('all', ''),
      watch('by name', '&fieldSelector=metadata.name=seen'),
      watch('by another name', '&fieldSelector=metadata.name=other'),
      watch('with bookmarks', '&allowWatchBookmarks=true'),
      watch('as tables', '', 'application/json;as=Table;v=v1;g=meta.k8s.io'),
      watch('as metadata', '', 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io'),
      watch('as YAML', '', 'application/yaml'),
      watch('by the old path', '', undefined, `/api/v1/watch/namespaces/${namespace}/configmaps`),
      watch('one by the old path', '', undefined, `/api/v1/watch/namespaces/${namespace}/configmaps/seen`),
    ],
  },
}

function next(page: number, name: string): Step {
  return { name, ask: answers => ({ path: `${maps}?limit=2&continue=${json(answers[page]).metadata.continue}` }) }
}

const future = (answers: Parameters<Step['ask']>[0]) => Number(json(answers[0]).metadata.resourceVersion) + 100_000

function watch(name: string, query: string, accept?: string, path = maps): Step {
  return {
    name,
    ask: answers => ({
      path: `${path}?watch=true&timeoutSeconds=1&resourceVersion=${json(answers[0]).metadata.resourceVersion}${query}`,
      cutAfter: 600,
      ...(accept && { headers: { accept } }),
    }),
  }
}

export const requests: readonly Subject[] = [bodies, queries, paths, options, paging]
