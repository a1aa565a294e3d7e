// Encryption at rest, seen from a client: a restart on the same data with other keys, and what an unchanged update does.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Encryption } from '../../src/apiserver/encryption/encryption.ts'
import { ControlPlane } from '../../src/cluster/control-plane.ts'
import { systemEnv } from '../../src/cluster/system-env.ts'
import { openEmbeddedStore } from '../../src/etcd/embedded-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'k8ts-encrypted-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const storeDirectory = join(folder, 'etcd')
const env = systemEnv()

function configuration(...providers: string[]): string {
  const file = join(folder, 'encryption.yaml')
  writeFileSync(
    file,
    `apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n  providers:\n${providers.map(each => `  - ${each}\n`).join('')}`,
  )
  return file
}

const provider = (name: string, byte: number) =>
  `aescbc: {keys: [{name: ${name}, secret: ${Buffer.alloc(32, byte).toString('base64')}}]}`
const path = '/api/v1/namespaces/default/secrets'

async function during<T>(
  providers: readonly string[],
  work: (ask: (method: 'GET' | 'POST' | 'PUT', path: string, body?: object) => Promise<any>) => Promise<T>,
) {
  const encryption =
    providers.length === 0
      ? undefined
      : await Encryption.load(env, { file: configuration(...providers), automaticReload: false })
  const plane = await ControlPlane.start({
    env,
    storeDirectory,
    pkiDirectory: join(folder, 'pki'),
    withoutControllers: true,
    withoutScheduler: true,
    requests: { encryption },
  })
  try {
    const transport = plane.apiServer.transport()
    return await work(async (method, at, body) => (await transport.request({ method, path: at, body })).body)
  } finally {
    await plane.stop()
  }
}

async function stored(name: string): Promise<string> {
  const store = await openEmbeddedStore({ env, directory: storeDirectory })
  const { item } = await store.get(`/registry/secrets/default/${name}`)
  await store.close()
  return Buffer.from(item!.value).toString('latin1').slice(0, 24)
}

const secret = (name: string) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: { key: 'dmFsdWU=' } })

test('from plain to encrypted, to another key, and to no key', async () => {
  await during([], ask => ask('POST', path, secret('one')))
  expect(await stored('one')).toMatch(/^\{/)
  // Turned on: what stands there is read; an update that changes nothing encrypts it.
  await during([provider('first', 1), 'identity: {}'], async ask => {
    const one = await ask('GET', `${path}/one`)
    const { metadata } = await ask('PUT', `${path}/one`, structuredClone(one))
    expect(metadata.resourceVersion).not.toBe(one.metadata.resourceVersion)
    // Only once.
    const again = await ask('PUT', `${path}/one`, { ...structuredClone(one), metadata: structuredClone(metadata) })
    expect(again.metadata.resourceVersion).toBe(metadata.resourceVersion)
    await ask('POST', path, secret('two'))
  })
  expect(await stored('one')).toMatch(/^k8s:enc:aescbc:v1:first:/)
  // Rotated.
  await during([provider('next', 2), provider('first', 1)], async ask => {
    const one = await ask('GET', `${path}/one`)
    expect(one.data).toEqual({ key: 'dmFsdWU=' })
    await ask('PUT', `${path}/one`, structuredClone(one))
    expect((await ask('GET', path)).items).toHaveLength(2)
  })
  expect(await stored('one')).toMatch(/^k8s:enc:aescbc:v1:next:/)
  // The first key is gone, and `two` with it.
  await during([provider('next', 2)], async ask => {
    expect((await ask('GET', `${path}/one`)).data).toEqual({ key: 'dmFsdWU=' })
    const message = 'no matching key was found for the provided AES transformer'
    expect(await ask('GET', `${path}/two`)).toMatchObject({
      code: 500,
      reason: 'InternalError',
      message: `Internal error occurred: ${message}`,
    })
    expect(await ask('GET', path)).toMatchObject({
      code: 500,
      message: `Internal error occurred: unable to transform key "/registry/secrets/default/two": ${message}`,
    })
    expect(await ask('POST', path, secret('two'))).toMatchObject({ code: 409, reason: 'AlreadyExists' })
    expect(await ask('POST', path, secret('three'))).toMatchObject({ kind: 'Secret' })
  })
  // Nothing configured at all.
  await during([], async ask => {
    expect((await ask('GET', `${path}/one`)).message).toBe(
      'Internal error occurred: identity transformer tried to read encrypted data',
    )
  })
})
