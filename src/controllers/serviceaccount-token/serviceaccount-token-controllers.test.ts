import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { configMaps } from '../../api/core/v1/configmap.ts'
import { secrets } from '../../api/core/v1/secret.ts'
import { serviceAccounts } from '../../api/core/v1/serviceaccount.ts'
import { Cluster } from '../../cluster/cluster.ts'
import type { Clock } from '../../machinery/env/env.ts'
import { ControllerManager } from '../controller-manager.ts'

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
  const day = 24 * 3_600_000
  let later: ControllerManager | undefined
  afterEach(() => later?.stop())

  const setUp = async (listed: { name: string }[]) => {
    const tracking = cluster.client.resource(configMaps).namespace('kube-system')
    const { data } = await tracking.get('kube-apiserver-legacy-service-account-token-tracking')
    expect(data).toEqual({ since: '2026-01-01' })
    await accounts().create({ metadata: { name: 'builder' }, secrets: listed })
    await make(ofBuilder)
    await settle()
  }
  /** The cleaner's next round, by a clock that is so many days ahead. */
  const clean = async (days: number) => {
    await later?.stop()
    const { env, plane } = cluster
    const { clock: real } = env
    const clock: Clock = {
      now: () => real.now() + days * day,
      monotonic: () => real.monotonic(),
      // Its rounds are a day apart; what happens in between is not of interest.
      setTimeout: (callback, milliseconds) => real.setTimeout(callback, Math.min(milliseconds, 60_000)),
      setInterval: (callback, milliseconds) => real.setInterval(callback, milliseconds),
      setImmediate: callback => real.setImmediate(callback),
      sleep: (milliseconds, signal) => real.sleep(milliseconds, signal),
    }
    later = new ControllerManager({
      env: { ...env, clock },
      client: plane.client(),
      clientFor: name => plane.controllerClient(name),
      rootCA: '',
      clusterCIDR: '10.244.0.0/16',
      controllers: ['legacy-serviceaccount-token-cleaner-controller'],
    })
    await later.start()
    await cluster.clock.advance('61s')
    await settle()
  }
  const labels = async () => (await tokens().get('token')).metadata.labels ?? {}

  test('is marked after a year, and deleted after another', async () => {
    await setUp([{ name: 'token' }])
    await clean(363)
    expect(await labels()).toEqual({})
    await clean(366)
    expect(Object.keys(await labels())).toEqual([invalid])
    await clean(2 * 366)
    await expect(tokens().get('token')).rejects.toThrow('not found')
  })

  test('stays when somebody else made it', async () => {
    await setUp([])
    await clean(400)
    expect(await labels()).toEqual({})
  })

  test('stays while it is used', async () => {
    await setUp([{ name: 'token' }])
    const used = { metadata: { labels: { 'kubernetes.io/legacy-token-last-used': '2026-12-31' } } }
    await tokens().patch('token', 'application/merge-patch+json', used)
    await clean(400)
    expect(Object.keys(await labels())).toEqual(['kubernetes.io/legacy-token-last-used'])
  })
})
