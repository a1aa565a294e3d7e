// What is counted of authentication and authorization (upstream: apiserver/pkg/endpoints/filters/metrics).

import { exponentialBuckets, type MetricsRegistry } from '../machinery/metrics/metrics.ts'
import type { UserInfo } from './user.ts'

const buckets = exponentialBuckets(0.001, 2, 15)
const stability = 'ALPHA'

/** Names that are counted one by one; others would be too many, and nobody's business. */
const knownUsers = new Set(['admin', 'client', 'kube_proxy', 'kubelet', 'system:serviceaccount:kube-system:default'])

export type AuthorizationResult = 'allowed' | 'denied' | 'no-opinion' | 'error'

export class SecurityMetrics {
  readonly #authentication
  readonly #users
  readonly #authorized

  constructor(registry: MetricsRegistry) {
    const kind = (attempts: string, attemptsHelp: string, duration: string, durationHelp: string) => {
      const labels = ['result']
      const counter = registry.counter({ name: attempts, stability, help: attemptsHelp, labels })
      const histogram = registry.histogram({ name: duration, stability, help: durationHelp, labels, buckets })
      const known = new Map<string, (milliseconds: number) => void>()
      return (result: string): ((milliseconds: number) => void) => {
        let observe = known.get(result)
        if (!observe) {
          const count = counter.with(result)
          const durations = histogram.with(result)
          observe = milliseconds => {
            count.inc()
            durations.observe(milliseconds / 1000)
          }
          known.set(result, observe)
        }
        return observe
      }
    }
    this.#authentication = kind(
      'authentication_attempts',
      'Counter of authenticated attempts.',
      'authentication_duration_seconds',
      'Authentication duration in seconds broken out by result.',
    )
    this.#authorized = kind(
      'authorization_attempts_total',
      "Counter of authorization attempts broken down by result. It can be either 'allowed', 'denied', 'no-opinion' or 'error'.",
      'authorization_duration_seconds',
      'Authorization duration in seconds broken out by result.',
    )
    this.#users = registry.counter({
      name: 'authenticated_user_requests',
      stability,
      help: 'Counter of authenticated requests broken out by username.',
      labels: ['username'],
    })
  }

  /** `user` is undefined when nobody was recognised; `error` when what was shown was wrong. */
  authenticated(user: UserInfo | undefined, error: boolean, milliseconds: number): void {
    this.#authentication(user ? 'success' : error ? 'error' : 'failure')(milliseconds)
    if (user) this.#users.with(compressed(user.name)).inc()
  }

  authorized(result: AuthorizationResult, milliseconds: number): void {
    this.#authorized(result)(milliseconds)
  }
}

function compressed(name: string): string {
  if (knownUsers.has(name)) return name
  return name.includes('@') ? 'email_id' : 'other'
}
