// What is kept of an object when it is encrypted, who can read it, and what happens when nobody can.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { afterEach, describe, expect, test } from 'vitest'
import { systemEnv } from '../../cluster/system-env.ts'
import { openEmbeddedStore } from '../../etcd/embedded-store.ts'
import type { Store } from '../../etcd/store.ts'
import { virtualEnv } from '../../machinery/env/virtual-env.ts'
import { decodeMessage, encodeMessage } from '../../machinery/proto/wire.ts'
import { WatchCache } from '../watchcache/watch-cache.ts'
import { checkConfiguration, decodeEncryptionConfiguration } from './configuration.ts'
import { Encryption } from './encryption.ts'
import {
  DecryptRequest,
  DecryptResponse,
  EncryptedObject,
  EncryptRequest,
  EncryptResponse,
  kmsServicePath,
  StatusResponse,
} from './kms-v2-service.ts'

const folder = mkdtempSync(join(tmpdir(), 'k8ts-encryption-'))
const cleanups: (() => unknown)[] = [() => {}]
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

let files = 0
function configurationFile(...providers: string[]): string {
  const file = join(folder, `configuration-${files++}.yaml`)
  writeConfiguration(file, ...providers)
  return file
}

function writeConfiguration(file: string, ...providers: string[]): void {
  writeFileSync(
    file,
    `apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n  providers:\n${providers.map(each => `  - ${each}\n`).join('')}`,
  )
}

const secret = (byte: number, length = 32) => Buffer.alloc(length, byte).toString('base64')
const keys = (...pairs: [string, string][]) =>
  `{keys: [${pairs.map(([name, value]) => `{name: ${name}, secret: ${value}}`).join(', ')}]}`
const secrets = { group: '', resource: 'secrets' }
const key = '/registry/secrets/default/one'
const text = Buffer.from(
  '{"kind":"Secret","apiVersion":"v1","metadata":{"name":"one","namespace":"default"},"data":{"a":"Yg=="}}',
)

async function memoryStore(): Promise<Store> {
  const store = await openEmbeddedStore({ env: virtualEnv() })
  cleanups.push(() => store.close())
  return store
}

async function load(file: string, automaticReload = false, env = virtualEnv()) {
  const encryption = await Encryption.load(env, { file, automaticReload })
  cleanups.push(() => encryption.close())
  return encryption
}

const put = (store: Store, value: Uint8Array = text, modRevision = 0) =>
  store.txn({ type: 'put', key, value }, { modRevision })
const raw = async (store: Store) => Buffer.from((await store.get(key)).item!.value)

test.each([
  ['aesgcm', `aesgcm: ${keys(['key1', secret(1)])}`, 'k8s:enc:aesgcm:v1:key1:', 12 + 16],
  ['aesgcm of 16 bytes', `aesgcm: ${keys(['key1', secret(1, 16)])}`, 'k8s:enc:aesgcm:v1:key1:', 12 + 16],
  ['aescbc', `aescbc: ${keys(['key1', secret(1)])}`, 'k8s:enc:aescbc:v1:key1:', 16 + 16 - (text.length % 16)],
  ['secretbox', `secretbox: ${keys(['key1', secret(1)])}`, 'k8s:enc:secretbox:v1:key1:', 24 + 16],
  ['identity', 'identity: {}', '', 0],
])('%s: upstream layout, and back', async (_name, provider, prefix, overhead) => {
  const store = await memoryStore()
  const file = configurationFile(provider)
  await put((await load(file)).storeFor(store, secrets))
  const stored = await raw(store)
  expect(stored.subarray(0, prefix.length).toString()).toBe(prefix)
  expect(stored.length).toBe(prefix.length + overhead + text.length)
  if (prefix) expect(stored.includes('Secret')).toBe(false)
  // By another process.
  const read = await (await load(file)).storeFor(store, secrets).get(key)
  expect(Buffer.from(read.item!.value).toString()).toBe(text.toString())
})

