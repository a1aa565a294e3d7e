// Paths, methods and headers that no proper client sends, and impersonation in all its combinations.

import type { Asked } from '../connection.ts'
import type { Case, Subject } from '../subject.ts'
import { prepareNamespace } from './validation.ts'

const namespace = 'odd'
const maps = `/api/v1/namespaces/${namespace}/configmaps`

const setup: readonly Asked[] = [
  ...prepareNamespace(namespace),
  { method: 'POST', path: maps, body: { metadata: { name: 'one' }, data: { a: '1' } } },
]

const long = 'a'.repeat(254)

const oddPaths: readonly string[] = [
  '//',
  '///',
  '/.',
  '/..',
  '/./',
  '//api',
  '/api//',
  '/api//v1',
  '//api/v1',
  '/api/v1//configmaps',
  '/api/v1//namespaces',
  `/api/v1//namespaces/${namespace}/configmaps`,
  `/api/v1/namespaces//${namespace}/configmaps`,
  `/api/v1/namespaces/${namespace}//configmaps`,
  `${maps}//`,
  `${maps}//one`,
  `${maps}/one/`,
  `${maps}/one//`,
  `${maps}/.`,
  `${maps}/..`,
  `${maps}/./one`,
  `${maps}/../configmaps/one`,
  `${maps}/one/.`,
  `${maps}/one/..`,
  `${maps}/one/status/`,
  `${maps}/%2e`,
  `${maps}/%2E%2E`,
  `${maps}/%2e%2e/secrets`,
  `${maps}/one%2Fstatus`,
  `${maps}/one%00`,
  `${maps}/%20`,
  `${maps}/one%20`,
  `${maps}/one%3Fx`,
  `${maps}/one%23x`,
  `${maps}/%6fne`,
  `${maps}/o%6Ee`,
  `${maps}/one%`,
  `${maps}/one%2`,
  `${maps}/one%zz`,
  `${maps}/%25`,
  `${maps}/one%25`,
  `${maps}/+`,
  `${maps}/one+two`,
  `${maps}/ONE`,
  `${maps}/${long}`,
  `${maps}/${'a'.repeat(5000)}`,
  `${maps}/%C3%A9`,
  `${maps}/%ff%fe`,
  `${maps}/;x=y`,
  `${maps}/one;x=y`,
  `${maps};x=y`,
  `${maps}/one?`,
  `${maps}/one?&`,
  `${maps}/one?=`,
  `${maps}/one?x`,
  `${maps}/one?%zz`,
  `${maps}/one?a=%zz`,
  `${maps}?limit=1;x=y`,
  `${maps}?limit=%31`,
  `${maps}?fieldSelector=metadata.name%3done`,
  `${maps}?fieldSelector=metadata.name=one&fieldSelector=metadata.name=two`,
  `${maps}?labelSelector=a&labelSelector=b`,
  `${maps}?watch`,
  `${maps}?watch=0`,
  `${maps}?WATCH=true`,
  `${maps}/one/..%2F..`,
  `/api/v1/namespaces/${namespace}%2Fx/configmaps`,
  '/api/v1/namespaces/%20/configmaps',
  `/api/v1/namespaces/${'n'.repeat(300)}/configmaps`,
  '/api/v1/namespaces/UPPER/configmaps',
  '/api/v1/namespaces/a.b/configmaps',
  '/API/v1',
  '/Api/V1/namespaces',
  '/api/V1',
  '/api/v1/Namespaces',
  '/api/v1/namespaces/odd/ConfigMaps',
  '/apis//',
  '/apis//v1',
  '/apis/apps//',
  '/apis/apps//v1',
  '/apis/apps/v1//deployments',
  '/apis/apps/v1/',
  '/apis/APPS/v1',
  '/apis/apps%2Fv1',
  '/apis/apps/v1/deployments/',
  '/apis/apps/v1/deployments/x',
  '/apis/apps/v1/namespaces/odd/deployments/x/scale/',
  '/apis/apps/v1/namespaces/odd/deployments/x/scale/y',
  '/apis/v1',
  '/apis/v1/namespaces',
  '/apis/core/v1',
  '/apis//v1/pods',
  '/api/v1beta1',
  '/api/apps/v1',
  '/api/v1/nodes/',
  '/api/v1/nodes//',
  '/api/v1/nodes//status',
  '/api/v1/nodes/%2F',
  '/api/v1/nodes/x/status/',
  '/api/v1/nodes/x/bogus',
  '/api/v1/nodes/x/proxy',
  '/api/v1/nodes//proxy/x',
  '/api/v1/pods//log',
  `/api/v1/namespaces/${namespace}/pods//log`,
  `/api/v1/namespaces/${namespace}/pods//exec`,
  `/api/v1/namespaces/${namespace}/services//proxy`,
  `/api/v1/namespaces/${namespace}/services/x:y:z:w/proxy`,
  `/api/v1/namespaces/${namespace}/`,
  `/api/v1/namespaces/${namespace}//`,
  `/api/v1/namespaces/${namespace}/status/`,
  `/api/v1/namespaces/${namespace}/finalize/`,
  '/api/v1/namespaces/',
  '/api/v1/namespaces//',
  '/api/v1/namespaces//status',
  '/api/v1/namespaces//finalize',
  '/api/v1/watch',
  '/api/v1/watch/',
  '/api/v1/watch/configmaps/',
  '/api/v1/watch/namespaces',
  '/api/v1/watch/namespaces/',
  `/api/v1/watch/namespaces/${namespace}`,
  `/api/v1/watch/namespaces/${namespace}/`,
  `/api/v1/watch/namespaces/${namespace}/configmaps/one/x`,
  '/api/v1/watch/nodes/x',
  '/api/v1/redirect/namespaces/x/pods/y',
  '/api/v1/proxy/namespaces/x/pods/y',
  '/apis/apps/v1/watch/deployments',
  '/version//',
  '/version/x',
  '/healthz/',
  '/healthz//',
  '/livez/',
  '/readyz/',
  '/readyz/poststarthook',
  '/readyz/poststarthook/',
  '/readyz/poststarthook/bogus',
  '/livez?exclude=',
  '/livez?exclude=ping&exclude=etcd',
  '/readyz/ping?exclude=ping',
  '/readyz/ping?verbose',
  '/openapi/',
  '/openapi/v2/',
  '/openapi/v3/',
  '/openapi/v3//api/v1',
  '/openapi/v3/api/',
  '/openapi/v3/apis/apps/v1/',
  '/configz',
  '/configz/',
  '/metrics/',
  '/metrics/slis/',
  '/metrics/cadvisor',
  '/debug/flags',
  '/debug/pprof/',
  '/debug/pprof/heap',
  '/logs/',
  '/logs/kube-apiserver.log',
  '/favicon.ico',
  '/robots.txt',
  '/index.html',
  '/ui',
  '/swaggerapi',
  '/.well-known/openid-configuration',
  '/.well-known/openid-configuration/',
  '/openid/v1/jwks/',
  '/statusz/',
  '/flagz/',
]

