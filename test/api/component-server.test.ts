// The secure port of a component other than the API server: who may see its health and its metrics.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serviceAccounts } from '../../src/api/core/v1/serviceaccount.ts'
import { clusterRoles } from '../../src/api/rbac/v1/clusterrole.ts'
import { clusterRoleBindings } from '../../src/api/rbac/v1/clusterrolebinding.ts'
import { registerHealth } from '../../src/apiserver/endpoints/health.ts'
import type { HttpServer } from '../../src/apiserver/serving/http-server.ts'
import { allAuthenticated } from '../../src/apiserver/user.ts'
import { Cluster } from '../../src/cluster/cluster.ts'
import { Pages, registerMetricsPage, startComponentServer } from '../../src/cluster/component-server.ts'
import { delegatedAccess } from '../../src/cluster/delegated-access.ts'
import { MetricsRegistry } from '../../src/machinery/metrics/metrics.ts'
import { getPage } from './http-client.ts'

let cluster: Cluster
let server: HttpServer
let healthy = true
let checks = ['one']
const metrics = new MetricsRegistry()

beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 0 })
  const reviewer = cluster.plane.client({ name: 'system:kube-controller-manager', groups: [allAuthenticated] })
  const access = await delegatedAccess({
    env: cluster.env,
    authentication: reviewer,
    authorization: reviewer,
    ...{ tokenTTL: 10_000, authorizedTTL: 10_000, unauthorizedTTL: 10_000 },
    alwaysAllowPaths: ['/healthz', '/open/*'],
    ...{ skipLookup: false, tolerateLookupFailure: false },
  })
  const pages = new Pages()
  registerHealth(
    pages,
    cluster.env,
    () => checks.map(name => ({ name, check: () => (healthy ? undefined : 'it is ill') })),
    ['healthz'],
  )
  registerMetricsPage(pages, metrics)
  pages.register('/open/page', () => ({ status: 200, contentType: 'text/plain', body: Buffer.from('open') }))
  metrics.counter({ name: 'things_total', help: 'Things.' }).with().inc(3)
  server = await startComponentServer({ env: cluster.env, bindAddress: '127.0.0.1', port: 0, access, pages })
})
afterAll(async () => {
  await server.close()
  await cluster.stop()
})

const get = (path: string, as?: Parameters<typeof getPage>[2]) => getPage(server.port, path, as)
const account = () => cluster.client.resource(serviceAccounts).namespace('default')

async function tokenOf(name: string): Promise<string> {
  await account().create({ metadata: { name } })
  const { status } = await account().createSubresource<{ status: { token: string } }>(name, 'token', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {},
  })
  return status.token
}

describe('without credentials', () => {
  test('what is open to all is answered, at its path and below a prefix', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200, text: 'ok' })
    expect(await get('/open/page')).toMatchObject({ status: 200, text: 'open' })
  })

  test('the rest is refused, whether there is such a page or not', async () => {
    for (const path of ['/metrics', '/none', '/healthz/one']) {
      const { status, body, headers } = await get(path)
      expect([status, body.message]).toEqual([403, `forbidden: User "system:anonymous" cannot get path "${path}"`])
      expect(headers['x-content-type-options']).toBe('nosniff')
    }
  })
})

describe('a bearer token', () => {
  test('is a 401 when it is nobody’s', async () => {
    expect((await get('/metrics', { bearer: 'nobodys' })).body).toMatchObject({ code: 401, reason: 'Unauthorized' })
    expect((await get('/healthz', { bearer: 'nobodys' })).status).toBe(401)
  })

  test('may read what its role says, once what was said before is forgotten', async () => {
    const bearer = await tokenOf('reader')
    const { status, body } = await get('/metrics', { bearer })
    expect([status, body.message]).toEqual([
      403,
      'forbidden: User "system:serviceaccount:default:reader" cannot get path "/metrics"',
    ])
    await cluster.client
      .resource(clusterRoles)
      .create({ metadata: { name: 'metrics' }, rules: [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }] })
    await cluster.client.resource(clusterRoleBindings).create({
      metadata: { name: 'metrics' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'metrics' },
      subjects: [{ kind: 'ServiceAccount', namespace: 'default', name: 'reader' }],
    })
    expect((await get('/metrics', { bearer })).status).toBe(403)
    await cluster.clock.advance('10s')
    expect((await get('/metrics', { bearer })).text).toMatch(/^things_total 3$/m)
  })
})

test('an administrator’s certificate is vouched for by the cluster’s authority, and may see everything', async () => {
  const certificate = cluster.plane.pki.admin
  expect((await get('/metrics', { certificate })).text).toMatch(/^process_cpu_seconds_total [\d.]+$/m)
  expect(await get('/none', { certificate })).toMatchObject({ status: 404, text: '404 page not found\n' })
})

test('checks come and go, and have no page each', async () => {
  checks = ['one', 'two']
  expect((await get('/healthz?verbose')).text).toBe('[+]one ok\n[+]two ok\nhealthz check passed\n')
  healthy = false
  const { status, text } = await get('/healthz')
  expect([status, text]).toEqual([
    500,
    '[-]one failed: reason withheld\n[-]two failed: reason withheld\nhealthz check failed\n',
  ])
  healthy = true
  expect((await get('/healthz/one', { certificate: cluster.plane.pki.admin })).status).toBe(404)
})