test('secretbox is NaCl’s: the vector of its own tests', async () => {
  const hex = (text: string) => Buffer.from(text, 'hex')
  const firstKey = hex('1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389')
  const nonce = hex('69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37')
  const message = hex(
    'be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705',
  )
  const box = hex(
    'f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5',
  )
  const { secretbox } = await import('./secretbox.ts')
  const transformer = secretbox(firstKey, { next: () => 0, uuid: () => '', bytes: () => nonce })
  expect(Buffer.from(transformer.toStorage(message, key)).toString('hex')).toBe(
    Buffer.concat([nonce, box]).toString('hex'),
  )
  expect(transformer.fromStorage(Buffer.concat([nonce, box]), key)).toEqual({ value: message, stale: false })
})

test('a value moved to another key is refused where the key is authenticated', async () => {
  const store = await memoryStore()
  const encrypted = (await load(configurationFile(`aesgcm: ${keys(['key1', secret(1)])}`))).storeFor(store, secrets)
  await put(encrypted)
  const moved = '/registry/secrets/default/two'
  await store.txn({ type: 'put', key: moved, value: await raw(store) }, { modRevision: 0 })
  expect((await encrypted.get(moved)).item!.unreadable?.message).toBe('cipher: message authentication failed')
})

describe('rotation', () => {
  const old = `aescbc: ${keys(['old', secret(1)])}`
  test.each([
    [
      'two keys of a provider',
      old,
      `aescbc: ${keys(['new', secret(2)], ['old', secret(1)])}`,
      'k8s:enc:aescbc:v1:new:',
    ],
    ['from identity', 'identity: {}', `aescbc: ${keys(['new', secret(2)])}`, 'k8s:enc:aescbc:v1:new:'],
    ['to identity', old, 'identity: {}', ''],
  ])('%s: the old value is read, stale, and written anew', async (_name, before, after, prefix) => {
    const store = await memoryStore()
    await put((await load(configurationFile(before))).storeFor(store, secrets))
    const rotated = (await load(configurationFile(after, before))).storeFor(store, secrets)
    const { item } = await rotated.get(key)
    expect(Buffer.from(item!.value).toString()).toBe(text.toString())
    expect(await rotated.stale!(key)).toBe(true)
    await put(rotated, text, item!.modRevision)
    expect(await rotated.stale!(key)).toBe(false)
    expect((await raw(store)).subarray(0, Math.max(prefix.length, 1)).toString()).toBe(prefix || '{')
  })
})

test.each([
  [
    'no provider of that prefix',
    `aescbc: ${keys(['key1', secret(1)])}`,
    [`secretbox: ${keys(['key1', secret(1)])}`],
    'no matching prefix found',
  ],
  [
    'no key of that name',
    `aescbc: ${keys(['key1', secret(1)])}`,
    [`aescbc: ${keys(['key2', secret(1)])}`],
    'no matching key was found for the provided AES transformer',
  ],
  [
    'another secret',
    `aesgcm: ${keys(['key1', secret(1)])}`,
    [`aesgcm: ${keys(['key1', secret(2)])}`],
    'cipher: message authentication failed',
  ],
  ['identity alone', `aescbc: ${keys(['key1', secret(1)])}`, ['identity: {}'], 'no matching prefix found'],
])('unreadable: %s', async (_name, before, after, message) => {
  const store = await memoryStore()
  await put((await load(configurationFile(before))).storeFor(store, secrets))
  const cache = new WatchCache((await load(configurationFile(...after))).storeFor(store, secrets), '/registry/secrets/')
  await cache.start()
  cleanups.push(() => cache.stop())
  expect(() => cache.get(key)).toThrow(`Internal error occurred: ${message}`)
  expect(() => cache.range('/registry/secrets/')).toThrow(
    `Internal error occurred: unable to transform key "${key}": ${message}`,
  )
  // The others are served.
  expect(cache.range('/registry/secrets/other/')).toEqual([])
})

test('without a configuration, an encrypted value is told and nothing else fails', async () => {
  const store = await memoryStore()
  await put((await load(configurationFile(`aescbc: ${keys(['key1', secret(1)])}`))).storeFor(store, secrets))
  const cache = new WatchCache(store, '/registry/secrets/')
  await cache.start()
  cleanups.push(() => cache.stop())
  expect(() => cache.get(key)).toThrow('Internal error occurred: identity transformer tried to read encrypted data')
  await store.txn({ type: 'delete', key }, { modRevision: store.revision })
  expect(cache.get(key)).toBeUndefined()
})

