// /metrics: what the server counts, in Prometheus' text form, under upstream's names.

import { groupResource } from '../../api/resource.ts'
import { metricsContentType, metricsText } from '../../machinery/metrics/text.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { ServerContext } from '../server-context.ts'
import { registerProcessMetrics } from './process-metrics.ts'

export function registerMetrics(dispatcher: Dispatcher, server: ServerContext): void {
  registerStorageMetrics(server)
  registerProcessMetrics(server.metrics)
  dispatcher.register('/metrics', () => ({
    status: 200,
    contentType: metricsContentType,
    body: Buffer.from(metricsText(server.metrics)),
  }))
}

/** What the caches know of themselves: read when asked for. */
function registerStorageMetrics({ metrics, registry, store }: ServerContext): void {
  const labels = ['group', 'resource']
  const gauge = (name: string, stability: 'STABLE' | 'ALPHA', help: string, of: readonly string[] = labels) =>
    metrics.gauge({ name, stability, help, labels: of })
  const objects = gauge(
    'apiserver_resource_objects',
    'ALPHA',
    'Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.',
  )
  const deprecatedObjects = gauge(
    'apiserver_storage_objects',
    'STABLE',
    '(Deprecated since 1.34.0) [DEPRECATED, consider using apiserver_resource_objects instead] Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.',
    ['resource'],
  )
  const sizes = gauge(
    'apiserver_resource_size_estimate_bytes',
    'ALPHA',
    'Estimated size of stored objects in database. Estimate is based on sum of last observed sizes of serialized objects. In case of a fetching error, the value will be -1.',
  )
  const revisions = gauge(
    'apiserver_watch_cache_resource_version',
    'ALPHA',
    'Current resource version of watch cache broken by resource type. This is truncated to the 15 least significant digits.',
  )
  const received = metrics.counter({
    name: 'apiserver_watch_cache_events_received_total',
    stability: 'ALPHA',
    help: 'Counter of events received in watch cache broken by resource type.',
    labels,
  })
  metrics.onCollect(() => {
    const seen = new Set<unknown>()
    for (const { storage } of registry.resources()) {
      // Versions of a resource share their storage.
      if (!storage || seen.has(storage)) continue
      seen.add(storage)
      const { declaration, cache } = storage
      const { group, resource } = declaration
      objects.with(group, resource).set(cache.size)
      deprecatedObjects.with(groupResource(declaration)).set(cache.size)
      sizes.with(group, resource).set(cache.bytes)
      revisions.with(group, resource).set(store.revision % 1e15)
      if (cache.received > 0) received.with(group, resource).value = cache.received
    }
  })
}
