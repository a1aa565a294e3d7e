// The plugin's keys, on virtual time: which key writes, which values are stale, and when nothing is written any more.

import { expect, test } from 'vitest'
import { virtualEnv } from '../../machinery/env/virtual-env.ts'
import { MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import { metricsText } from '../../machinery/metrics/text.ts'
import { decodeMessage } from '../../machinery/proto/wire.ts'
import { sha256Of } from '../config-reload-metrics.ts'
import { EncryptionMetrics } from './encryption-metrics.ts'
import { KmsV2Provider } from './kms-v2.ts'
import { EncryptedObject, type KmsService } from './kms-v2-service.ts'

const at = '/registry/secrets/default/one'
const value = Buffer.from('a value')
const none = new Uint8Array()

async function started() {
  const env = virtualEnv()
  const plugin = { keyID: 'key-1', healthz: 'ok', down: false, asked: 0 }
  const answer = <T>(of: T): Promise<T> =>
    plugin.down ? Promise.reject(Object.assign(new Error('14 UNAVAILABLE'), { code: 14 })) : Promise.resolve(of)
  const service: KmsService = {
    status() {
      plugin.asked++
      return answer({ version: 'v2', healthz: plugin.healthz, keyID: plugin.keyID })
    },
    encrypt: ({ plaintext = none }) => answer({ ciphertext: plaintext, keyID: plugin.keyID, annotations: [] }),
    decrypt: ({ ciphertext = none }) => answer({ plaintext: ciphertext }),
    close() {},
  }
  const registry = new MetricsRegistry()
  const provider = new KmsV2Provider('mine', service, env)
  provider.measure(new EncryptionMetrics(registry, env.clock))
  await provider.start()
  const keyOf = (stored: Uint8Array) => decodeMessage(EncryptedObject, stored).keyID
  const lines = (part: string) =>
    metricsText(registry)
      .split('\n')
      .filter(line => line.includes(part))
  /** Second by second: what is asked is answered before the next one. */
  async function pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      await env.clock.advance(1000)
      await new Promise(setImmediate)
    }
  }
  return { pass, plugin, provider, keyOf, lines }
}

test('another key, which the status check tells, writes from then on; what others wrote is stale', async () => {
  const { pass, plugin, provider, keyOf, lines } = await started()
  const before = provider.toStorage(value, at)
  expect(keyOf(before)).toBe('key-1')
  expect(await provider.fromStorage(before, at)).toMatchObject({ stale: false })

  plugin.keyID = 'key-2'
  // Until the plugin is asked again nobody knows.
  await pass(59)
  expect(keyOf(provider.toStorage(value, at))).toBe('key-1')
  await pass(1)
  const after = provider.toStorage(value, at)
  expect(keyOf(after)).toBe('key-2')
  expect(await provider.fromStorage(after, at)).toMatchObject({ stale: false })
  const old = await provider.fromStorage(before, at)
  expect(Buffer.from(old.value).toString()).toBe('a value')
  expect(old.stale).toBe(true)

  // And back: its values are good again.
  plugin.keyID = 'key-1'
  await pass(60)
  expect(await provider.fromStorage(after, at)).toMatchObject({ stale: true })
  provider.close()

  const used = lines('key_id_hash_total{')
  for (const [key, direction, count] of [
    ['key-1', 'to_storage', 2],
    ['key-1', 'from_storage', 2],
    ['key-2', 'to_storage', 1],
    ['key-2', 'from_storage', 2],
  ] as const)
    expect(used.filter(line => line.includes(sha256Of(key)) && line.includes(direction))).toEqual([
      expect.stringMatching(new RegExp(` ${count}$`)),
    ])
  expect(lines('key_id_hash_status_last_timestamp_seconds{')).toHaveLength(2)
  expect(lines('kms_operations_latency_seconds_count{')).toEqual([
    expect.stringContaining(
      '{grpc_status_code="OK",method_name="/v2.KeyManagementService/Status",provider_name="mine"}',
    ),
    expect.stringContaining(
      '{grpc_status_code="OK",method_name="/v2.KeyManagementService/Encrypt",provider_name="mine"}',
    ),
  ])
})

test('a plugin that is away is asked more often; after three minutes nothing is written, and then again', async () => {
  const { pass, plugin, provider, keyOf, lines } = await started()
  plugin.down = true
  await pass(60)
  const asked = plugin.asked
  await pass(30)
  expect(plugin.asked - asked).toBe(3)
  expect(provider.problem).toBe(
    'failed to perform status section of the healthz check for KMS Provider mine, error: 14 UNAVAILABLE',
  )
  // The seed is at hand: for a while the plugin is not missed.
  expect(keyOf(provider.toStorage(value, at))).toBe('key-1')
  await pass(91)
  expect(() => provider.toStorage(value, at)).toThrow(
    /^encryptedDEKSource with keyID hash "sha256:[0-9a-f]{64}" expired at 2026-01-01T00:03:00Z \(current time is /,
  )
  plugin.down = false
  await pass(10)
  expect(keyOf(provider.toStorage(value, at))).toBe('key-1')
  expect(provider.problem).toBeUndefined()
  expect(lines('grpc_status_code="Unavailable"').length).toBeGreaterThan(0)
  provider.close()
})

test('a key without a name rotates nothing', async () => {
  const { pass, plugin, provider, keyOf, lines } = await started()
  plugin.keyID = ''
  await pass(60)
  expect(provider.problem).toBe(
    'kmsv2 Provider mine is not healthy, error: got invalid KMSv2 KeyID hash "": keyID is empty',
  )
  expect(keyOf(provider.toStorage(value, at))).toBe('key-1')
  expect(lines('invalid_key_id_from_status_total{')).toEqual([
    expect.stringContaining('error="empty",provider_name="mine"'),
  ])
  provider.close()
})