test.each([
  ['resources: []', 'resources: Required value: at least one resources is required'],
  [
    'resources: [{resources: [secrets], providers: []}]',
    'resources[0].providers: Required value: at least one resources[0].providers is required',
  ],
  [
    "resources: [{resources: ['*'], providers: [{identity: {}}]}]",
    `resources[0].resources[0]: Invalid value: "*": use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources`,
  ],
  [
    "resources: [{resources: ['*.', secrets], providers: [{identity: {}}]}]",
    `resources[0].resources: Invalid value: ["*.","secrets"]: using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked`,
  ],
  [
    'resources: [{resources: [Secrets], providers: [{identity: {}}]}]',
    'resources[0].resources[0]: Invalid value: "Secrets": resource name should not contain capital letters',
  ],
  [
    'resources: [{resources: [secrets], providers: [{aescbc: {keys: [{name: a, secret: eA==}]}}]}]',
    'resources[0].providers[0].aescbc.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 1, expected one of [16 24 32]',
  ],
  [
    'resources: [{resources: [secrets], providers: [{aescbc: {keys: [{name: a, secret: "!"}]}}]}]',
    'resources[0].providers[0].aescbc.keys[0].secret: Invalid value: "REDACTED": secrets must be base64 encoded',
  ],
  [
    'resources: [{resources: [secrets], providers: [{secretbox: {keys: []}}]}]',
    'resources[0].providers[0].secretbox.keys: Required value: at least one keys is required',
  ],
  [
    'resources: [{resources: [secrets], providers: [{kms: {apiVersion: v2, name: "a:b", endpoint: "unix:///x"}}]}]',
    `resources[0].providers[0].kms.name: Invalid value: "a:b": invalid KMS provider name a:b, must not contain ':'`,
  ],
  [
    'resources: [{resources: [secrets], providers: [{kms: {apiVersion: v2, name: a, endpoint: "http://x"}}]}]',
    'resources[0].providers[0].kms.endpoint: Invalid value: "http://x": unsupported scheme "http" for KMS provider, only unix is supported',
  ],
])('refused: %s', async (yaml, message) => {
  const { parseYaml } = await import('../../machinery/yaml/parse.ts')
  const text = `apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n${yaml}`
  expect(() => checkConfiguration(decodeEncryptionConfiguration(text, parseYaml(text)), false)).toThrow(message)
})

test('a rule that an earlier one masks', async () => {
  const file = join(folder, 'masked.yaml')
  writeFileSync(
    file,
    'apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- {resources: ["*.*"], providers: [{identity: {}}]}\n- {resources: [secrets], providers: [{identity: {}}]}\n',
  )
  await expect(load(file)).rejects.toThrow('resource "secrets" is masked by earlier rule "*.*"')
})

test('automatic reload: the new file is followed; one that makes no sense is not', async () => {
  const store = await memoryStore()
  const file = configurationFile('identity: {}')
  const encryption = await load(file, true)
  const encrypted = encryption.storeFor(store, secrets)
  await put(encrypted)
  writeFileSync(file, 'kind: Nonsense\n')
  await encryption.reload()
  expect((await encrypted.get(key)).item!.unreadable).toBeUndefined()
  writeConfiguration(file, `aesgcm: ${keys(['key1', secret(1)])}`, 'identity: {}')
  await encryption.reload()
  expect(await encrypted.stale!(key)).toBe(true)
  expect(encryption.healthChecks.map(({ name, check }) => [name, check()])).toEqual([['kms-providers', undefined]])
})

