// What the authentication flags ask for, with the files they name read. Whatever is wrong is one line for the user.

import { readFileSync } from 'node:fs'
import type { AuthenticationOptions, OidcFlags } from '../apiserver/authentication/authentication-options.ts'
import { keysIn } from '../apiserver/authentication/jwt.ts'
import { parseTokenFile } from '../apiserver/authentication/static-token.ts'
import type { TokenReviewVersion } from '../apiserver/authentication/webhook-token.ts'
import type { Env } from '../machinery/env/env.ts'
import { oneLine } from './startup-failure.ts'
import { UserFacingError } from './user-facing-error.ts'

export interface AuthenticationFlags {
  readonly anonymousAuth?: boolean
  /** How they are used: where everybody may do everything, everybody has to be known. */
  readonly authorizationMode?: readonly string[]
  readonly clientCaFile?: string
  readonly tokenAuthFile?: string
  readonly enableBootstrapTokenAuth?: boolean
  readonly apiAudiences?: readonly string[]
  readonly serviceAccountKeyFile?: readonly string[]
  readonly serviceAccountIssuer?: readonly string[]
  readonly serviceAccountJwksUri?: string
  /** Milliseconds. */
  readonly serviceAccountMaxTokenExpiration?: number
  readonly serviceAccountExtendTokenExpiration?: boolean
  readonly oidcIssuerUrl?: string
  readonly oidcClientId?: string
  readonly oidcCaFile?: string
  readonly oidcUsernameClaim?: string
  readonly oidcUsernamePrefix?: string
  readonly oidcGroupsClaim?: string
  readonly oidcGroupsPrefix?: string
  readonly oidcRequiredClaim?: Readonly<Record<string, string>>
  readonly oidcSigningAlgs?: readonly string[]
  readonly authenticationConfig?: string
  readonly authenticationTokenWebhookConfigFile?: string
  readonly authenticationTokenWebhookVersion?: TokenReviewVersion
  /** Milliseconds. */
  readonly authenticationTokenWebhookCacheTtl?: number
  readonly eksClusterId?: string
  readonly eksRegion?: string
  readonly eksStsEndpoint?: string
  readonly eksPrivateDnsNamesFile?: string
}

const shortestMaxExpirationMs = 3600_000
const longestMaxExpirationMs = 2 ** 32 * 1000

/** Throws `UserFacingError`. */
export function authenticationOptions(flags: AuthenticationFlags, env: Env): AuthenticationOptions {
  const webhookConfig = flags.authenticationTokenWebhookConfigFile
  const anonymousReset = flags.anonymousAuth !== false && !!flags.authorizationMode?.includes('AlwaysAllow')
  if (anonymousReset)
    env.log.warn(
      'AnonymousAuth is not allowed with the AlwaysAllow authorizer. Resetting AnonymousAuth to false. You should use a different authorizer',
    )
  return {
    ...(flags.anonymousAuth !== undefined && { anonymous: flags.anonymousAuth }),
    anonymousReset,
    apiAudiences: flags.apiAudiences,
    clientCAFile: flags.clientCaFile,
    staticTokens: flags.tokenAuthFile === undefined ? undefined : staticTokens(flags.tokenAuthFile, env),
    bootstrapTokens: flags.enableBootstrapTokenAuth ?? true,
    serviceAccounts: serviceAccounts(flags),
    oidc: oidc(flags),
    configurationFile: flags.authenticationConfig,
    ...(webhookConfig !== undefined && {
      webhook: {
        configFile: webhookConfig,
        version: flags.authenticationTokenWebhookVersion,
        cacheMilliseconds: flags.authenticationTokenWebhookCacheTtl,
      },
    }),
    eks: eks(flags),
  }
}

function staticTokens(file: string, env: Env): AuthenticationOptions['staticTokens'] {
  const { users, warnings } = readWith('--token-auth-file', file, text => parseTokenFile(text, file))
  for (const warning of warnings) env.log.warn(warning)
  return users
}

