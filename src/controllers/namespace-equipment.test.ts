import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { configMaps } from '../api/core/v1/configmap.ts'
import { namespaces } from '../api/core/v1/namespace.ts'
import { serviceAccounts } from '../api/core/v1/serviceaccount.ts'
import { Cluster } from '../cluster/cluster.ts'

// What every namespace has before anybody puts something in it: a ServiceAccount for its pods, and the certificate
// authority by which they know the API server.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutScheduler: true })
})
afterEach(() => cluster.stop())

const accounts = (namespace: string) => cluster.client.resource(serviceAccounts).namespace(namespace)
const maps = (namespace: string) => cluster.client.resource(configMaps).namespace(namespace)
const authority = () => cluster.plane.pki.certificateAuthority.certificate

test.each(['default', 'kube-system', 'kube-public', 'kube-node-lease'])(
  '%s has both without any time passing',
  async namespace => {
    expect((await accounts(namespace).get('default')).metadata.name).toBe('default')
    expect((await maps(namespace).get('kube-root-ca.crt')).data).toEqual({ 'ca.crt': authority() })
  },
)

test('so has a new one', async () => {
  await cluster.client.resource(namespaces).create({ metadata: { name: 'new' } })
  await cluster.clock.advance('1s')
  expect((await accounts('new').get('default')).metadata.namespace).toBe('new')
  expect((await maps('new').get('kube-root-ca.crt')).metadata.annotations).toEqual({
    'kubernetes.io/description':
      'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
  })
})

describe('the ServiceAccount', () => {
  test('comes back when it is deleted', async () => {
    const before = await accounts('default').get('default')
    await accounts('default').delete('default')
    await cluster.clock.advance('1s')
    expect((await accounts('default').get('default')).metadata.uid).not.toBe(before.metadata.uid)
  })

  test("is its owner's to change", async () => {
    await accounts('default').patch('default', 'application/merge-patch+json', { automountServiceAccountToken: false })
    await cluster.clock.advance('1s')
    expect((await accounts('default').get('default')).automountServiceAccountToken).toBe(false)
  })
})

describe('the certificate authority', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['deleted', () => maps('default').delete('kube-root-ca.crt')],
    ['emptied', () => maps('default').patch('kube-root-ca.crt', 'application/merge-patch+json', { data: null })],
    [
      'replaced',
      () =>
        maps('default').patch('kube-root-ca.crt', 'application/merge-patch+json', { data: { 'ca.crt': 'another' } }),
    ],
    [
      'added to',
      () => maps('default').patch('kube-root-ca.crt', 'application/merge-patch+json', { data: { more: 'data' } }),
    ],
  ])('is made true again when it is %s', async (_, change) => {
    await change()
    await cluster.clock.advance('1s')
    expect((await maps('default').get('kube-root-ca.crt')).data).toEqual({ 'ca.crt': authority() })
  })
})
