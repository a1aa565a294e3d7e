// Puts the cluster's certificate authority into every namespace, as the ConfigMap kube-root-ca.crt that pods mount
// beside their token, and keeps it true.

import { configMaps } from '../api/core/v1/configmap.ts'
import { type Namespace, namespaces } from '../api/core/v1/namespace.ts'
import { type Controller, controller, watch } from '../client/controller.ts'
import { keyFor } from '../client/object-key.ts'
import { deepEqual } from '../machinery/deep-equal.ts'
import { type Counter, exponentialBuckets, type Family, type Histogram } from '../machinery/metrics/metrics.ts'
import { asStatusError, hasStatusCause, isAlreadyExists, isNotFound } from '../machinery/status-error.ts'
import type { ManagerEnvironment } from './managed-controller.ts'

const name = 'kube-root-ca.crt'
const descriptionAnnotation = 'kubernetes.io/description'
const description =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the ' +
  'internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.'

interface State {
  readonly syncs: Family<Counter>
  readonly durations: Family<Histogram>
}

const metric = {
  stability: 'ALPHA',
  help: 'Number of namespace syncs happened in root ca cert publisher.',
  labels: ['code'],
} as const

export function rootCACertificatePublisher({ rootCA }: ManagerEnvironment): Controller {
  const data = { 'ca.crt': rootCA }
  return controller<Namespace, State>({
    name: 'root-ca-certificate-publisher-controller',
    reconciles: namespaces,
    watches: [
      watch(configMaps, {
        fieldSelector: `metadata.name=${name}`,
        keys: ({ before, after }) => [(after ?? before)!.metadata.namespace!],
      }),
    ],
    state: ({ metrics }) => ({
      syncs: metrics.counter({ ...metric, name: 'root_ca_cert_publisher_sync_total' }),
      durations: metrics.histogram({
        ...metric,
        name: 'root_ca_cert_publisher_sync_duration_seconds',
        buckets: exponentialBuckets(0.001, 2, 15),
      }),
    }),
    async reconcile(namespace, { client, lister, state, clock }) {
      const started = clock.monotonic()
      const synced = (code: string) => {
        state.syncs.with(code).inc()
        state.durations.with(code).observe((clock.monotonic() - started) / 1000)
      }
      if (lister(namespaces).get(namespace)?.status.phase !== 'Active') return
      const maps = client.resource(configMaps).namespace(namespace)
      const current = lister(configMaps).get(keyFor(namespace, name))
      const annotations = current?.metadata.annotations
      try {
        if (!current)
          await maps.create({
            metadata: { name, namespace, annotations: { [descriptionAnnotation]: description } },
            data,
          })
        else if (!deepEqual(current.data, data) || !annotations?.[descriptionAnnotation])
          await maps.update({
            ...current,
            data,
            metadata: { ...current.metadata, annotations: { ...annotations, [descriptionAnnotation]: description } },
          })
      } catch (error) {
        const settled = current ? isNotFound(error) : isAlreadyExists(error)
        if (!settled && !hasStatusCause(error, 'NamespaceTerminating')) {
          synced(String(asStatusError(error)?.code ?? 500))
          throw error
        }
      }
      synced('200')
    },
  })
}
