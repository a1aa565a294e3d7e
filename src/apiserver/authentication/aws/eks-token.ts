// Cloud identities as EKS takes them: a token that lets us ask AWS who its holder is, and a ConfigMap that says who that
// is in the cluster (aws-iam-authenticator).
//
// Who AWS says it is is remembered for two minutes, by the token's hash, and asked once however many ask at a time; whom
// the ConfigMap makes of that is looked up every time.

import { createHmac } from 'node:crypto'
import type { KubeObject } from '../../../api/resource.ts'
import type { Env } from '../../../machinery/env/env.ts'
import {
  type AuthenticationResult,
  authenticated,
  InvalidCredentials,
  type TokenAuthenticator,
} from '../authenticator.ts'
import type { BoundObjectGetter } from '../service-account-claims.ts'
import { type CallerIdentity, callerIdentity } from './caller-identity.ts'
import type { IdentityMappings, MappedIdentity, PrivateDNSNames } from './identity-mapping.ts'
import { presignedIdentity, tokenPrefix } from './presigned-identity.ts'
import { awsPartitions, partitionOf } from './sts-hosts.ts'

export interface EksOptions {
  /** The cluster's name, as clients sign it. */
  readonly clusterID: string
  /** Such as eu-central-1; tells the partition. */
  readonly region?: string
  readonly partition?: string
  /** An STS of one's own, in place of AWS'. */
  readonly stsEndpoint?: string
  /** For the template {{EC2PrivateDNSName}}; without it, such mappings let nobody in. */
  readonly privateDNSName?: PrivateDNSNames
}

const rememberedMs = 2 * 60_000
const maxRemembered = 10_000

export class EksTokenAuthenticator implements TokenAuthenticator {
  readonly #env: Env
  readonly #options: EksOptions
  readonly #objects: BoundObjectGetter
  readonly #secret: Uint8Array
  readonly #identities = new Map<string, { readonly identity: Promise<CallerIdentity>; readonly until: number }>()
  /** What was read of the ConfigMap, and of which. */
  #mappings: { readonly of: KubeObject | undefined; readonly read: IdentityMappings } | undefined

  constructor(env: Env, options: EksOptions, objects: BoundObjectGetter) {
    this.#env = env
    this.#options = options
    this.#objects = objects
    this.#secret = env.random.bytes(32)
    if (options.partition !== undefined && !awsPartitions.includes(options.partition))
      throw new Error(`partition ${options.partition} not valid`)
  }

  authenticateToken(token: string): AuthenticationResult | Promise<AuthenticationResult> {
    return token.startsWith(tokenPrefix) ? this.#authenticate(token) : undefined
  }

  async #authenticate(token: string): Promise<AuthenticationResult> {
    let identity: CallerIdentity
    let mapped: MappedIdentity | undefined
    try {
      identity = await this.#identityOf(token)
      mapped = await this.#map(identity)
    } catch (error) {
      return new InvalidCredentials((error as Error).message)
    }
    if (!mapped) return new InvalidCredentials(`ARN is not mapped: ${identity.canonicalARN.toLowerCase()}`)
    return authenticated({
      name: mapped.username,
      uid: `aws-iam-authenticator:${identity.accountID}:${identity.userID}`,
      groups: mapped.groups,
      extra: {
        arn: [identity.arn],
        canonicalArn: [identity.canonicalARN],
        sessionName: [identity.sessionName],
        accessKeyId: [identity.accessKeyID],
        principalId: [identity.userID],
        'sigs.k8s.io/aws-iam-authenticator/principalId': [identity.userID],
      },
    })
  }

  #identityOf(token: string): Promise<CallerIdentity> {
    const { clusterID, region, stsEndpoint } = this.#options
    const partition = this.#options.partition ?? partitionOf(region ?? '')
    const presigned = presignedIdentity(token, { partition, region, endpoint: stsEndpoint }, this.#env.clock.now())
    const key = createHmac('sha256', this.#secret).update(token).digest('base64')
    const now = this.#env.clock.monotonic()
    const known = this.#identities.get(key)
    if (known && known.until > now) return known.identity
    const identity = callerIdentity(this.#env, presigned, clusterID)
    identity.catch(() => this.#identities.delete(key))
    if (this.#identities.size >= maxRemembered) this.#identities.delete(this.#identities.keys().next().value!)
    this.#identities.set(key, { identity, until: now + rememberedMs })
    return identity
  }

  async #map(identity: CallerIdentity): Promise<MappedIdentity | undefined> {
    // Read here for the first time: it comes with a YAML reader.
    const { mappedIdentity, parseMappings } = await import('./identity-mapping.ts')
    const configMap = this.#objects.get('configmaps', 'kube-system', 'aws-auth')
    if (!this.#mappings || this.#mappings.of !== configMap) {
      const read = parseMappings(configMap)
      for (const problem of read.problems)
        this.#env.log.warn('a part of the ConfigMap kube-system/aws-auth is of no use', { problem })
      this.#mappings = { of: configMap, read }
    }
    const { privateDNSName = noPrivateDNSName } = this.#options
    return mappedIdentity(this.#mappings.read, identity, privateDNSName)
  }
}

const noPrivateDNSName: PrivateDNSNames = () =>
  Promise.reject(new Error('the private DNS names of EC2 instances are not known'))