const paths: Subject = {
  name: 'odd requests: paths',
  setup,
  *cases(): Iterable<Case> {
    for (const path of oddPaths)
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']) {
        // Of what Go's server cannot read, it answers a HEAD with a body.
        if (method === 'HEAD' && /%(?![0-9a-f]{2})/i.test(path.split('?')[0]!)) continue
        const writes = ['POST', 'PUT', 'PATCH', 'DELETE'].includes(method)
        const query = writes ? `${path.includes('?') ? '&' : '?'}dryRun=All` : ''
        yield {
          name: `${method} ${path.slice(0, 200)}`,
          method,
          path: `${path}${query}`,
          body: ['POST', 'PUT', 'PATCH'].includes(method) ? { metadata: { name: 'one' } } : undefined,
          headers: method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : undefined,
          cutAfter: 800,
        }
        if (method === 'GET') {
          yield { name: `${method} ${path.slice(0, 200)} as somebody`, path, token: 'somebody-token', cutAfter: 800 }
          yield { name: `${method} ${path.slice(0, 200)} as nobody`, path, token: null, cutAfter: 800 }
        }
      }
  },
}

const methods: Subject = {
  name: 'odd requests: methods and headers',
  *cases(): Iterable<Case> {
    for (const method of ['TRACE', 'PROPFIND', 'LINK', 'PURGE', 'COPY', 'SEARCH', 'MERGE', 'REPORT', 'LOCK'])
      for (const path of [maps, `${maps}/one`, '/api', '/apis/apps/v1', '/version', '/healthz', '/nothing'])
        for (const token of ['admin-token', 'somebody-token', null])
          yield { name: `${method} ${path} by ${token}`, method, path, token, cutAfter: 800 }
    const body = { metadata: { name: 'x' } }
    const post = (name: string, headers: Record<string, string>, more: Partial<Asked> = {}): Case => ({
      name,
      method: 'POST',
      path: `${maps}?dryRun=All`,
      body,
      headers,
      ...more,
    })
    for (const authorization of [
      'Bearer',
      'Bearer ',
      'bearer admin-token',
      'BEARER admin-token',
      'Bearer  admin-token',
      'Bearer admin-token x',
      'Bearer admin-token ',
      'Basic YWRtaW46YWRtaW4=',
      'Basic x',
      'Token admin-token',
      'admin-token',
      '',
      'Bearer wrong',
      'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.',
      'Bearer a.b.c',
      'Negotiate x',
    ])
      for (const path of [`${maps}/one`, '/version', '/healthz', '/api', '/apis/apps/v1/namespaces/x/deployments'])
        yield { name: `Authorization: ${authorization} of ${path}`, path, token: null, headers: { authorization } }
    yield post('content-encoding gzip', { 'content-encoding': 'gzip' })
    yield post('a charset', { 'content-type': 'application/json; charset=utf-16' })
    yield post('expect', { expect: '100-continue' })
    yield post('expect something', { expect: 'something' })
    yield post('a method of its own', { 'x-http-method-override': 'DELETE' })
    for (const origin of ['http://example.com', 'null', 'https://localhost'])
      for (const method of ['GET', 'OPTIONS'])
        yield { name: `origin ${origin} ${method}`, method, path: `${maps}/one`, headers: { origin } }
    yield { name: 'a get with a body', path: `${maps}/one`, body: { a: 1 } }
    yield { name: 'a list with a body', path: maps, body: 'nonsense' }
    yield { name: 'an audit id', path: `${maps}/one`, headers: { 'audit-id': 'mine' } }
    yield { name: 'a long audit id', path: `${maps}/one`, headers: { 'audit-id': 'm'.repeat(100) } }
  },
}

