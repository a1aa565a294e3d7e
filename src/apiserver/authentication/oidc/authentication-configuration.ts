// AuthenticationConfiguration (apiserver.config.k8s.io): the file of --authentication-config, and the --oidc-* flags in
// the same form.

import { boolean, type Infer, list, object, ref, string } from '../../../machinery/schema/schema.ts'
import { decodeConfiguration } from '../../configuration-file.ts'
import type { OidcFlags } from '../authentication-options.ts'

const named = (kind: string) => `io.k8s.apiserver.pkg.apis.apiserver.v1.${kind}`

const Issuer = object(named('Issuer'), {
  url: string(1),
  discoveryURL: string(2),
  certificateAuthority: string(3),
  audiences: list(4, 'string'),
  audienceMatchPolicy: string(5),
  egressSelectorType: string(6),
})

const ClaimValidationRule = object(named('ClaimValidationRule'), {
  claim: string(1),
  requiredValue: string(2),
  expression: string(3),
  message: string(4),
})

const PrefixedClaimOrExpression = object(named('PrefixedClaimOrExpression'), {
  claim: string(1),
  prefix: string(2).pointer(),
  expression: string(3),
})
export type PrefixedClaimOrExpression = Infer<typeof PrefixedClaimOrExpression>

const ClaimOrExpression = object(named('ClaimOrExpression'), { claim: string(1), expression: string(2) })

const ExtraMapping = object(named('ExtraMapping'), { key: string(1), valueExpression: string(2) })

const ClaimMappings = object(named('ClaimMappings'), {
  username: ref(1, PrefixedClaimOrExpression),
  groups: ref(2, PrefixedClaimOrExpression),
  uid: ref(3, ClaimOrExpression),
  extra: list(4, ExtraMapping),
})

const UserValidationRule = object(named('UserValidationRule'), { expression: string(1), message: string(2) })

const JWTAuthenticator = object(named('JWTAuthenticator'), {
  issuer: ref(1, Issuer),
  claimValidationRules: list(2, ClaimValidationRule),
  claimMappings: ref(3, ClaimMappings),
  userValidationRules: list(4, UserValidationRule),
})
export type JWTAuthenticator = Infer<typeof JWTAuthenticator>

const AnonymousAuthCondition = object(named('AnonymousAuthCondition'), { path: string(1) })
const AnonymousAuthConfig = object(named('AnonymousAuthConfig'), {
  enabled: boolean(1),
  conditions: list(2, AnonymousAuthCondition),
})
export type AnonymousAuthConfig = Infer<typeof AnonymousAuthConfig>

const AuthenticationConfiguration = object(named('AuthenticationConfiguration'), {
  apiVersion: string(101),
  kind: string(102),
  jwt: list(1, JWTAuthenticator),
  anonymous: ref(2, AnonymousAuthConfig),
})
export type AuthenticationConfiguration = Infer<typeof AuthenticationConfiguration>

/** Reads the file's content. Throws when it is no such configuration, or has fields that there are not. */
export async function parseAuthenticationConfiguration(text: string): Promise<AuthenticationConfiguration> {
  if (text === '') throw new Error('empty config data')
  const { parseYaml } = await import('../../../machinery/yaml/parse.ts')
  return decodeConfiguration(text, parseYaml(text), 'AuthenticationConfiguration', AuthenticationConfiguration)
}

/** What the flags ask for. */
export function authenticatorFromFlags(flags: OidcFlags): JWTAuthenticator {
  const claim = flags.usernameClaim ?? 'sub'
  const { usernamePrefix = '', groupsClaim = '', groupsPrefix = '' } = flags
  const byDefault = claim === 'email' ? '' : `${flags.issuerURL}#`
  return {
    issuer: {
      url: flags.issuerURL,
      audiences: [flags.clientID],
      ...(flags.certificateAuthority !== undefined && { certificateAuthority: flags.certificateAuthority }),
    },
    claimMappings: {
      username: { claim, prefix: usernamePrefix === '-' ? '' : usernamePrefix || byDefault },
      ...(groupsClaim !== '' && { groups: { claim: groupsClaim, prefix: groupsPrefix } }),
    },
    claimValidationRules: Object.entries(flags.requiredClaims ?? {}).map(([name, requiredValue]) => ({
      claim: name,
      requiredValue,
    })),
  }
}
