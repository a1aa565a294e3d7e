import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { configMaps } from '../../api/core/v1/configmap.ts'
import { secrets } from '../../api/core/v1/secret.ts'
import { Cluster } from '../../cluster/cluster.ts'

// Tokens by which machines join: what is signed with them, and that they end.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({
    nodes: 0,
    withoutScheduler: true,
    controllers: ['*', 'bootstrap-signer-controller', 'token-cleaner-controller'],
  })
  await maps().create({ metadata: { name: 'cluster-info' }, data: { kubeconfig: 'content', other: 'kept' } })
})
afterEach(() => cluster.stop())

const maps = () => cluster.client.resource(configMaps).namespace('kube-public')
const tokens = () => cluster.client.resource(secrets).namespace('kube-system')
const create = async (fields: Record<string, string> = {}, name = 'bootstrap-token-abcdef') => {
  const stringData = {
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-signing': 'true',
    ...fields,
  }
  await tokens().create({ metadata: { name }, type: 'bootstrap.kubernetes.io/token', stringData })
  await cluster.clock.advance('1s')
}
const data = async () => (await maps().get('cluster-info')).data

test('cluster-info is signed with a token, as long as there is that', async () => {
  await create()
  const encode = (text: string) => Buffer.from(text).toString('base64url')
  const header = encode('{"alg":"HS256","kid":"abcdef"}')
  const signature = createHmac('sha256', '0123456789abcdef')
    .update(`${header}.${encode('content')}`)
    .digest('base64url')
  expect(await data()).toEqual({
    kubeconfig: 'content',
    other: 'kept',
    'jws-kubeconfig-abcdef': `${header}..${signature}`,
  })
  await tokens().delete('bootstrap-token-abcdef')
  await cluster.clock.advance('1s')
  expect(await data()).toEqual({ kubeconfig: 'content', other: 'kept' })
})

test('and again when it changes', async () => {
  await create()
  const before = (await data())!['jws-kubeconfig-abcdef']
  await maps().patch('cluster-info', 'application/merge-patch+json', { data: { kubeconfig: 'other' } })
  await cluster.clock.advance('1s')
  expect((await data())!['jws-kubeconfig-abcdef']).not.toBe(before)
})

test.each<[string, Record<string, string>, string?]>([
  ['is not meant for it', { 'usage-bootstrap-signing': 'false' }],
  ['has another name than its id', {}, 'bootstrap-token-ghijkl'],
  ['has no secret', { 'token-secret': '' }],
])('not with one that %s', async (_, fields, name) => {
  await create(fields, name)
  expect(await data()).toEqual({ kubeconfig: 'content', other: 'kept' })
})

test('a token is deleted when it expires', async () => {
  await create({ expiration: '2026-01-01T00:10:00Z' })
  await cluster.clock.advance('9m')
  expect((await tokens().list()).items).toHaveLength(1)
  await cluster.clock.advance('2m')
  expect((await tokens().list()).items).toHaveLength(0)
})

test('so is one whose end cannot be read', async () => {
  await create({ expiration: 'soon' })
  expect((await tokens().list()).items).toHaveLength(0)
})
