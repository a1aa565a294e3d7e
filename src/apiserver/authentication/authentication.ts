// The authenticators of an API server, put together as its options say.
//
// Of a request the front proxy's word comes first, then the client's certificate, then its bearer token: first what is
// looked up here, then what others have to be asked for. Who shows nothing is anonymous, where that is allowed.

import { secrets } from '../../api/core/v1/secret.ts'
import type { KubeObject } from '../../api/resource.ts'
import type { Client } from '../../client/client.ts'
import type { Env } from '../../machinery/env/env.ts'
import type { MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import { AnonymousAuthenticator } from './anonymous.ts'
import { ForAudiences } from './audiences.ts'
import { type AuthenticationOptions, AuthenticationOptionsError, type WebhookFlags } from './authentication-options.ts'
import type { Authenticator, TokenAuthenticator } from './authenticator.ts'
import type { EksOptions } from './aws/eks-token.ts'
import { BearerTokenAuthenticator } from './bearer-token.ts'
import { BootstrapTokenAuthenticator } from './bootstrap-token.ts'
import { ClientCertificateAuthenticator } from './client-certificate.ts'
import { LegacyServiceAccountTokenAuthenticator } from './legacy-service-account-token.ts'
import { RequestHeaderAuthenticator, type RequestHeaderOptions } from './request-header.ts'
import type { BoundObjectGetter } from './service-account-claims.ts'
import { serviceAccountMetrics } from './service-account-metrics.ts'
import { defaultIssuer, ServiceAccountTokenAuthenticator } from './service-account-token.ts'
import { StaticTokenAuthenticator } from './static-token.ts'
import { CachedTokenAuthenticator } from './token-cache.ts'
import { TokenCacheMetrics } from './token-cache-metrics.ts'
import { UnionAuthenticator } from './union.ts'

export interface AuthenticationParts {
  readonly env: Env
  readonly authentication: AuthenticationOptions
  /** PEM keys that ServiceAccount tokens may be signed with. */
  readonly serviceAccountKeys: readonly string[]
  readonly requestHeader?: RequestHeaderOptions
  readonly objects: BoundObjectGetter
  /** Writes as the API server itself. */
  readonly client: () => Client
  readonly metrics: MetricsRegistry
}

/** How long what others say of a token is remembered. A failure is asked about again. */
const remembered = { successMilliseconds: 10_000, failureMilliseconds: 0 }
const webhookRememberedMs = 2 * 60_000

export class Authentication {
  readonly #parts: AuthenticationParts
  readonly #issuers: readonly string[]
  readonly #cacheMetrics: TokenCacheMetrics
  readonly #stops: (() => void)[] = []
  /** Those who judge bearer tokens, in order. Whoever has others to ask joins at `start`. */
  readonly #tokens: TokenAuthenticator[]
  #anonymous: Authenticator | undefined
  readonly authenticator: Authenticator
  /** Whom tokens must be meant for to be good here. */
  readonly audiences: readonly string[]

  constructor(parts: AuthenticationParts) {
    this.#parts = parts
    this.#cacheMetrics = new TokenCacheMetrics(parts.metrics, parts.env.clock)
    const { authentication, env, requestHeader } = parts
    const { issuers } = authentication.serviceAccounts ?? {}
    const { anonymous = true, anonymousReset = false } = authentication
    this.#issuers = issuers?.length ? issuers : [defaultIssuer]
    this.audiences = authentication.apiAudiences?.length ? authentication.apiAudiences : this.#issuers
    this.#tokens = this.#local()
    this.#anonymous = anonymous && !anonymousReset ? new AnonymousAuthenticator() : undefined
    this.authenticator = new UnionAuthenticator(
      [
        ...(requestHeader ? [new RequestHeaderAuthenticator(requestHeader)] : []),
        new ClientCertificateAuthenticator(env.clock, parts.metrics),
        new BearerTokenAuthenticator(this.#tokens),
      ],
      { anonymous: { authenticate: request => this.#anonymous?.authenticate(request) } },
    )
  }

  /** Reads the files and begins to look for the issuers that the options name. Throws when one is wrong. */
  async start(): Promise<void> {
    const { eks, oidc, configurationFile, webhook } = this.#parts.authentication
    try {
      if (eks) await this.#startEks(eks)
      if (oidc || configurationFile !== undefined) await this.#startIssuers()
      if (webhook) await this.#startWebhook(webhook)
    } catch (error) {
      throw new AuthenticationOptionsError((error as Error).message, { cause: error })
    }
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop()
  }

  #local(): TokenAuthenticator[] {
    const { env, authentication, serviceAccountKeys: keys, objects, client } = this.#parts
    const metrics = serviceAccountMetrics(this.#parts.metrics)
    const { audiences } = this
    const cacheMetrics = this.#cacheMetrics
    const { staticTokens = [], bootstrapTokens } = authentication
    return [
      ...(staticTokens.length > 0 ? [new ForAudiences(audiences, new StaticTokenAuthenticator(staticTokens))] : []),
      new ServiceAccountTokenAuthenticator({
        env,
        keys,
        objects,
        issuers: this.#issuers,
        audiences,
        metrics,
        cacheMetrics,
      }),
      new LegacyServiceAccountTokenAuthenticator({
        env,
        keys,
        objects,
        audiences,
        metrics,
        labelSecret: (secret, label, value) => labelSecret(client(), secret, label, value),
      }),
      ...(bootstrapTokens ? [new ForAudiences(audiences, new BootstrapTokenAuthenticator(env, objects))] : []),
    ]
  }

  async #startIssuers(): Promise<void> {
    const { env, authentication, metrics } = this.#parts
    const { Issuers } = await import('./oidc/issuers.ts')
    const issuers = new Issuers({
      env,
      authentication,
      serviceAccountIssuers: this.#issuers,
      metrics,
      changed: () => cached.clear(),
    })
    const cached = new CachedTokenAuthenticator(new ForAudiences(this.audiences, issuers), {
      env,
      ...remembered,
      metrics: this.#cacheMetrics,
    })
    await issuers.start()
    const { anonymous } = issuers
    if (anonymous) {
      const paths = (anonymous.conditions ?? []).map(({ path = '' }) => path)
      this.#anonymous = anonymous.enabled ? new AnonymousAuthenticator(paths) : undefined
    }
    this.#tokens.push(cached)
    this.#stops.push(() => issuers.stop())
  }

  async #startWebhook({ configFile, version = 'v1beta1', cacheMilliseconds }: WebhookFlags): Promise<void> {
    const { env } = this.#parts
    const { WebhookTokenAuthenticator } = await import('./webhook-token.ts')
    const { reviewTransport } = await import('../review-webhook.ts')
    const server = reviewTransport(env, configFile)
    const webhook = new WebhookTokenAuthenticator({ ...server, env, version, audiences: this.audiences })
    const lifetime = cacheMilliseconds ?? webhookRememberedMs
    this.#tokens.push(
      new CachedTokenAuthenticator(webhook, {
        env,
        successMilliseconds: lifetime,
        failureMilliseconds: lifetime,
        metrics: this.#cacheMetrics,
      }),
    )
    this.#stops.push(() => webhook.close())
  }

  async #startEks(options: EksOptions): Promise<void> {
    const { env, objects } = this.#parts
    const { EksTokenAuthenticator } = await import('./aws/eks-token.ts')
    const eks = new EksTokenAuthenticator(env, options, objects)
    this.#tokens.push(new ForAudiences(this.audiences, eks))
  }
}

async function labelSecret(client: Client, secret: KubeObject, label: string, value: string): Promise<void> {
  const { namespace = '', name = '', uid } = secret.metadata
  await client
    .resource(secrets)
    .namespace(namespace)
    .patch(name, 'application/merge-patch+json', { metadata: { uid, labels: { [label]: value } } })
}
