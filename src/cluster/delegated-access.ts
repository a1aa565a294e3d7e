// Who may ask a component other than the API server: the API server is asked, by TokenReview who somebody is, by
// SubjectAccessReview what they may do. Client certificates are judged by the authorities that the cluster publishes.
//
// Comes in: the --authentication-* and --authorization-* flags, and clients for both. Goes out: a function that says who
// sends a request and refuses what they may not do, and the authorities for the TLS server.

import { configMaps } from '../api/core/v1/configmap.ts'
import { AnonymousAuthenticator } from '../apiserver/authentication/anonymous.ts'
import { type Authenticator, InvalidCredentials } from '../apiserver/authentication/authenticator.ts'
import { BearerTokenAuthenticator } from '../apiserver/authentication/bearer-token.ts'
import { ClientCertificateAuthenticator } from '../apiserver/authentication/client-certificate.ts'
import { RequestHeaderAuthenticator, type RequestHeaderOptions } from '../apiserver/authentication/request-header.ts'
import { CachedTokenAuthenticator } from '../apiserver/authentication/token-cache.ts'
import { UnionAuthenticator } from '../apiserver/authentication/union.ts'
import { WebhookTokenAuthenticator } from '../apiserver/authentication/webhook-token.ts'
import { type Decision, DecisionPending } from '../apiserver/authorization/authorizer.ts'
import { refusal } from '../apiserver/authorization/forbidden.ts'
import { WebhookAuthorizer } from '../apiserver/authorization/webhook.ts'
import type { RequestContext } from '../apiserver/request.ts'
import { authorizationAttributes } from '../apiserver/request-attributes.ts'
import { systemPrivilegedGroup } from '../apiserver/user.ts'
import type { Client } from '../client/client.ts'
import type { Env } from '../machinery/env/env.ts'
import { asStatusError, unauthorized } from '../machinery/status-error.ts'
import { UserFacingError } from './user-facing-error.ts'

export interface DelegatedAccessOptions {
  readonly env: Env
  /** Asks who somebody is; nobody but holders of client certificates is known when absent. */
  readonly authentication?: Client
  /** Asks what they may do; everybody may do what there is when absent, as upstream has it without a kubeconfig. */
  readonly authorization?: Client
  /** Milliseconds. */
  readonly tokenTTL: number
  readonly authorizedTTL: number
  readonly unauthorizedTTL: number
  readonly alwaysAllowPaths: readonly string[]
  /** PEM. The cluster's own when absent. */
  readonly clientCA?: string
  readonly requestHeader?: RequestHeaderOptions
  /** Do not look for the cluster's authorities. */
  readonly skipLookup: boolean
  readonly tolerateLookupFailure: boolean
}

export interface DelegatedAccess {
  /** PEM. */
  readonly clientCA: string
  readonly requestHeaderCA: string | undefined
  /** Fills in the request's user. Throws a 401 or a 403. */
  admit(request: RequestContext): Promise<void>
}

const namespace = 'kube-system'
const published = 'extension-apiserver-authentication'
const reviewTimeoutMs = 10_000

export async function delegatedAccess(options: DelegatedAccessOptions): Promise<DelegatedAccess> {
  const authorities = await lookedUp(options)
  const clientCA = options.clientCA ?? authorities.clientCA ?? ''
  const requestHeader = options.requestHeader ?? authorities.requestHeader
  const authenticator = authenticatorOf(options, requestHeader)
  const authorize = authorizerOf(options)
  return {
    clientCA,
    requestHeaderCA: requestHeader?.clientCA,
    async admit(request) {
      const { headers, peerCertificate, path } = request
      const user = await authenticator.authenticate({ headers, peerCertificate, path, notes: request })
      if (user === undefined || user instanceof InvalidCredentials) throw unauthorized()
      request.user = user
      await authorize(request)
    },
  }
}

