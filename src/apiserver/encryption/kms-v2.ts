// KMS v2: envelopes. A seed is drawn here and encrypted by the plugin, once for each of the plugin's keys; every value is
// encrypted here, by a key derived from the seed, and carries the encrypted seed with it. So a write never waits for the
// plugin, and a read only for seeds that are not known yet.
//
// The plugin's status is asked every minute (every ten seconds while something is wrong): when it names another key, a
// new seed is drawn. When it has not answered for three minutes nothing can be written any more.

import type { Env, Timer } from '../../machinery/env/env.ts'
import { aggregateMessage } from '../../machinery/field-error.ts'
import { quote } from '../../machinery/go-text.ts'
import { grpcCodes } from '../../machinery/grpc-codes.ts'
import { decodeMessage, encodeMessage } from '../../machinery/proto/wire.ts'
import { formatTime } from '../../machinery/time.ts'
import { isDNS1123Subdomain } from '../../machinery/validation/names.ts'
import { sha256Of } from '../config-reload-metrics.ts'
import { extendedNonceGCM, gcm, minSeedSize } from './aes.ts'
import type { EncryptionMetrics } from './encryption-metrics.ts'
import { EncryptedObject, type KmsService } from './kms-v2-service.ts'
import type { ReadValue, Transformer } from './transformer.ts'

const statusInterval = 60_000
const retryInterval = 10_000
const writeTTL = 3 * 60_000
const healthyTTL = 20_000
const unhealthyTTL = 3_000

const maxKeyID = 1024
const maxSource = 1024
const maxAnnotations = 32 * 1024
/** How many decrypted seeds are remembered. */
const maxSeeds = 1024

interface State {
  readonly transformer: Transformer
  readonly object: Omit<EncryptedObject, 'encryptedData'>
  expires: number
}

export class KmsV2Provider implements Transformer {
  readonly name: string
  readonly #env: Env
  readonly #service: KmsService
  readonly #seeds = new Map<string, Transformer | Promise<Transformer>>()
  #state: State | undefined
  #version = ''
  #last: { readonly at: number; readonly ttl: number; readonly error: string | undefined } | undefined
  #checking: Promise<string | undefined> | undefined
  #timer: Timer | undefined
  #closed = false
  #metrics: EncryptionMetrics | undefined

  constructor(name: string, service: KmsService, env: Env) {
    this.name = name
    this.#service = service
    this.#env = env
  }

  /** Asks the plugin for the first time, and goes on asking. A plugin that is not there yet is no failure. */
  async start(): Promise<void> {
    this.#ask(await this.check())
  }

  /** Counts from now on. */
  measure(metrics: EncryptionMetrics): void {
    this.#metrics = metrics
  }

