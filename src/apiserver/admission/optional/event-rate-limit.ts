// EventRateLimit: so many events a second and no more, for the server, a namespace, a user, or a source and its object.

import { TokenBucket } from '../../../client/token-bucket.ts'
import type { Clock } from '../../../machinery/env/env.ts'
import {
  aggregateMessage,
  type FieldError,
  fieldErrorMessage,
  invalid,
  notSupported,
} from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'
import { tooManyRequests } from '../../../machinery/status-error.ts'
import { type AdmissionAttributes, type AdmissionPlugin, isResource } from '../admission.ts'

interface Limit {
  readonly type?: string
  readonly qps?: number
  readonly burst?: number
  /** How many buckets are kept; those that were used longest ago go first, and begin anew. */
  readonly cacheSize?: number
}

export interface EventRateLimitConfiguration {
  readonly limits?: readonly Limit[]
}

const defaultCacheSize = 4096

/** Which bucket an event is from. */
const keys: Readonly<Record<string, (attributes: AdmissionAttributes) => string>> = {
  Server: () => '',
  Namespace: ({ namespace }) => namespace,
  User: ({ user }) => user.name,
  SourceAndObject: ({ object }) => {
    const { source, deprecatedSource, involvedObject, regarding } = (object ?? {}) as Record<string, any>
    const { component = '', host = '' } = source ?? deprecatedSource ?? {}
    const about = involvedObject ?? regarding ?? {}
    const { kind = '', namespace = '', name = '', uid = '', apiVersion = '' } = about
    return [component, host, kind, namespace, name, uid, apiVersion].join('')
  },
}

/** What is wrong with the configuration; undefined when nothing is. */
export function eventRateLimitProblem({ limits = [] }: EventRateLimitConfiguration): string | undefined {
  const path = root('limits')
  const errors: FieldError[] = []
  if (limits.length === 0) errors.push(invalid(path, null, 'must not be empty'))
  limits.forEach(({ type = '', qps = 0, burst = 0, cacheSize = 0 }, index) => {
    const at = path.index(index)
    if (!keys[type]) errors.push(notSupported(at.child('type'), type, Object.keys(keys)))
    if (burst <= 0) errors.push(invalid(at.child('burst'), burst, 'must be positive'))
    if (qps <= 0) errors.push(invalid(at.child('qps'), qps, 'must be positive'))
    if (type !== 'Server' && cacheSize < 0)
      errors.push(invalid(at.child('cacheSize'), cacheSize, 'must not be negative'))
  })
  return errors.length === 0 ? undefined : aggregateMessage(errors.map(fieldErrorMessage))
}

export function eventRateLimit(clock: Clock, { limits = [] }: EventRateLimitConfiguration = {}): AdmissionPlugin {
  const limiters = limits.map(limit => limiter(clock, limit))
  return {
    name: 'EventRateLimit',
    handles: operation => operation === 'CREATE' || operation === 'UPDATE',
    validate(attributes): void {
      if (!isResource(attributes, '', 'events') && !isResource(attributes, 'events.k8s.io', 'events')) return
      if (attributes.dryRun) return
      // Each counts the event, also after another has refused it.
      const refusals = limiters.flatMap(refused => refused(attributes) ?? [])
      if (refusals.length > 0) throw tooManyRequests(`Too many requests: ${aggregateMessage(refusals)}`)
    },
  }
}

/** Takes a token, or says why there is none. */
function limiter(clock: Clock, { type = '', qps = 0, burst = 0, cacheSize }: Limit) {
  const buckets = new Map<string, TokenBucket>()
  const most = type === 'Server' ? 1 : cacheSize || defaultCacheSize
  return (attributes: AdmissionAttributes): string | undefined => {
    const key = keys[type]!(attributes)
    const bucket = buckets.get(key) ?? new TokenBucket(clock, { perSecond: qps, burst })
    buckets.delete(key)
    buckets.set(key, bucket)
    if (buckets.size > most) buckets.delete(buckets.keys().next().value!)
    return bucket.tryTake() ? undefined : `limit reached on type ${type} for key ${key}`
  }
}
