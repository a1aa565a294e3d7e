import { beforeEach, describe, expect, test } from 'vitest'
import type { Pod } from '../../api/core/v1/pod.ts'
import { createClient } from '../../client/rest-client.ts'
import { settledEnv } from '../../client/testing/settled-env.ts'
import type { VirtualEnv } from '../../machinery/env/virtual-env.ts'
import { ObjectSource } from '../object-source.ts'
import { KubeletApi, testPod } from '../testing/node-bench.ts'
import { MemoryVolumeHost } from './memory-volume-host.ts'
import { TokenManager } from './service-account-token.ts'
import { VolumeManager } from './volume-manager.ts'

let env: VirtualEnv
let api: KubeletApi
let host: MemoryVolumeHost
let manager: VolumeManager
const around = { podIps: [], hostIps: [], allocatable: { cpu: '4' } }

const at = (kind: string, name: string, object: object) =>
  api.put(`/api/v1/namespaces/default/${kind}/${name}`, { metadata: { name, namespace: 'default' }, ...object } as any)
const base64 = (text: string) => Buffer.from(text).toString('base64')

beforeEach(() => {
  env = settledEnv()
  api = new KubeletApi(() => env.clock.now())
  const client = createClient(api)
  host = new MemoryVolumeHost()
  const config = new ObjectSource(client)
  const tokens = new TokenManager(client, env)
  manager = new VolumeManager({ host, client, config, tokens, rootDir: '/root', simulated: false })
  at('configmaps', 'settings', { data: { a: '1', b: '2' }, binaryData: { c: base64('3') } })
  at('secrets', 'keys', { data: { password: base64('s3cret') } })
})

const withVolume = (volume: object, spec: object = {}): Pod =>
  testPod(
    'p',
    { volumes: [{ name: 'v', ...volume }], ...spec },
    { labels: { app: 'x' }, annotations: { note: 'a "b"' } },
  )

/** The files of the volume as a container finds them. */
async function files(pod: Pod, ...names: string[]): Promise<Record<string, string | undefined>> {
  const { hostPath } = (await manager.mount(pod, around)).get('v')!
  return Object.fromEntries(names.map(name => [name, host.read(hostPath, name)?.toString()]))
}

describe('shows', () => {
  test('a ConfigMap, whole', async () => {
    expect(await files(withVolume({ configMap: { name: 'settings' } }), 'a', 'b', 'c')).toEqual({
      a: '1',
      b: '2',
      c: '3',
    })
  })

  test('chosen keys under other names', async () => {
    const items = [{ key: 'a', path: 'dir/file' }]
    expect(await files(withVolume({ configMap: { name: 'settings', items } }), 'dir/file', 'b')).toEqual({
      'dir/file': '1',
      b: undefined,
    })
  })

  test('a Secret', async () => {
    expect(await files(withVolume({ secret: { secretName: 'keys' } }), 'password')).toEqual({ password: 's3cret' })
  })

  test('the pod itself', async () => {
    const items = [
      { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
      { path: 'notes', fieldRef: { fieldPath: 'metadata.annotations' } },
      { path: 'cpu', resourceFieldRef: { containerName: 'main', resource: 'limits.cpu', divisor: '1m' } },
    ]
    expect(await files(withVolume({ downwardAPI: { items } }), 'labels', 'notes', 'cpu')).toEqual({
      labels: 'app="x"',
      notes: 'note="a \\"b\\""',
      cpu: '4000',
    })
  })

  test('all together, as every pod has it', async () => {
    const sources = [
      { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
      { configMap: { name: 'settings', items: [{ key: 'a', path: 'ca.crt' }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
    ]
    expect(await files(withVolume({ projected: { sources } }), 'token', 'ca.crt', 'namespace')).toEqual({
      token: `token-${env.clock.now()}`,
      'ca.crt': '1',
      namespace: 'default',
    })
    const body = api.requests.find(({ path }) => path.endsWith('/token'))!.body as any
    expect(body.spec).toEqual({
      audiences: [],
      expirationSeconds: 3607,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'uid-of-p' },
    })
  })
})

test('mounting again shows what has changed', async () => {
  const pod = withVolume({ configMap: { name: 'settings' } })
  await files(pod, 'a')
  at('configmaps', 'settings', { data: { a: 'new' } })
  expect(await files(pod, 'a', 'b')).toEqual({ a: 'new', b: undefined })
})

test('a token is asked for anew after four fifths of its life', async () => {
  const pod = withVolume({
    projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 3600 } }] },
  })
  const { token: first } = await files(pod, 'token')
  await env.clock.advance(2_870_000)
  expect(await files(pod, 'token')).toEqual({ token: first })
  await env.clock.advance(20_000)
  expect(await files(pod, 'token')).not.toEqual({ token: first })
})

describe('what is missing', () => {
  test.each([
    [{ configMap: { name: 'absent' } }, 'configmap "absent" not found'],
    [{ secret: { secretName: 'absent' } }, 'secret "absent" not found'],
    [
      { configMap: { name: 'settings', items: [{ key: 'z', path: 'z' }] } },
      'configmap references non-existent config key: z',
    ],
    [{ secret: { secretName: 'keys', items: [{ key: 'z', path: 'z' }] } }, 'references non-existent secret key: z'],
    [{ csi: { driver: 'x' } }, 'no volume plugin matched: volumes of kind csi are not supported on this node'],
  ])('%j', async (volume, message) => {
    await expect(manager.mount(withVolume(volume), around)).rejects.toThrow(
      `MountVolume.SetUp failed for volume "v" : ${message}`,
    )
  })

  test('is nothing when it is optional', async () => {
    expect(await files(withVolume({ configMap: { name: 'absent', optional: true } }), 'a')).toEqual({ a: undefined })
    const items = [{ key: 'z', path: 'z' }]
    expect(await files(withVolume({ configMap: { name: 'settings', items, optional: true } }), 'z')).toEqual({
      z: undefined,
    })
  })
})

test('a claim leads to its volume’s path', async () => {
  at('persistentvolumeclaims', 'data', { spec: { volumeName: 'pv' }, status: { phase: 'Bound' } })
  api.put('/api/v1/persistentvolumes/pv', {
    metadata: { name: 'pv' },
    spec: { hostPath: { path: '/srv/data' } },
  } as any)
  const pod = withVolume({ persistentVolumeClaim: { claimName: 'data' } })
  expect((await manager.mount(pod, around)).get('v')).toEqual({ name: 'v', hostPath: '/srv/data', readOnly: false })
})

test('everything goes with the pod', async () => {
  const pod = withVolume({ secret: { secretName: 'keys' } })
  const { hostPath } = (await manager.mount(pod, around)).get('v')!
  await manager.unmount('uid-of-p')
  expect(host.read(hostPath, 'password')).toBeUndefined()
})
