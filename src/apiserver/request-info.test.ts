import { describe, expect, test } from 'vitest'
import { requestInfo } from './request-info.ts'

const cases: [string, string, string, Partial<ReturnType<typeof requestInfo>>][] = [
  ['GET', '/api/v1/pods', '', { verb: 'list', resource: 'pods', namespace: '' }],
  ['GET', '/api/v1/pods', 'watch=true', { verb: 'watch', resource: 'pods' }],
  ['GET', '/api/v1/namespaces/dev/pods/web', '', { verb: 'get', resource: 'pods', namespace: 'dev', name: 'web' }],
  ['GET', '/api/v1/namespaces', '', { verb: 'list', resource: 'namespaces', name: '', namespace: '' }],
  ['GET', '/api/v1/namespaces/dev', '', { verb: 'get', resource: 'namespaces', name: 'dev', namespace: 'dev' }],
  [
    'PUT',
    '/api/v1/namespaces/dev/finalize',
    '',
    { verb: 'update', resource: 'namespaces', name: 'dev', subresource: 'finalize' },
  ],
  [
    'GET',
    '/api/v1/namespaces/dev/pods/web/log',
    '',
    { verb: 'get', resource: 'pods', subresource: 'log', name: 'web' },
  ],
  [
    'POST',
    '/apis/apps/v1/namespaces/dev/deployments',
    '',
    { verb: 'create', group: 'apps', version: 'v1', resource: 'deployments' },
  ],
  ['DELETE', '/apis/apps/v1/namespaces/dev/deployments', '', { verb: 'deletecollection', resource: 'deployments' }],
  ['GET', '/api/v1/watch/namespaces/dev/pods', '', { verb: 'watch', resource: 'pods', namespace: 'dev' }],
  [
    'GET',
    '/api/v1/nodes/n1/proxy/a/b',
    '',
    { verb: 'get', resource: 'nodes', name: 'n1', subresource: 'proxy', rest: ['a', 'b'] },
  ],
  ['GET', '/healthz', '', { isResourceRequest: false, verb: 'get', resource: '' }],
  ['GET', '/apis/apps/v1', '', { isResourceRequest: false, group: 'apps', version: 'v1' }],
  ['GET', '/apis/apps', '', { isResourceRequest: false, group: '' }],
]

describe('requestInfo', () => {
  test.each(cases)('%s %s?%s', (method, path, query, expected) => {
    expect(requestInfo(method, path, new URLSearchParams(query))).toMatchObject(expected)
  })
})
