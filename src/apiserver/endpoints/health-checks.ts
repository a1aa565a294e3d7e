// What is asked of the API server's health, in upstream's order and under its names. Upstream's hooks are what it does
// once it has started; here are those of them that this server does.

import type { Store } from '../../etcd/store.ts'
import type { HealthCheck } from './health.ts'

const hooks = [
  'start-apiserver-admission-initializer',
  'generic-apiserver-start-informers',
  'priority-and-fairness-config-consumer',
  'priority-and-fairness-filter',
  'storage-object-count-tracker-hook',
  'start-apiextensions-informers',
  'start-apiextensions-controllers',
  'crd-informer-synced',
  'start-system-namespaces-controller',
  'start-cluster-authentication-info-controller',
  'start-kube-apiserver-identity-lease-controller',
  'start-kube-apiserver-identity-lease-garbage-collector',
  'storage-readiness',
  'start-legacy-token-tracking-controller',
  'start-service-ip-repair-controllers',
  'rbac/bootstrap-roles',
  'scheduling/bootstrap-system-priority-classes',
  'priority-and-fairness-config-producer',
  'bootstrap-controller',
  'start-kubernetes-service-cidr-controller',
  'start-kube-aggregator-informers',
  'apiservice-status-local-available-controller',
  'apiservice-status-remote-available-controller',
  'apiservice-registration-controller',
  'apiservice-discovery-controller',
  'kube-apiserver-autoregistration',
  'autoregister-completion',
  'apiservice-openapi-controller',
  'apiservice-openapiv3-controller',
] as const

export type Hook = (typeof hooks)[number]

/** Upstream's one check among the hooks that is none. */
const pathOf = (hook: Hook): string => (hook === 'autoregister-completion' ? hook : `poststarthook/${hook}`)

/** How far the server's start, or its end, has come. */
export class Progress {
  readonly #finished = new Set<Hook>()
  shuttingDown = false

  finish(...done: readonly Hook[]): void {
    for (const hook of done) this.#finished.add(hook)
  }

  has(hook: Hook): boolean {
    return this.#finished.has(hook)
  }
}

export function healthChecks(store: Store, progress: Progress): HealthCheck[] {
  const storeProblem = () => (store.revision > 0 ? undefined : 'the store has not been read')
  return [
    { name: 'ping', check: () => undefined },
    { name: 'log', check: () => undefined },
    { name: 'etcd', check: storeProblem },
    { name: 'etcd-readiness', of: ['readyz'], check: storeProblem },
    {
      name: 'informer-sync',
      of: ['readyz'],
      check: () => (progress.has('generic-apiserver-start-informers') ? undefined : 'the caches are being read'),
    },
    ...hooks.map(hook => ({
      name: pathOf(hook),
      check: () => (progress.has(hook) ? undefined : 'not finished'),
    })),
    {
      name: 'shutdown',
      of: ['readyz'],
      check: () => (progress.shuttingDown ? 'process is shutting down' : undefined),
    },
  ]
}
