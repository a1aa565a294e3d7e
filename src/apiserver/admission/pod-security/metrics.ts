// What is counted of PodSecurity (upstream: k8s.io/pod-security-admission/metrics).

import { release } from '../../../api/release.ts'
import type { Counter, MetricsRegistry } from '../../../machinery/metrics/metrics.ts'
import type { AdmissionAttributes } from '../admission.ts'
import { type LevelVersion, latest, type modes } from './policy.ts'

type Mode = (typeof modes)[number]
type Asked = Pick<AdmissionAttributes, 'operation' | 'resource' | 'subresource'>

/** Versions beyond the server's own are not told apart. */
const newestMinor = Number(release.minor)

export class PodSecurityMetrics {
  readonly #evaluations
  readonly #exemptions
  readonly #errors
  /** Pods where nothing is asked for are the most: found once. */
  readonly #privileged: Readonly<Record<string, Counter>>

  constructor(registry: MetricsRegistry) {
    const labels = ['request_operation', 'resource', 'subresource']
    this.#evaluations = registry.counter({
      name: 'pod_security_evaluations_total',
      stability: 'ALPHA',
      help: 'Number of policy evaluations that occurred, not counting ignored or exempt requests.',
      labels: ['decision', 'policy_level', 'policy_version', 'mode', ...labels],
    })
    this.#exemptions = registry.counter({
      name: 'pod_security_exemptions_total',
      stability: 'ALPHA',
      help: 'Number of exempt requests, not counting ignored or out of scope requests.',
      labels,
    })
    this.#errors = registry.counter({
      name: 'pod_security_errors_total',
      stability: 'ALPHA',
      help: 'Number of errors preventing normal evaluation. Non-fatal errors may result in the latest restricted profile being used for evaluation.',
      labels: ['fatal', ...labels],
    })
    const privileged = (operation: string) =>
      this.#evaluations.with('allow', 'privileged', latest, 'enforce', operation, 'pod', '')
    this.#privileged = { CREATE: privileged('create'), UPDATE: privileged('update') }
    for (const resource of ['pod', 'controller'])
      for (const operation of ['create', 'update']) this.#exemptions.with(operation, resource, '')
  }

  evaluated(decision: 'allow' | 'deny', { level, version }: LevelVersion, mode: Mode, asked: Asked): void {
    if (decision === 'allow' && level === 'privileged' && mode === 'enforce' && asked.subresource === '') {
      const common = shownResource(asked) === 'pod' && this.#privileged[asked.operation]
      if (common) {
        common.inc()
        return
      }
    }
    const shown =
      version === latest || level === 'privileged' ? latest : version > newestMinor ? 'future' : `v1.${version}`
    this.#evaluations.with(decision, level, shown, mode, ...labelsOf(asked)).inc()
  }

  exempted(asked: Asked): void {
    this.#exemptions.with(...labelsOf(asked)).inc()
  }

  failed(fatal: boolean, asked: Asked): void {
    this.#errors.with(String(fatal), ...labelsOf(asked)).inc()
  }
}

function shownResource({ resource: { group, resource } }: Asked): string {
  if (group === '' && resource === 'pods') return 'pod'
  return group === '' && resource === 'namespaces' ? 'namespace' : 'controller'
}

const labelsOf = (asked: Asked): string[] => [asked.operation.toLowerCase(), shownResource(asked), asked.subresource]
