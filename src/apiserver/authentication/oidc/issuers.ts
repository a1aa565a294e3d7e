// The issuers whose ID tokens are taken: those of the configuration file, read again when it changes, or the one of the
// --oidc-* flags. A changed file counts once every issuer in it can be reached; until then, and when it is wrong, what
// was there before goes on.

import { readFileSync } from 'node:fs'
import { deepEqual } from '../../../machinery/deep-equal.ts'
import type { Env } from '../../../machinery/env/env.ts'
import { aggregateMessage, fieldErrorMessage } from '../../../machinery/field-error.ts'
import type { MetricsRegistry } from '../../../machinery/metrics/metrics.ts'
import { apiServerID, ConfigReloadMetrics } from '../../config-reload-metrics.ts'
import type { AuthenticationOptions } from '../authentication-options.ts'
import {
  type AuthenticationInput,
  type AuthenticationResult,
  InvalidCredentials,
  type TokenAuthenticator,
} from '../authenticator.ts'
import { RetryLater, WatchedFile } from '../watched-file.ts'
import {
  type AnonymousAuthConfig,
  type AuthenticationConfiguration,
  authenticatorFromFlags,
  parseAuthenticationConfiguration,
} from './authentication-configuration.ts'
import { anonymousChanged, type ValidatedConfiguration, validateConfiguration } from './configuration-validation.ts'
import { allSigningAlgorithms } from './id-token.ts'
import { JwtAuthenticator } from './jwt-authenticator.ts'
import { JwtMetrics } from './jwt-metrics.ts'

const lookEveryMs = 60_000

export interface IssuersOptions {
  readonly env: Env
  readonly authentication: Pick<AuthenticationOptions, 'oidc' | 'configurationFile' | 'anonymous'>
  /** The cluster's own, which no other authenticator may claim. */
  readonly serviceAccountIssuers: readonly string[]
  readonly metrics: MetricsRegistry
  /** Told when other issuers count than before. */
  readonly changed: () => void
}

export class Issuers implements TokenAuthenticator {
  readonly #options: IssuersOptions
  readonly #algorithms: readonly string[]
  #authenticators: readonly JwtAuthenticator[] = []
  #file: WatchedFile | undefined
  #anonymous: AnonymousAuthConfig | undefined
  #reloads: ConfigReloadMetrics | undefined
  readonly #metrics: JwtMetrics

  constructor(options: IssuersOptions) {
    this.#options = options
    this.#metrics = new JwtMetrics(options.metrics, options.env.clock)
    const { oidc, configurationFile } = options.authentication
    this.#algorithms =
      configurationFile !== undefined
        ? allSigningAlgorithms
        : oidc?.signingAlgorithms?.length
          ? oidc.signingAlgorithms
          : ['RS256']
    const unknown = this.#algorithms.find(algorithm => !allSigningAlgorithms.includes(algorithm))
    if (unknown !== undefined) throw new Error(`oidc: unsupported signing alg: "${unknown}"`)
  }

  /** What the file says of the anonymous; undefined when it says nothing. */
  get anonymous(): AnonymousAuthConfig | undefined {
    return this.#anonymous
  }

  /** Reads the configuration, and begins to look for the issuers. Throws when it is wrong. */
  async start(): Promise<void> {
    const { env, authentication } = this.#options
    const { oidc, configurationFile: path } = authentication
    if (path === undefined) {
      const configuration: AuthenticationConfiguration = { jwt: oidc ? [authenticatorFromFlags(oidc)] : [] }
      this.#use(await this.#made(configuration))
      return
    }
    const { content, configuration } = await readConfiguration(path)
    if (configuration.anonymous && authentication.anonymous !== undefined)
      throw new Error(
        'anonymous: Forbidden: --anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file',
      )
    this.#anonymous = configuration.anonymous
    this.#use(await this.#made(configuration))
    const { metrics } = this.#options
    this.#reloads = new ConfigReloadMetrics(metrics, env.clock, 'authentication', { server: apiServerID, content })
    this.#file = new WatchedFile(content, {
      env,
      path,
      everyMilliseconds: lookEveryMs,
      changed: changed =>
        this.#reload(changed).then(
          () => this.#reloads?.succeeded(changed),
          error => {
            this.#reloads?.failed()
            throw error
          },
        ),
    })
  }

  stop(): void {
    this.#file?.stop()
    for (const authenticator of this.#authenticators) authenticator.stop()
    this.#authenticators = []
  }

  authenticateToken(
    token: string,
    _request: AuthenticationInput,
  ): AuthenticationResult | Promise<AuthenticationResult> {
    // An issuer is there once, so one at most has an opinion.
    const { clock } = this.#options.env
    for (const authenticator of this.#authenticators) {
      const started = clock.monotonic()
      const answer = authenticator.authenticateToken(token)
      if (answer === undefined) continue
      const ended = (result: AuthenticationResult): AuthenticationResult => {
        const outcome = result === undefined || result instanceof InvalidCredentials ? 'failure' : 'success'
        this.#metrics.judged(authenticator.issuer, outcome, clock.monotonic() - started)
        return result
      }
      return answer instanceof Promise ? answer.then(ended) : ended(answer)
    }
    return undefined
  }

  #use(authenticators: readonly JwtAuthenticator[]): void {
    for (const authenticator of authenticators) void authenticator.start()
    this.#authenticators = authenticators
  }

  async #reload(content: string): Promise<void> {
    const configuration = await parseAuthenticationConfiguration(content)
    const authenticators = await this.#made(configuration, !deepEqual(configuration.anonymous, this.#anonymous))
    await Promise.all(authenticators.map(authenticator => authenticator.start()))
    const problems = authenticators.flatMap(({ problem }) => problem ?? [])
    if (problems.length > 0) {
      for (const authenticator of authenticators) authenticator.stop()
      throw new RetryLater(aggregateMessage(problems))
    }
    const issuers = new Set(authenticators.map(({ issuer }) => issuer))
    for (const authenticator of this.#authenticators) {
      authenticator.stop()
      if (!issuers.has(authenticator.issuer)) this.#metrics.forget(authenticator.issuer)
    }
    this.#authenticators = authenticators
    this.#options.changed()
  }

  async #made(configuration: AuthenticationConfiguration, anonymousIsOther = false): Promise<JwtAuthenticator[]> {
    const { env, serviceAccountIssuers } = this.#options
    const validated: ValidatedConfiguration = await validateConfiguration(configuration, serviceAccountIssuers)
    const errors = [...validated.errors, ...(anonymousIsOther ? [anonymousChanged()] : [])]
    if (errors.length > 0)
      throw new Error(`invalid authentication configuration: ${aggregateMessage(errors.map(fieldErrorMessage))}`)
    const fetched = (issuer: string, keySet: string | undefined) => this.#metrics.fetched(issuer, keySet)
    return validated.authenticators.map(compiled => new JwtAuthenticator(env, compiled, this.#algorithms, fetched))
  }
}

async function readConfiguration(
  path: string,
): Promise<{ content: string; configuration: AuthenticationConfiguration }> {
  try {
    const content = readFileSync(path, 'utf8')
    return { content, configuration: await parseAuthenticationConfiguration(content) }
  } catch (error) {
    throw new Error(`failed to load authentication configuration from file "${path}": ${(error as Error).message}`)
  }
}
