import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { configMaps } from '../../api/core/v1/configmap.ts'
import { secrets } from '../../api/core/v1/secret.ts'
import { serviceAccounts } from '../../api/core/v1/serviceaccount.ts'
import { Cluster } from '../../cluster/cluster.ts'

// Tokens that live in Secrets.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutScheduler: true })
})
afterEach(() => cluster.stop())

const accounts = () => cluster.client.resource(serviceAccounts).namespace('default')
const tokens = () => cluster.client.resource(secrets).namespace('default')
const settle = () => cluster.clock.advance('1s')
const text = (value: string | undefined) => Buffer.from(value ?? '', 'base64').toString()
const make = (annotations: Record<string, string>, labels?: Record<string, string>) =>
  tokens().create({
    metadata: { name: 'token', annotations, labels },
    type: 'kubernetes.io/service-account-token',
  })
const ofBuilder = { 'kubernetes.io/service-account.name': 'builder' }

describe('a Secret for a token', () => {
  test('is filled', async () => {
    const account = await accounts().create({ metadata: { name: 'builder' } })
    await make(ofBuilder)
    await settle()
    const { data, metadata } = await tokens().get('token')
    expect(text(data!['ca.crt'])).toBe(cluster.plane.pki.certificateAuthority.certificate)
    expect(text(data!['namespace'])).toBe('default')
    expect(JSON.parse(Buffer.from(text(data!['token']).split('.')[1]!, 'base64url').toString())).toEqual({
      iss: 'kubernetes/serviceaccount',
      'kubernetes.io/serviceaccount/namespace': 'default',
      'kubernetes.io/serviceaccount/secret.name': 'token',
      'kubernetes.io/serviceaccount/service-account.name': 'builder',
      'kubernetes.io/serviceaccount/service-account.uid': account.metadata.uid,
      sub: 'system:serviceaccount:default:builder',
    })
    expect(metadata.annotations!['kubernetes.io/service-account.uid']).toBe(account.metadata.uid)
  })

  test('is filled again when somebody empties it', async () => {
    await accounts().create({ metadata: { name: 'builder' } })
    await make(ofBuilder)
    await settle()
    await tokens().patch('token', 'application/merge-patch+json', { data: { 'ca.crt': 'b2xk', token: null } })
    await settle()
    const { data } = await tokens().get('token')
    expect(text(data!['ca.crt'])).toContain('BEGIN CERTIFICATE')
    expect(text(data!['token']).split('.')).toHaveLength(3)
  })

  test.each<[string, Record<string, string>]>([
    ['nobody', { 'kubernetes.io/service-account.name': 'nobody' }],
    ['somebody who was there before', { ...ofBuilder, 'kubernetes.io/service-account.uid': 'another' }],
  ])('of %s is deleted', async (_, annotations) => {
    await accounts().create({ metadata: { name: 'builder' } })
    await make(annotations)
    await settle()
    await expect(tokens().get('token')).rejects.toThrow('secrets "token" not found')
  })

  test('goes with its account', async () => {
    await accounts().create({ metadata: { name: 'builder' } })
    await make(ofBuilder)
    await settle()
    await accounts().delete('builder')
    await settle()
    await expect(tokens().get('token')).rejects.toThrow('not found')
  })

  test('is no longer listed by its account when it is gone', async () => {
    await accounts().create({ metadata: { name: 'builder' }, secrets: [{ name: 'token' }, { name: 'other' }] })
    await make(ofBuilder)
    await settle()
    await tokens().delete('token')
    await settle()
    expect((await accounts().get('builder')).secrets).toEqual([{ name: 'other' }])
  })
})

describe('an unused token that was made for its account', () => {
  const invalid = 'kubernetes.io/legacy-token-invalid-since'
  const track = () =>
    cluster.client
      .resource(configMaps)
      .namespace('kube-system')
      .create({
        metadata: { name: 'kube-apiserver-legacy-service-account-token-tracking' },
        data: { since: '2026-01-01' },
      })
      .catch(() => undefined)
  const years = async (count: number) => cluster.clock.advance(count * 368 * 24 * 3_600_000)
  const setUp = async (secretsOf: { name: string }[], labels?: Record<string, string>) => {
    await cluster.stop()
    cluster = await Cluster.start({
      nodes: 0,
      withoutScheduler: true,
      controllers: ['legacy-serviceaccount-token-cleaner-controller', 'serviceaccount-token-controller'],
    })
    await track()
    await accounts().create({ metadata: { name: 'builder' }, secrets: secretsOf })
    await make(ofBuilder, labels)
    await settle()
  }

  test('is marked after a year, and deleted after another', async () => {
    await setUp([{ name: 'token' }])
    await years(1)
    expect((await tokens().get('token')).metadata.labels?.[invalid]).toBe('2027-01-03')
    await years(1)
    await expect(tokens().get('token')).rejects.toThrow('not found')
  }, 60_000)

  test('stays when somebody else made it', async () => {
    await setUp([])
    await years(1)
    expect((await tokens().get('token')).metadata.labels).toBeUndefined()
  }, 60_000)
})
