// Bootstrap tokens, `<id>.<secret>`: what a machine shows to join the cluster. Each is a Secret of type
// bootstrap.kubernetes.io/token in kube-system.

import { timingSafeEqual } from 'node:crypto'
import type { KubeObject } from '../../api/resource.ts'
import type { Env } from '../../machinery/env/env.ts'
import { type AuthenticationResult, authenticated, type TokenAuthenticator } from './authenticator.ts'
import type { BoundObjectGetter } from './service-account-claims.ts'

const namespace = 'kube-system'
const secretType = 'bootstrap.kubernetes.io/token'
const secretPrefix = 'bootstrap-token-'
const userPrefix = 'system:bootstrap:'
const defaultGroup = 'system:bootstrappers'
const tokenPattern = /^([a-z0-9]{6})\.([a-z0-9]{16})$/
const groupPattern = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/

export class BootstrapTokenAuthenticator implements TokenAuthenticator {
  readonly #env: Env
  readonly #objects: BoundObjectGetter

  constructor(env: Env, objects: BoundObjectGetter) {
    this.#env = env
    this.#objects = objects
  }

  authenticateToken(token: string): AuthenticationResult {
    const [, id, secret] = tokenPattern.exec(token) ?? []
    if (id === undefined || secret === undefined) return undefined
    const stored = this.#objects.get('secrets', namespace, secretPrefix + id)
    if (!stored) return undefined
    const problem = problemOf(stored, id, secret, this.#env.clock.now())
    if (problem !== undefined) {
      this.#env.log.debug('a bootstrap token was refused', { secret: stored.metadata.name, problem })
      return undefined
    }
    const groups = groupsOf(stored)
    if (groups instanceof Error) {
      this.#env.log.debug('a bootstrap token was refused', { secret: stored.metadata.name, problem: groups.message })
      return undefined
    }
    return authenticated({ name: userPrefix + id, groups })
  }
}

/** Why the Secret does not let the token in; without the secret part. */
function problemOf(stored: KubeObject, id: string, secret: string, now: number): string | undefined {
  if (stored.metadata.deletionTimestamp !== undefined) return 'is deleted and awaiting removal'
  if (stored['type'] !== secretType || !stored['data']) return `has invalid type, expected ${secretType}.`
  if (!equalInConstantTime(dataOf(stored, 'token-secret'), secret)) return 'has invalid value for key token-secret'
  if (dataOf(stored, 'token-id') !== id) return 'has invalid value for key token-id'
  const expiration = dataOf(stored, 'expiration')
  if (expiration !== '' && !(expiryOf(expiration) > now)) return 'is expired'
  if (dataOf(stored, 'usage-bootstrap-authentication') !== 'true')
    return 'not marked usage-bootstrap-authentication=true.'
  return undefined
}

/** NaN for what is no RFC 3339 time: such a token is expired. */
function expiryOf(text: string): number {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
}

function groupsOf(stored: KubeObject): string[] | Error {
  const extra = dataOf(stored, 'auth-extra-groups')
  const groups = new Set([defaultGroup])
  for (const group of extra === '' ? [] : extra.split(',')) {
    if (!groupPattern.test(group))
      return new Error(`bootstrap group "${group}" is invalid (must match ${groupPattern.source})`)
    groups.add(group)
  }
  return [...groups].sort()
}

function dataOf(stored: KubeObject, key: string): string {
  const value: unknown = stored['data']?.[key]
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : ''
}

function equalInConstantTime(one: string, other: string): boolean {
  const left = Buffer.from(one)
  const right = Buffer.from(other)
  return left.length === right.length && timingSafeEqual(left, right)
}
