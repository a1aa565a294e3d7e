// Encryption at rest: --encryption-provider-config.
//
// Comes in: the file that says which resources are encrypted, and by what. Goes out: for each resource, a store in front
// of the store (encrypted-store.ts), and the health of the KMS plugins. With automatic reload the file is looked at once
// a minute; a file that makes no sense changes nothing, and is told in the log. Import this file only when there is a
// configuration: it brings cryptography with it.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Store } from '../../etcd/store.ts'
import type { Env, Timer } from '../../machinery/env/env.ts'
import { quote } from '../../machinery/go-text.ts'
import type { MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import { parseYaml } from '../../machinery/yaml/parse.ts'
import { apiServerID, ConfigReloadMetrics } from '../config-reload-metrics.ts'
import type { HealthCheck } from '../endpoints/health.ts'
import { cbc, gcm } from './aes.ts'
import {
  checkConfiguration,
  decodeEncryptionConfiguration,
  type EncryptionConfiguration,
  type Key,
  kmsTimeout,
  type ProviderConfiguration,
  parseGroupResource,
} from './configuration.ts'
import { EncryptedStore } from './encrypted-store.ts'
import { EncryptionMetrics } from './encryption-metrics.ts'
import { KmsV2Provider } from './kms-v2.ts'
import { kmsService } from './kms-v2-service.ts'
import { identity, type PrefixTransformer, PrefixTransformers, type Transformer } from './transformer.ts'

const reloadInterval = 60_000

export interface EncryptionOptions {
  readonly file: string
  /** --encryption-provider-config-automatic-reload */
  readonly automaticReload: boolean
}

/** What one reading of the file came to. */
interface Transformers {
  readonly byResource: ReadonlyMap<string, Transformer>
  readonly kms: readonly KmsV2Provider[]
  /** How long requests to plugins may still be under way. */
  readonly grace: number
  readonly data: Buffer
  readonly hash: string
}

export class Encryption {
  readonly #env: Env
  readonly #options: EncryptionOptions
  #transformers: Transformers
  #timer: Timer | undefined
  #metrics: EncryptionMetrics | undefined
  #reloads: ConfigReloadMetrics | undefined
  readonly #retired = new Set<KmsV2Provider>()

  private constructor(env: Env, options: EncryptionOptions, transformers: Transformers) {
    this.#env = env
    this.#options = options
    this.#transformers = transformers
  }

  /** Throws an Error that says what is wrong with the file. */
  static async load(env: Env, options: EncryptionOptions): Promise<Encryption> {
    const data = readFile(options.file)
    const encryption = new Encryption(env, options, await build(env, options, data))
    if (options.automaticReload)
      encryption.#timer = env.clock.setInterval(() => void encryption.reload(), reloadInterval)
    return encryption
  }

  /** Counts from now on. */
  measure(registry: MetricsRegistry): void {
    const { clock } = this.#env
    this.#metrics = new EncryptionMetrics(registry, clock)
    for (const provider of this.#transformers.kms) provider.measure(this.#metrics)
    if (this.#options.automaticReload)
      this.#reloads = new ConfigReloadMetrics(registry, clock, 'encryption', {
        server: apiServerID,
        content: this.#transformers.data.toString(),
      })
  }

  /** The store as one resource sees it. */
  storeFor(store: Store, of: { readonly group: string; readonly resource: string }): Store {
    return new EncryptedStore(store, () => {
      const { byResource } = this.#transformers
      return (
        byResource.get(`${of.resource}.${of.group}`) ??
        byResource.get(`*.${of.group}`) ??
        byResource.get('*.*') ??
        identity
      )
    })
  }

  /** With reload, one check for all plugins, since they may change; else one for each. */
  get healthChecks(): HealthCheck[] {
    if (this.#options.automaticReload)
      return [{ name: 'kms-providers', check: () => firstProblem(this.#transformers.kms) }]
    return this.#transformers.kms.map((provider, index) => ({
      name: `kms-provider-${index}`,
      check: () => provider.problem,
    }))
  }

  /** Reads the file again, if it has changed. */
  async reload(): Promise<void> {
    try {
      const data = readFile(this.#options.file)
      if (hashOf(data) === this.#transformers.hash) return
      const next = await build(this.#env, this.#options, data)
      // A plugin that isn't there would leave nothing readable.
      const problem = firstProblem(next.kms)
      if (problem !== undefined) {
        for (const provider of next.kms) provider.close()
        throw new Error(problem)
      }
      const before = this.#transformers
      this.#transformers = next
      if (this.#metrics) for (const provider of next.kms) provider.measure(this.#metrics)
      this.#reloads?.succeeded(data.toString())
      this.#env.log.info('the encryption configuration was loaded anew', { hash: next.hash })
      for (const provider of before.kms) {
        this.#retired.add(provider)
        this.#env.clock.setTimeout(() => this.#retire(provider), before.grace)
      }
    } catch (error) {
      this.#reloads?.failed()
      this.#env.log.error('the encryption configuration could not be loaded; the last one stays in force', {
        error: (error as Error).message,
      })
    }
  }

  close(): void {
    this.#timer?.cancel()
    for (const provider of [...this.#transformers.kms, ...this.#retired]) provider.close()
    this.#retired.clear()
  }

  #retire(provider: KmsV2Provider): void {
    if (this.#retired.delete(provider)) provider.close()
  }
}

function firstProblem(kms: readonly KmsV2Provider[]): string | undefined {
  for (const provider of kms) {
    const { problem } = provider
    if (problem !== undefined) return problem
  }
  return undefined
}

const hashOf = (data: Buffer) => `sha256:${createHash('sha256').update(data).digest('hex')}`

function readFile(file: string): Buffer {
  let data: Buffer
  try {
    data = readFileSync(file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Error(
      `error while parsing file: error while loading file: error reading encryption provider configuration file ${quote(file)}: open ${file}: ${code === 'ENOENT' ? 'no such file or directory' : (error as Error).message}`,
    )
  }
  if (data.length === 0)
    throw new Error(
      `error while parsing file: error while loading file: encryption provider configuration file ${quote(file)} is empty`,
    )
  return data
}

async function build(env: Env, options: EncryptionOptions, data: Buffer): Promise<Transformers> {
  let configuration: EncryptionConfiguration
  try {
    configuration = readConfiguration(data.toString(), options)
  } catch (error) {
    throw new Error(`error while parsing file: ${(error as Error).message}`)
  }
  const kms: KmsV2Provider[] = []
  try {
    return {
      byResource: await transformersOf(env, configuration, kms),
      kms,
      grace: (configuration.resources ?? [])
        .flatMap(({ providers = [] }) => providers)
        .reduce((sum, provider) => sum + (provider.kms ? kmsTimeout(provider.kms) : 0), 0),
      data,
      hash: hashOf(data),
    }
  } catch (error) {
    for (const provider of kms) provider.close()
    throw new Error(`error while building transformers: ${(error as Error).message}`)
  }
}

function readConfiguration(text: string, { file, automaticReload }: EncryptionOptions): EncryptionConfiguration {
  let configuration: EncryptionConfiguration
  try {
    configuration = decodeEncryptionConfiguration(text, parseYaml(text))
  } catch (error) {
    throw new Error(`error decoding encryption provider configuration file ${quote(file)}: ${(error as Error).message}`)
  }
  checkConfiguration(configuration, automaticReload)
  return configuration
}

async function transformersOf(
  env: Env,
  configuration: EncryptionConfiguration,
  kms: KmsV2Provider[],
): Promise<Map<string, Transformer>> {
  const lists = new Map<string, PrefixTransformer[]>()
  for (const { resources = [], providers = [] } of configuration.resources ?? []) {
    const transformers: PrefixTransformer[] = []
    for (const provider of providers) transformers.push(await prefixTransformer(env, provider, kms))
    for (const name of resources) {
      const { group, resource } = parseGroupResource(name)
      for (const earlier of [`*.${group}`, '*.*'])
        if (lists.has(earlier)) {
          const shown = resource !== '*' && group === '' ? resource : `${resource}.${group}`
          throw new Error(`resource ${quote(shown)} is masked by earlier rule ${quote(earlier)}`)
        }
      const key = `${resource}.${group}`
      lists.set(key, [...(lists.get(key) ?? []), ...transformers])
    }
  }
  return new Map([...lists].map(([name, list]) => [name, new PrefixTransformers('no matching prefix found', list)]))
}

async function prefixTransformer(
  env: Env,
  { aesgcm, aescbc, secretbox, kms: kmsConfiguration }: ProviderConfiguration,
  kms: KmsV2Provider[],
): Promise<PrefixTransformer> {
  const { random } = env
  const keyed = (
    prefix: string,
    what: string,
    keys: readonly Key[] = [],
    make: (secret: Uint8Array) => Transformer,
  ): PrefixTransformer => ({
    prefix: Buffer.from(prefix),
    transformer: new PrefixTransformers(
      `no matching key was found for the provided ${what} transformer`,
      keys.map(({ name, secret = '' }) => ({
        prefix: Buffer.from(`${name}:`),
        transformer: make(Buffer.from(secret, 'base64')),
      })),
    ),
  })
  if (aesgcm) return keyed('k8s:enc:aesgcm:v1:', 'AES', aesgcm.keys, secret => gcm(secret, random))
  if (aescbc) return keyed('k8s:enc:aescbc:v1:', 'AES', aescbc.keys, secret => cbc(secret, random))
  if (secretbox) {
    const { secretbox: make } = await import('./secretbox.ts')
    return keyed('k8s:enc:secretbox:v1:', 'Secretbox', secretbox.keys, secret => make(secret, random))
  }
  if (!kmsConfiguration) return { prefix: Buffer.alloc(0), transformer: identity }
  const { apiVersion = 'v1', name = '', endpoint = '' } = kmsConfiguration
  if (apiVersion === 'v1')
    throw new Error(
      'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.',
    )
  const provider = new KmsV2Provider(name, await kmsService(endpoint, kmsTimeout(kmsConfiguration), env.clock), env)
  kms.push(provider)
  await provider.start()
  return { prefix: Buffer.from(`k8s:enc:kms:v2:${name}:`), transformer: provider }
}
