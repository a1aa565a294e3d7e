// What is counted of a configuration file that is followed while the server runs (upstream's *_config_controller).

import { createHash } from 'node:crypto'
import type { Clock } from '../machinery/env/env.ts'
import type { MetricsRegistry, Stability } from '../machinery/metrics/metrics.ts'

/** Of several servers of one cluster, which this is. */
export const apiServerID = 'apiserver-k8ts'

export type ReloadedConfiguration = 'authentication' | 'authorization' | 'encryption'

/** Ids and contents may tell something: only their hashes are shown. */
export const sha256Of = (data: string): string =>
  data === '' ? '' : `sha256:${createHash('sha256').update(data).digest('hex')}`

export class ConfigReloadMetrics {
  readonly #clock: Clock
  readonly #server: string
  readonly #reloads
  readonly #last
  readonly #info

  /** `content` is what the file held at first. */
  constructor(
    registry: MetricsRegistry,
    clock: Clock,
    of: ReloadedConfiguration,
    { server, content }: { readonly server: string; readonly content: string },
  ) {
    this.#clock = clock
    this.#server = sha256Of(server)
    const name = (suffix: string) => `apiserver_${of}_config_controller_${suffix}`
    const stability: Stability = of === 'encryption' ? 'ALPHA' : 'BETA'
    const by = of === 'encryption' ? 'split by apiserver identity' : 'split by status and apiserver identity'
    this.#reloads = registry.counter({
      name: name('automatic_reloads_total'),
      stability,
      help:
        of === 'encryption'
          ? `Total number of reload successes and failures of encryption configuration ${by}.`
          : `Total number of automatic reloads of ${of} configuration ${by}.`,
      labels: ['status', 'apiserver_id_hash'],
    })
    const last = of === 'encryption' ? 'last successful or failed automatic reload' : 'last automatic reload'
    this.#last = registry.gauge({
      name: name('automatic_reload_last_timestamp_seconds'),
      stability,
      help: `Timestamp of the ${last} of ${of} configuration ${by}.`,
      labels: ['status', 'apiserver_id_hash'],
    })
    this.#info = registry.gauge({
      name: name('last_config_info'),
      stability: 'ALPHA',
      help: `Information about the last applied ${of} configuration with hash as label, split by apiserver identity.`,
      labels: ['apiserver_id_hash', 'hash'],
    })
    this.#applied(content)
  }

  succeeded(content: string): void {
    this.#ended('success')
    this.#applied(content)
  }

  failed(): void {
    this.#ended('failure')
  }

  #ended(status: 'success' | 'failure'): void {
    this.#reloads.with(status, this.#server).inc()
    this.#last.with(status, this.#server).set(this.#clock.now() / 1000)
  }

  #applied(content: string): void {
    this.#info.clear()
    this.#info.with(this.#server, sha256Of(content)).set(1)
  }
}