describe('KMS v2', () => {
  /** A plugin that encrypts by XOR with a byte of its key's id, which is easy to see through. */
  async function plugin(name: string) {
    const state = { keyID: 'key-1', healthz: 'ok', decrypts: 0 }
    const xor = (data: Uint8Array, id: string) => Buffer.from(data.map(byte => byte ^ id.charCodeAt(id.length - 1)))
    const annotations = [{ key: 'plugin.example.com', value: Buffer.from('x') }]
    const server = new Server()
    const method = (path: 'Status' | 'Encrypt' | 'Decrypt', answer: (request: Buffer) => Uint8Array) => ({
      path: kmsServicePath(path),
      requestStream: false,
      responseStream: false,
      requestSerialize: (value: Buffer) => value,
      requestDeserialize: (value: Buffer) => value,
      responseSerialize: (value: Uint8Array) => Buffer.from(value),
      responseDeserialize: (value: Buffer) => value,
      answer,
    })
    const methods = {
      status: method('Status', () =>
        encodeMessage(StatusResponse, { version: 'v2', healthz: state.healthz, keyID: state.keyID }),
      ),
      encrypt: method('Encrypt', request =>
        encodeMessage(EncryptResponse, {
          ciphertext: xor(decodeMessage(EncryptRequest, request).plaintext, state.keyID),
          keyID: state.keyID,
          annotations,
        }),
      ),
      decrypt: method('Decrypt', request => {
        const asked = decodeMessage(DecryptRequest, request)
        expect(asked.annotations.map(each => each.key)).toEqual(['plugin.example.com'])
        state.decrypts++
        return encodeMessage(DecryptResponse, { plaintext: xor(asked.ciphertext, asked.keyID) })
      }),
    }
    server.addService(
      methods as never,
      Object.fromEntries(
        Object.entries(methods).map(([name, { answer }]) => [
          name,
          (call: { request: Buffer }, done: (error: null, value: Uint8Array) => void) =>
            done(null, answer(call.request)),
        ]),
      ) as never,
    )
    const path = join(folder, `${name}.sock`)
    await new Promise((resolve, reject) =>
      server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), error =>
        error ? reject(error) : resolve(0),
      ),
    )
    cleanups.push(() => server.forceShutdown())
    return { state, provider: `kms: {apiVersion: v2, name: ${name}, endpoint: "unix://${path}", timeout: 2s}` }
  }
  const env = () => systemEnv({ logLevel: 'silent' } as never)

  test('seeds are encrypted by the plugin, values here; a restart asks for the seed once', async () => {
    const { state, provider } = await plugin('one')
    const store = await memoryStore()
    const file = configurationFile(provider)
    await put((await load(file, false, env() as never)).storeFor(store, secrets))
    const stored = await raw(store)
    expect(stored.subarray(0, 19).toString()).toBe('k8s:enc:kms:v2:one:')
    const object = decodeMessage(EncryptedObject, stored.subarray(19))
    expect(object).toMatchObject({ keyID: 'key-1', encryptedDEKSourceType: 'HKDF_SHA256_XNONCE_AES_GCM_SEED' })
    expect(object.encryptedData.length).toBe(32 + 12 + 16 + text.length)
    expect(state.decrypts).toBe(0)
    const again = (await load(file, false, env() as never)).storeFor(store, secrets)
    const values = await Promise.all([again.get(key), again.get(key), again.range('/registry/secrets/')])
    expect(Buffer.from(values[0].item!.value).toString()).toBe(text.toString())
    expect(state.decrypts).toBe(1)
    expect(await again.stale!(key)).toBe(false)
  })

  test('another key of the plugin makes old values stale', async () => {
    const { state, provider } = await plugin('two')
    const store = await memoryStore()
    const file = configurationFile(provider)
    await put((await load(file, false, env() as never)).storeFor(store, secrets))
    state.keyID = 'key-2'
    const rotated = (await load(file, false, env() as never)).storeFor(store, secrets)
    const { item } = await rotated.get(key)
    expect(await rotated.stale!(key)).toBe(true)
    await put(rotated, text, item!.modRevision)
    expect(await rotated.stale!(key)).toBe(false)
  })

  test('an unhealthy plugin: the check says so, and nothing is written', async () => {
    const { state, provider } = await plugin('three')
    state.healthz = 'tired'
    state.keyID = ''
    const encryption = await load(configurationFile(provider), false, env() as never)
    expect(encryption.healthChecks.map(({ name, check }) => [name, check()])).toEqual([
      [
        'kms-provider-0',
        'kmsv2 Provider three is not healthy, error: [got unexpected healthz status: tired, got invalid KMSv2 KeyID hash "": keyID is empty]',
      ],
    ])
    const encrypted = encryption.storeFor(await memoryStore(), secrets)
    await expect(put(encrypted)).rejects.toThrow('Internal error occurred: got unexpected nil transformer')
  })
})
