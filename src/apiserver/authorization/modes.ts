// Who decides, and in which order: --authorization-mode, or a list of the same in an AuthorizationConfiguration. Members
// of system:masters may do everything, whatever the order.

import type { MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import type { AuthorizationMetrics } from './authorization-metrics.ts'
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

/** One of the list, under the name that metrics have for it. */
export interface Choice {
  readonly type: AuthorizationMode
  readonly name: string
  /** Those that the API server has are filled in. */
  readonly authorizer?: Authorizer
}

/** Also one that is ready to be asked and that nobody counts. */
export type Chosen = Choice | Authorizer

export class Authorization implements Authorizer {
  #chosen: readonly Chosen[]
  #builtIn: Readonly<Record<BuiltIn, Authorizer>> | undefined
  #union: Authorizer = alwaysDeny
  #metrics: AuthorizationMetrics | undefined
  #measured: ((metrics: MetricsRegistry) => void) | undefined
  readonly #stop: (() => void) | undefined

  constructor(chosen: readonly Chosen[], stop?: () => void) {
    this.#chosen = chosen
    this.#stop = stop
  }

  /** Told the registry once there is one. */
  whenMeasured(measured: (metrics: MetricsRegistry) => void): void {
    this.#measured = measured
  }

  /** The list as one authorizer, which follows the list when it is another. */
  authorizer(
    builtIn: Readonly<Record<BuiltIn, Authorizer>>,
    metrics?: AuthorizationMetrics,
    registry?: MetricsRegistry,
  ): Authorizer {
    this.#builtIn = builtIn
    this.#metrics = metrics
    if (registry) this.#measured?.(registry)
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
      ...chosen.map(each => {
        if ('authorize' in each) return each
        const { type, name, authorizer = builtIn[type as BuiltIn] } = each
        if ('measure' in authorizer) (authorizer as WebhookAuthorizer).measure(name, this.#metrics)
        return this.#metrics?.counted(type, name, authorizer) ?? authorizer
      }),
    )
  }

  close(): void {
    this.#stop?.()
    for (const each of this.#chosen) closeWebhook(each)
  }
}

function closeWebhook(each: Chosen): void {
  const authorizer = 'authorize' in each ? each : each.authorizer
  if (authorizer && 'close' in authorizer) (authorizer as WebhookAuthorizer).close()
}