  async #call<T>(method: string, call: () => Promise<T>): Promise<T> {
    const { clock } = this.#env
    const started = clock.monotonic()
    const ended = (status: string) =>
      this.#metrics?.called(this.name, `/v2.KeyManagementService/${method}`, status, clock.monotonic() - started)
    try {
      const answer = await call()
      ended('OK')
      return answer
    } catch (error) {
      ended(grpcStatus(error))
      throw error
    }
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
    this.#service.close()
  }

  /** What was wrong when the plugin was last asked: for the health checks. A new question is put when that is long ago. */
  get problem(): string | undefined {
    const { clock } = this.#env
    if (!this.#last || clock.monotonic() - this.#last.at >= this.#last.ttl) void this.check()
    return this.#last ? this.#last.error : 'the plugin has not been asked yet'
  }

  /** Asks the plugin how it is, unless it was asked just now; draws a new seed when its key is another. */
  check(): Promise<string | undefined> {
    const { clock } = this.#env
    if (this.#last && clock.monotonic() - this.#last.at < this.#last.ttl) return Promise.resolve(this.#last.error)
    this.#checking ??= this.#check().then(error => {
      this.#checking = undefined
      this.#last = { at: clock.monotonic(), ttl: error === undefined ? healthyTTL : unhealthyTTL, error }
      return error
    })
    return this.#checking
  }

  toStorage(data: Uint8Array, key: string): Uint8Array {
    const state = this.#current()
    const now = this.#env.clock.now()
    if (now > state.expires)
      throw new Error(
        `encryptedDEKSource with keyID hash ${quote(sha256Of(state.object.keyID))} expired at ${formatTime(state.expires)} (current time is ${formatTime(now)})`,
      )
    this.#metrics?.used('to_storage', this.name, state.object.keyID)
    return encodeMessage(EncryptedObject, { ...state.object, encryptedData: state.transformer.toStorage(data, key) })
  }

  fromStorage(data: Uint8Array, key: string): ReadValue | Promise<ReadValue> {
    const object = decodeMessage(EncryptedObject, data)
    validateObject(object)
    this.#metrics?.used('from_storage', this.name, object.keyID)
    const state = this.#current()
    const stale =
      object.keyID !== state.object.keyID || object.encryptedDEKSourceType !== state.object.encryptedDEKSourceType
    const read = (transformer: Transformer): ReadValue => ({
      // These transformers answer at once.
      value: (transformer.fromStorage(object.encryptedData, key) as ReadValue).value,
      stale,
    })
    const transformer = this.#seeds.get(seedKey(object)) ?? this.#decryptSeed(object)
    return transformer instanceof Promise ? transformer.then(read) : read(transformer)
  }

  #decryptSeed(object: EncryptedObject): Promise<Transformer> {
    const key = seedKey(object)
    const { encryptedDEKSource: ciphertext, keyID, annotations } = object
    const decrypted = this.#call('Decrypt', () =>
      this.#service.decrypt({ ciphertext, keyID, annotations, uid: this.#env.random.uuid() }),
    ).then(
      ({ plaintext }) => {
        const make = object.encryptedDEKSourceType === 'AES_GCM_KEY' ? gcm : extendedNonceGCM
        const transformer = make(plaintext, this.#env.random)
        this.#remember(key, transformer)
        return transformer
      },
      error => {
        this.#seeds.delete(key)
        throw new Error(`failed to decrypt DEK, error: ${(error as Error).message}`)
      },
    )
    // Whoever reads a value of the same seed meanwhile waits with the first.
    this.#remember(key, decrypted)
    return decrypted
  }

  #remember(key: string, transformer: Transformer | Promise<Transformer>): void {
    if (this.#seeds.size >= maxSeeds) this.#seeds.clear()
    this.#seeds.set(key, transformer)
    this.#metrics?.seeds(this.name, this.#seeds.size)
  }

  #current(): State {
    if (!this.#state) throw new Error('got unexpected nil transformer')
    return this.#state
  }

  #ask(problem: string | undefined): void {
    if (this.#closed) return
    if (problem !== undefined) this.#env.log.warn('a KMS plugin failed its health check', { name: this.name, problem })
    this.#timer = this.#env.clock.setTimeout(
      () => void this.check().then(error => this.#ask(error)),
      problem === undefined ? statusInterval : retryInterval,
    )
  }

  async #check(): Promise<string | undefined> {
    let status: Awaited<ReturnType<KmsService['status']>>
    try {
      status = await this.#call('Status', () => this.#service.status())
    } catch (error) {
      return `failed to perform status section of the healthz check for KMS Provider ${this.name}, error: ${(error as Error).message}`
    }
    const problems: string[] = []
    if (status.healthz !== 'ok') problems.push(`got unexpected healthz status: ${status.healthz}`)
    if (status.version !== 'v2' && status.version !== 'v2beta1')
      problems.push(`expected KMSv2 API version v2, got ${status.version}`)
    else {
      this.#version ||= status.version
      if (this.#version !== status.version)
        problems.push(
          `KMSv2 API version should not change after the initial status response version ${this.#version}, got ${status.version}`,
        )
    }
    const wrongKey = keyIDProblem(status.keyID)
    if (wrongKey !== undefined) {
      this.#metrics?.invalidKey(this.name, status.keyID === '' ? 'empty' : 'too_long')
      problems.push(`got invalid KMSv2 KeyID hash ${quote(sha256Of(status.keyID))}: ${wrongKey}`)
    } else {
      this.#metrics?.toldByStatus(this.name, status.keyID)
      const failure = await this.#keepSeed(status.keyID)
      if (failure !== undefined) problems.push(failure)
    }
    if (problems.length === 0) return undefined
    return `kmsv2 Provider ${this.name} is not healthy, error: ${aggregateMessage(problems)}`
  }

  /** The seed is good for a while longer; or there is a new one, when the plugin's key is another. */
  async #keepSeed(keyID: string): Promise<string | undefined> {
    const expires = this.#env.clock.now() + writeTTL
    const state = this.#state
    if (state?.object.keyID === keyID) {
      state.expires = expires
      return undefined
    }
    const uid = this.#env.random.uuid()
    let failure = '<nil>'
    let encryptedBy = ''
    try {
      const seed = this.#env.random.bytes(minSeedSize)
      const {
        ciphertext,
        keyID: by,
        annotations,
      } = await this.#call('Encrypt', () => this.#service.encrypt({ plaintext: seed, uid })).catch(error => {
        throw new Error(`failed to encrypt DEK, error: ${(error as Error).message}`)
      })
      encryptedBy = by
      const object = {
        keyID: by,
        encryptedDEKSource: ciphertext,
        annotations,
        encryptedDEKSourceType: 'HKDF_SHA256_XNONCE_AES_GCM_SEED',
      } as const
      validateObject({ ...object, encryptedData: Uint8Array.of(0) })
      if (by === keyID) {
        const transformer = extendedNonceGCM(seed, this.#env.random)
        this.#state = { transformer, object, expires }
        this.#remember(seedKey(object), transformer)
        return undefined
      }
    } catch (error) {
      failure = (error as Error).message
    }
    const before = state ? '<nil>' : 'got unexpected nil transformer'
    return `failed to rotate DEK uid=${quote(uid)}, useSeed=true, errState=${before}, errGen=${failure}, statusKeyIDHash=${quote(sha256Of(keyID))}, encryptKeyIDHash=${quote(sha256Of(encryptedBy))}, stateKeyIDHash=${quote(sha256Of(state?.object.keyID ?? ''))}, expirationTimestamp=${formatTime(state?.expires ?? 0)}`
  }
}

