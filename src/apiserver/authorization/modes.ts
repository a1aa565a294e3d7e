// Who decides, and in which order: --authorization-mode, or a list of the same in an AuthorizationConfiguration. Members
// of system:masters may do everything, whatever the order.

import type { AuthorizationAttributes, Authorizer, Decision, Rules } from './authorizer.ts'
import { privilegedGroups } from './privileged-groups.ts'
import { unionAuthorizer } from './union.ts'
import type { WebhookAuthorizer } from './webhook.ts'

export const authorizationModes = ['ABAC', 'AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC', 'Webhook'] as const
export type AuthorizationMode = (typeof authorizationModes)[number]

/** Those that the API server itself has. */
export type BuiltIn = 'Node' | 'RBAC'

const allowed: Decision = { allowed: true, reason: '' }
const forbidden: Decision = { allowed: false, reason: 'Everything is forbidden.' }

export const alwaysAllow: Authorizer = {
  authorize: () => allowed,
  rulesFor: () => ({
    rules: [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['*'], nonResourceURLs: ['*'] },
    ],
    incomplete: false,
    errors: [],
  }),
}

export const alwaysDeny: Authorizer = {
  authorize: () => forbidden,
  rulesFor: () => ({ rules: [], incomplete: false, errors: [] }),
}

/** One of the list: by name, or ready to be asked. */
export type Chosen = BuiltIn | Authorizer

export class Authorization implements Authorizer {
  #chosen: readonly Chosen[]
  #builtIn: Readonly<Record<BuiltIn, Authorizer>> | undefined
  #union: Authorizer = alwaysDeny
  readonly #stop: (() => void) | undefined

  constructor(chosen: readonly Chosen[], stop?: () => void) {
    this.#chosen = chosen
    this.#stop = stop
  }

  /** The list as one authorizer, which follows the list when it is another. */
  authorizer(builtIn: Readonly<Record<BuiltIn, Authorizer>>): Authorizer {
    this.#builtIn = builtIn
    this.replace(this.#chosen)
    return this
  }

  authorize(attributes: AuthorizationAttributes): Decision {
    return this.#union.authorize(attributes)
  }

  rulesFor(user: AuthorizationAttributes['user'], namespace: string): Rules {
    return this.#union.rulesFor!(user, namespace)
  }

  replace(chosen: readonly Chosen[]): void {
    for (const each of this.#chosen) if (!chosen.includes(each)) closeWebhook(each)
    this.#chosen = chosen
    const builtIn = this.#builtIn
    if (!builtIn) return
    this.#union = unionAuthorizer(
      privilegedGroups,
      ...chosen.map(each => (typeof each === 'string' ? builtIn[each] : each)),
    )
  }

  close(): void {
    this.#stop?.()
    for (const each of this.#chosen) closeWebhook(each)
  }
}

function closeWebhook(each: Chosen): void {
  if (typeof each === 'object' && 'close' in each) (each as WebhookAuthorizer).close()
}
