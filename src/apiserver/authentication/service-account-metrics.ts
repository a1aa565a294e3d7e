// What is counted of the tokens of service accounts (upstream: pkg/serviceaccount/metrics.go).

import type { Counter, MetricsRegistry } from '../../machinery/metrics/metrics.ts'

export interface ServiceAccountMetrics {
  readonly valid: Counter
  readonly stale: Counter
  readonly legacy: Counter
  readonly manual: Counter
  readonly automatic: Counter
  readonly invalidated: Counter
}

export function serviceAccountMetrics(registry: MetricsRegistry): ServiceAccountMetrics {
  const counter = (name: string, help: string): Counter =>
    registry.counter({ name: `serviceaccount_${name}`, stability: 'ALPHA', help }).with()
  return {
    valid: counter('valid_tokens_total', 'Cumulative valid projected service account tokens used'),
    stale: counter('stale_tokens_total', 'Cumulative stale projected service account tokens used'),
    legacy: counter('legacy_tokens_total', 'Cumulative legacy service account tokens used'),
    manual: counter('legacy_manual_token_uses_total', 'Cumulative manually created legacy tokens used'),
    automatic: counter('legacy_auto_token_uses_total', 'Cumulative auto-generated legacy tokens used'),
    invalidated: counter(
      'invalid_legacy_auto_token_uses_total',
      'Cumulative invalid auto-generated legacy tokens used',
    ),
  }
}