function authenticatorOf(
  options: DelegatedAccessOptions,
  requestHeader: RequestHeaderOptions | undefined,
): Authenticator {
  const { env, authentication, tokenTTL } = options
  const tokens = authentication && [
    new CachedTokenAuthenticator(
      new WebhookTokenAuthenticator({
        env,
        transport: authentication.transport,
        path: '/apis/authentication.k8s.io/v1/tokenreviews',
        version: 'v1',
        audiences: [],
      }),
      { env, successMilliseconds: tokenTTL, failureMilliseconds: tokenTTL },
    ),
  ]
  return new UnionAuthenticator(
    [
      ...(requestHeader ? [new RequestHeaderAuthenticator(requestHeader)] : []),
      new ClientCertificateAuthenticator(env.clock),
      ...(tokens ? [new BearerTokenAuthenticator(tokens)] : []),
    ],
    { anonymous: new AnonymousAuthenticator() },
  )
}

function authorizerOf(options: DelegatedAccessOptions): (request: RequestContext) => Promise<void> {
  const { env, authorization, authorizedTTL, unauthorizedTTL } = options
  const isOpen = pathMatcher(options.alwaysAllowPaths)
  const webhook =
    authorization &&
    new WebhookAuthorizer(
      env,
      { transport: authorization.transport, path: '/apis/authorization.k8s.io/v1/subjectaccessreviews' },
      {
        version: 'v1',
        authorizedTTL,
        unauthorizedTTL,
        timeout: reviewTimeoutMs,
        failurePolicy: 'NoOpinion',
      },
    )
  return async request => {
    if (!webhook || request.user.groups.includes(systemPrivilegedGroup)) return
    if (!request.info.isResourceRequest && isOpen(request.path)) return
    const attributes = authorizationAttributes(request)
    let decision: Decision | undefined
    const held: (() => void)[] = []
    while (!decision) {
      try {
        decision = webhook.authorize(attributes)
      } catch (error) {
        if (!(error instanceof DecisionPending)) throw error
        held.push(error.hold())
        await error.answered
      }
    }
    for (const letGo of held) letGo()
    if (!decision.allowed) throw refusal(request, attributes, decision.reason)
  }
}

/** A path, or what begins with it where it ends with `*`; a leading slash is of no account. */
function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const bare = (path: string) => path.replace(/^\/+/, '')
  const exact = new Set<string>()
  const prefixes: string[] = []
  for (const pattern of patterns.map(bare)) {
    if (pattern.endsWith('*')) prefixes.push(pattern.slice(0, -1))
    else exact.add(pattern)
  }
  return path => exact.has(bare(path)) || prefixes.some(prefix => bare(path).startsWith(prefix))
}

interface Authorities {
  readonly clientCA?: string
  readonly requestHeader?: RequestHeaderOptions
}

/** What the API server publishes of those who vouch for its clients. */
async function lookedUp(options: DelegatedAccessOptions): Promise<Authorities> {
  const { env, authentication, clientCA, requestHeader, skipLookup, tolerateLookupFailure } = options
  if (!authentication || skipLookup || (clientCA !== undefined && requestHeader)) return {}
  try {
    const { data = {} } = await authentication.resource(configMaps).namespace(namespace).get(published)
    return authoritiesIn(data)
  } catch (error) {
    const message = asStatusError(error)?.message ?? String(error)
    if (!tolerateLookupFailure)
      throw new UserFacingError(`unable to load configmap based request-header-client-ca-file: ${message}`)
    env.log.warn('Error looking up in-cluster authentication configuration', { error: message })
    return {}
  }
}

function authoritiesIn(data: Readonly<Record<string, string>>): Authorities {
  const names = (key: string): string[] => (data[key] ? JSON.parse(data[key]) : [])
  const proxies = data['requestheader-client-ca-file']
  return {
    ...(data['client-ca-file'] && { clientCA: data['client-ca-file'] }),
    ...(proxies && {
      requestHeader: {
        clientCA: proxies,
        allowedNames: names('requestheader-allowed-names'),
        usernameHeaders: names('requestheader-username-headers'),
        uidHeaders: names('requestheader-uid-headers'),
        groupHeaders: names('requestheader-group-headers'),
        extraHeaderPrefixes: names('requestheader-extra-headers-prefix'),
      },
    }),
  }
}
