// The flags of kube-apiserver that say who is who.

import { type Command, InvalidArgumentError, Option } from 'commander'

interface Readers {
  readonly boolean: (text: string) => boolean
  readonly list: (text: string) => string[]
  readonly duration: (text: string) => number
}

const several = (text: string, before: string[] = []): string[] => [...before, text]

function pairs(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=')
  if (at <= 0) throw new InvalidArgumentError('must be key=value.')
  return { ...before, [text.slice(0, at).trim()]: text.slice(at + 1).trim() }
}

/** Adds them, under a heading of their own. */
export function addAuthenticationFlags(command: Command, { boolean, list, duration }: Readers): Command {
  const before = command.options.length
  command
    .option('--anonymous-auth <boolean>', 'whether who shows nothing is system:anonymous (default: true)', boolean)
    .option('--client-ca-file <file>', 'authorities that vouch for client certificates, beside the cluster’s own')
    .option('--token-auth-file <file>', 'static tokens: lines of token,user,uid,"group1,group2"')
    .option('--enable-bootstrap-token-auth [boolean]', 'take bootstrap.kubernetes.io/token Secrets', boolean, true)
    .option('--api-audiences <names>', 'whom tokens must be meant for (default: the service account issuer)', list)
    .option('--service-account-key-file <file>', 'more keys that service account tokens may be signed with', several)
    .option('--service-account-issuer <url>', 'who issues them: the first makes, all are taken', several)
    .option('--service-account-jwks-uri <url>', 'where others find the keys, if not here')
    .option('--service-account-max-token-expiration <duration>', 'no token lives longer', duration)
    .option('--service-account-extend-token-expiration <boolean>', 'let those of pods live a year', boolean, true)
    .option('--oidc-issuer-url <url>', 'who issues OpenID Connect tokens; https')
    .option('--oidc-client-id <id>', 'whom they must be meant for')
    .option('--oidc-ca-file <file>', 'authorities that vouch for the issuer (default: the system’s)')
    .option('--oidc-username-claim <claim>', 'the claim that is the user name (default: sub)')
    .option('--oidc-username-prefix <prefix>', 'goes before it; - for none (default: the issuer’s URL and #)')
    .option('--oidc-groups-claim <claim>', 'the claim that has the groups')
    .option('--oidc-groups-prefix <prefix>', 'goes before each of them')
    .option('--oidc-required-claim <key=value>', 'a claim that must be so; may be given several times', pairs)
    .option('--oidc-signing-algs <names>', 'how tokens may be signed (default: RS256)', list)
    .option('--authentication-config <file>', 'an AuthenticationConfiguration: issuers and anonymous access')
    .option('--authentication-token-webhook-config-file <file>', 'a kubeconfig that says whom to ask about tokens')
    .addOption(
      new Option('--authentication-token-webhook-version <version>', 'of the TokenReview sent to it')
        .choices(['v1', 'v1beta1'])
        .default('v1beta1'),
    )
    .option('--authentication-token-webhook-cache-ttl <duration>', 'how long its word counts', duration, 120_000)
    .option('--eks-cluster-id <name>', 'take tokens of aws eks get-token for this cluster, mapped by aws-auth')
    .option('--eks-region <region>', 'the AWS region; its partition’s STS hosts are believed')
    .option('--eks-sts-endpoint <url>', 'an STS of one’s own beside AWS’')
    .option('--eks-private-dns-names-file <file>', 'YAML of EC2 instance ids to names, for {{EC2PrivateDNSName}}')
  for (const option of command.options.slice(before)) option.helpGroup('Authentication:')
  return command
}