/** gRPC's name for the code; what failed before there was a call has none. */
function grpcStatus(error: unknown): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'number' ? (grpcCodes[code] ?? `Code(${code})`) : 'unknown-non-grpc'
}

function seedKey(object: Omit<EncryptedObject, 'encryptedData'>): string {
  const annotations = object.annotations
    .map(({ key, value }) => `${key} ${Buffer.from(value).toString('base64')}`)
    .sort()
  const source = Buffer.from(object.encryptedDEKSource).toString('base64')
  return [object.encryptedDEKSourceType, source, object.keyID, ...annotations].join('\0')
}

function keyIDProblem(keyID: string): string | undefined {
  if (keyID === '') return 'keyID is empty'
  const size = Buffer.byteLength(keyID)
  return size > maxKeyID ? `keyID is ${size} bytes, which exceeds the max size of ${maxKeyID}` : undefined
}

function validateObject(object: EncryptedObject): void {
  const { encryptedData, encryptedDEKSource, keyID, annotations } = object
  if (encryptedData.length === 0) throw new Error('encrypted data is empty')
  if (encryptedDEKSource.length === 0)
    throw new Error('failed to validate encrypted DEK source: encrypted DEK source is empty')
  if (encryptedDEKSource.length > maxSource)
    throw new Error(
      `failed to validate encrypted DEK source: encrypted DEK source is ${encryptedDEKSource.length} bytes, which exceeds the max size of ${maxSource}`,
    )
  const wrongKey = keyIDProblem(keyID)
  if (wrongKey !== undefined) throw new Error(`failed to validate key id: ${wrongKey}`)
  const problems = annotations.flatMap(({ key }) => [
    ...isDNS1123Subdomain(key).map(problem => `annotations: Invalid value: ${quote(key)}: ${problem}`),
    ...(key.includes('.')
      ? []
      : [`annotations: Invalid value: ${quote(key)}: should be a domain with at least two segments separated by dots`]),
  ])
  const size = annotations.reduce((sum, { key, value }) => sum + Buffer.byteLength(key) + value.length, 0)
  if (size > maxAnnotations)
    problems.push(`total size of annotations is ${size}, which exceeds the max size of ${maxAnnotations}`)
  if (problems.length > 0) throw new Error(`failed to validate annotations: ${aggregateMessage(problems)}`)
}