/** Each header, or none; a list is the same header several times. */
const asked: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  nothing: [],
  'a user': [['Impersonate-User', 'jane']],
  'an empty user': [['Impersonate-User', '']],
  'the administrator': [['Impersonate-User', 'admin']],
  'an anonymous user': [['Impersonate-User', 'system:anonymous']],
  'an account': [['Impersonate-User', `system:serviceaccount:${namespace}:default`]],
  'an account that is not there': [['Impersonate-User', `system:serviceaccount:${namespace}:missing`]],
  'a bad account': [['Impersonate-User', 'system:serviceaccount:x']],
  'a bad account of four parts': [['Impersonate-User', 'system:serviceaccount:a:b:c']],
  'a node': [['Impersonate-User', 'system:node:n']],
  'a node without a name': [['Impersonate-User', 'system:node:']],
}
const furthers: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  nothing: [],
  'a group': [['Impersonate-Group', 'developers']],
  'an empty group': [['Impersonate-Group', '']],
  masters: [['Impersonate-Group', 'system:masters']],
  authenticated: [['Impersonate-Group', 'system:authenticated']],
  unauthenticated: [['Impersonate-Group', 'system:unauthenticated']],
  'an uid': [['Impersonate-Uid', '123']],
  'an empty uid': [['Impersonate-Uid', '']],
  'an extra': [['Impersonate-Extra-Scopes', 'view']],
  'an empty extra': [['Impersonate-Extra-Scopes', '']],
  'an extra without a name': [['Impersonate-Extra-', 'view']],
  'an escaped extra': [['Impersonate-Extra-Acme.com%2Fproject', 'some-project']],
  'a badly escaped extra': [['Impersonate-Extra-Acme%zz', 'x']],
  'a node extra': [['Impersonate-Extra-Authentication.kubernetes.io%2Fnode-name', 'n']],
  'an unknown header': [['Impersonate-Bogus', 'x']],
  everything: [
    ['Impersonate-Group', 'developers'],
    ['Impersonate-Uid', '123'],
    ['Impersonate-Extra-Scopes', 'view'],
  ],
}

const impersonation: Subject = {
  name: 'odd requests: impersonation',
  setup: [
    {
      method: 'POST',
      path: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
      body: {
        metadata: { name: 'odd-impersonator' },
        rules: [
          { apiGroups: [''], resources: ['users'], verbs: ['impersonate'], resourceNames: ['jane'] },
          { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['impersonate'], resourceNames: ['default'] },
          { apiGroups: [''], resources: ['groups'], verbs: ['impersonate'], resourceNames: ['developers'] },
          { apiGroups: ['authentication.k8s.io'], resources: ['userextras/scopes'], verbs: ['impersonate'] },
        ],
      },
    },
    {
      method: 'POST',
      path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
      body: {
        metadata: { name: 'odd-impersonator' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'odd-impersonator' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'somebody' }],
      },
    },
  ],
  *cases(): Iterable<Case> {
    for (const [who, user] of Object.entries(asked))
      for (const [more, further] of Object.entries(furthers)) {
        const headers = Object.fromEntries([...user, ...further])
        for (const token of ['admin-token', 'somebody-token', null]) {
          yield {
            name: `${who} with ${more} by ${token}: who`,
            method: 'POST',
            path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
            body: {},
            headers,
            token,
          }
          yield { name: `${who} with ${more} by ${token}: get`, path: `${maps}/one`, headers, token }
          yield { name: `${who} with ${more} by ${token}: version`, path: '/version', headers, token }
          yield { name: `${who} with ${more} by ${token}: nothing`, path: '/nothing', headers, token }
        }
      }
  },
}

export const oddRequests: readonly Subject[] = [paths, methods, impersonation]