function serviceAccounts(flags: AuthenticationFlags): AuthenticationOptions['serviceAccounts'] {
  const { serviceAccountMaxTokenExpiration: longest, serviceAccountJwksUri: jwksURI } = flags
  if (longest !== undefined && longest !== 0 && (longest < shortestMaxExpirationMs || longest > longestMaxExpirationMs))
    throw new UserFacingError('the service-account-max-token-expiration must be between 1 hour and 2^32 seconds')
  if (jwksURI !== undefined && !jwksURI.startsWith('https:'))
    throw new UserFacingError(`service-account-jwks-uri requires https scheme, parsed as: ${jwksURI}`)
  for (const issuer of flags.serviceAccountIssuer ?? []) {
    if (issuer === '') throw new UserFacingError('service-account-issuer should not be an empty string')
    if (issuer.includes(':') && !URL.canParse(issuer))
      throw new UserFacingError(`service-account-issuer "${issuer}" contained a ':' but was not a valid URL`)
  }
  return {
    issuers: flags.serviceAccountIssuer,
    verificationKeys: flags.serviceAccountKeyFile?.flatMap(file =>
      readWith('--service-account-key-file', file, keysIn),
    ),
    ...(longest && { maxExpirationSeconds: longest / 1000 }),
    extendExpiration: flags.serviceAccountExtendTokenExpiration,
    jwksURI,
  }
}

function oidc(flags: AuthenticationFlags): OidcFlags | undefined {
  const { oidcIssuerUrl: issuerURL, oidcClientId: clientID, oidcCaFile } = flags
  const given = Object.entries(flags).some(([name, value]) => name.startsWith('oidc') && value !== undefined)
  if (!given) return undefined
  if (flags.authenticationConfig !== undefined)
    throw new UserFacingError('authentication-config file and oidc-* flags are mutually exclusive')
  if (!issuerURL || !clientID)
    throw new UserFacingError(
      'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set',
    )
  return {
    issuerURL,
    clientID,
    usernameClaim: flags.oidcUsernameClaim,
    usernamePrefix: flags.oidcUsernamePrefix,
    groupsClaim: flags.oidcGroupsClaim,
    groupsPrefix: flags.oidcGroupsPrefix,
    requiredClaims: flags.oidcRequiredClaim,
    signingAlgorithms: flags.oidcSigningAlgs,
    certificateAuthority: oidcCaFile === undefined ? undefined : readWith('--oidc-ca-file', oidcCaFile, text => text),
  }
}

function eks(flags: AuthenticationFlags): AuthenticationOptions['eks'] {
  const {
    eksClusterId: clusterID,
    eksRegion: region,
    eksStsEndpoint: stsEndpoint,
    eksPrivateDnsNamesFile: file,
  } = flags
  if (clusterID === undefined) {
    if (region !== undefined || stsEndpoint !== undefined || file !== undefined)
      throw new UserFacingError(
        '--eks-region, --eks-sts-endpoint and --eks-private-dns-names-file need --eks-cluster-id',
      )
    return undefined
  }
  if (stsEndpoint !== undefined && !/^https?:\/\/[^/]+\/?$/.test(stsEndpoint))
    throw new UserFacingError(`--eks-sts-endpoint ${stsEndpoint}: must be a URL of a host, such as https://sts.local`)
  return {
    clusterID,
    region,
    stsEndpoint,
    ...(file !== undefined && { privateDNSName: instanceID => privateDNSName(file, instanceID) }),
  }
}

async function privateDNSName(file: string, instanceID: string): Promise<string> {
  const { parse } = await import('yaml')
  const name: unknown = parse(readFileSync(file, 'utf8'))?.[instanceID]
  if (typeof name !== 'string' || name === '') throw new Error(`the private DNS name of ${instanceID} is not known`)
  return name
}

function readWith<T>(flag: string, file: string, read: (text: string) => T): T {
  try {
    return read(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new UserFacingError(`${flag} ${file}: ${oneLine((error as Error).message)}`)
  }
}
