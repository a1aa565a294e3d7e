// PodSecurity: pods keep to the level that their namespace asks for (KEP-2579).
//
// Enforcing refuses pods; auditing and warning also speak of the templates of those who will create pods. In a namespace
// that asks for nothing this costs two lookups.

import type { Pod } from '../../../api/core/v1/pod.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { groupResource } from '../../../api/resource.ts'
import { aggregateMessage, type FieldError, fieldErrorMessage } from '../../../machinery/field-error.ts'
import { quote } from '../../../machinery/go-text.ts'
import { getControllerOf } from '../../../machinery/owner-references.ts'
import { forbidden, internalError, invalid } from '../../../machinery/status-error.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts'
import type { PodLike, Violation } from './check.ts'
import { defaultConfiguration, type PodSecurityConfiguration } from './configuration.ts'
import { reasonsText, violations, violationsText } from './evaluate.ts'
import type { PodSecurityMetrics } from './metrics.ts'
import {
  isEquivalent,
  isFullyPrivileged,
  isSame,
  isStricter,
  type LevelVersion,
  labelPrefix,
  levelVersionText,
  modes,
  type ParsedPolicy,
  type Policy,
  policyOf,
} from './policy.ts'

type Judge = (attributes: AdmissionAttributes) => void

/** Namespaces are warned of this many pods at most. */
const mostPods = 3000

/** Changes of a pod that say nothing about what it may do. */
const ignoredSubresources = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status'])

type Template = { readonly metadata?: PodLike['metadata']; readonly spec?: PodLike['spec'] }

/** Where the pod template of a resource is. */
const templates: Readonly<Record<string, (object: KubeObject) => Template | undefined>> = {
  replicationcontrollers: ({ spec }) => spec?.template,
  podtemplates: ({ template }) => template,
  'replicasets.apps': ({ spec }) => spec?.template,
  'deployments.apps': ({ spec }) => spec?.template,
  'statefulsets.apps': ({ spec }) => spec?.template,
  'daemonsets.apps': ({ spec }) => spec?.template,
  'jobs.batch': ({ spec }) => spec?.template,
  'cronjobs.batch': ({ spec }) => spec?.jobTemplate?.spec?.template,
}

export function podSecurity(
  metrics: PodSecurityMetrics,
  configuration: PodSecurityConfiguration = defaultConfiguration,
): AdmissionPlugin {
  const judge = new PodSecurity(metrics, configuration)
  const judges: Readonly<Record<string, Judge>> = {
    namespaces: attributes => judge.namespace(attributes),
    pods: attributes => judge.pod(attributes),
    ...Object.fromEntries(
      Object.entries(templates).map(([name, templateOf]): [string, Judge] => [
        name,
        attributes => judge.template(attributes, templateOf),
      ]),
    ),
  }
  return {
    name: 'PodSecurity',
    handles: operation => operation === 'CREATE' || operation === 'UPDATE',
    resources: Object.keys(judges),
    validate(attributes): void {
      if (attributes.object) judges[groupResource(attributes.resource)]!(attributes)
    },
  }
}

class PodSecurity {
  readonly #metrics: PodSecurityMetrics
  readonly #configuration: PodSecurityConfiguration
  /** By the labels of the namespace as stored. */
  readonly #policies = new WeakMap<object, ParsedPolicy>()

  constructor(metrics: PodSecurityMetrics, configuration: PodSecurityConfiguration) {
    this.#metrics = metrics
    this.#configuration = configuration
  }

  /** The labels must be readable, and who asks for more is told which pods would not do. */
  namespace(attributes: AdmissionAttributes): void {
    const { operation, subresource, object, oldObject, resource, name } = attributes
    if (subresource !== '') return
    const { policy, errors } = this.#policyOf(object!)
    if (operation === 'CREATE') {
      if (errors.length > 0) throw invalid(resource, name, errors)
      if (this.#configuration.exemptNamespaces.has(name)) this.#warnExempt(attributes, policy)
      return
    }
    const old = this.#policyOf(oldObject!)
    if (errors.length > 0 && !sameErrors(errors, old.errors)) throw invalid(resource, name, errors)
    const { enforce } = policy
    const before = old.policy.enforce
    if (isSame(enforce, before) || enforce.level === 'privileged') return
    if (enforce.version === before.version && !isStricter(enforce.level, before.level)) return
    if (this.#configuration.exemptNamespaces.has(name)) this.#warnExempt(attributes, policy)
    else for (const warning of this.#warningsOfPods(attributes, enforce)) attributes.warn(warning)
  }

  pod(attributes: AdmissionAttributes): void {
    if (ignoredSubresources.has(attributes.subresource) || this.#isExempt(attributes)) return
    const namespace = attributes.lister.get('namespaces', '', attributes.namespace)
    if (!namespace) {
      this.#metrics.failed(true, attributes)
      throw internalError(`failed to lookup namespace ${quote(attributes.namespace)}`)
    }
    const { policy, errors } = this.#policyOfStored(namespace)
    if (errors.length === 0 && isFullyPrivileged(policy)) {
      annotate(attributes, 'enforce-policy', levelVersionText({ level: 'privileged', version: 'latest' }))
      this.#metrics.evaluated('allow', policy.enforce, 'enforce', attributes)
      return
    }
    const { operation, object, oldObject } = attributes
    if (operation === 'UPDATE' && !isSignificant(object as unknown as Pod, oldObject as unknown as Pod)) return
    this.#evaluate(attributes, { policy, errors }, object as unknown as PodLike, true)
  }

  template(attributes: AdmissionAttributes, templateOf: (object: KubeObject) => Template | undefined): void {
    if (attributes.subresource !== '' || this.#isExempt(attributes)) return
    const namespace = attributes.lister.get('namespaces', '', attributes.namespace)
    if (!namespace) {
      const { namespace: name } = attributes
      this.#metrics.failed(true, attributes)
      annotate(attributes, 'error', `failed to lookup namespace ${quote(name)}: namespace ${quote(name)} not found`)
      return
    }
    const { policy, errors } = this.#policyOfStored(namespace)
    if (errors.length === 0 && policy.warn.level === 'privileged' && policy.audit.level === 'privileged') return
    const template = templateOf(attributes.object!)
    if (!template?.spec) return
    const pod = { metadata: template.metadata ?? {}, spec: template.spec }
    this.#evaluate(attributes, { policy, errors }, pod, false)
  }

  #policyOf({ metadata }: KubeObject): ParsedPolicy {
    return policyOf(metadata['labels'], this.#configuration.defaults)
  }

  /** Of a namespace as the cache has it, whose labels stay as they are: read once. */
  #policyOfStored(namespace: KubeObject): ParsedPolicy {
    const labels: Record<string, string> | undefined = namespace.metadata['labels']
    if (!labels) return this.#policyOf(namespace)
    let parsed = this.#policies.get(labels)
    if (!parsed) {
      parsed = this.#policyOf(namespace)
      this.#policies.set(labels, parsed)
    }
    return parsed
  }

  #isExempt(attributes: AdmissionAttributes): boolean {
    const { exemptNamespaces, exemptUsers } = this.#configuration
    const by = exemptNamespaces.has(attributes.namespace)
      ? 'namespace'
      : exemptUsers.has(attributes.user.name)
        ? 'user'
        : undefined
    if (by) this.#exempt(attributes, by)
    return by !== undefined
  }

  #exempt(attributes: AdmissionAttributes, by: string): void {
    annotate(attributes, 'exempt', by)
    this.#metrics.exempted(attributes)
  }

  /** Throws the refusal of a pod; says the rest in warnings and annotations. */
  #evaluate(attributes: AdmissionAttributes, { policy, errors }: ParsedPolicy, pod: PodLike, enforcing: boolean): void {
    if (this.#configuration.exemptRuntimeClasses.has(pod.spec.runtimeClassName || '')) {
      this.#exempt(attributes, 'runtimeClass')
      return
    }
    if (errors.length > 0) {
      annotate(attributes, 'error', `Failed to parse policy: ${aggregateMessage(errors.map(fieldErrorMessage))}`)
      this.#metrics.failed(false, attributes)
    }
    const known = new Map<string, Violation[]>()
    const found = (by: LevelVersion): Violation[] => {
      const key = levelVersionText(by)
      const violated = known.get(key) ?? violations(pod, by)
      known.set(key, violated)
      return violated
    }
    const { enforce, audit, warn } = policy
    if (enforcing) annotate(attributes, 'enforce-policy', levelVersionText(enforce))
    const refused = enforcing ? found(enforce) : []
    if (enforcing) this.#metrics.evaluated(refused.length > 0 ? 'deny' : 'allow', enforce, 'enforce', attributes)
    const audited = found(audit)
    if (audited.length > 0) {
      annotate(
        attributes,
        'audit-violations',
        `would violate PodSecurity ${quote(levelVersionText(audit))}: ${violationsText(audited)}`,
      )
      this.#metrics.evaluated('deny', audit, 'audit', attributes)
    }
    if (refused.length > 0)
      throw forbidden(
        attributes.resource,
        attributes.name,
        `violates PodSecurity ${quote(levelVersionText(enforce))}: ${violationsText(refused)}`,
      )
    const warned = found(warn)
    if (warned.length > 0) {
      attributes.warn(`would violate PodSecurity ${quote(levelVersionText(warn))}: ${violationsText(warned)}`)
      this.#metrics.evaluated('deny', warn, 'warn', attributes)
    }
  }

  #warningsOfPods({ lister, name }: AdmissionAttributes, enforce: LevelVersion): string[] {
    const pods = this.#prioritized([...lister.list('pods', name)] as unknown as Pod[])
    const byReasons = new Map<string, { first: string; count: number }>()
    for (const pod of pods.slice(0, mostPods)) {
      const found = violations(pod as PodLike, enforce)
      if (found.length === 0) continue
      const reasons = reasonsText(found)
      const podName = pod.metadata!.name!
      const known = byReasons.get(reasons)
      if (!known) byReasons.set(reasons, { first: podName, count: 1 })
      else {
        known.count++
        if (podName < known.first) known.first = podName
      }
    }
    const warnings: string[] = []
    if (pods.length > mostPods)
      warnings.push(
        `new PodSecurity enforce level only checked against the first ${mostPods} of ${pods.length} existing pods`,
      )
    if (byReasons.size > 0)
      warnings.push(
        `existing pods in namespace ${quote(name)} violate the new PodSecurity enforce level ${quote(levelVersionText(enforce))}`,
      )
    return [...warnings, ...[...byReasons].map(([reasons, pods]) => `${podsText(pods)}: ${reasons}`).sort()]
  }

  /** Pods of one controller are alike: one of each comes first. */
  #prioritized(pods: readonly Pod[]): Pod[] {
    const first: Pod[] = []
    const others: Pod[] = []
    const seen = new Set<string>()
    for (const pod of pods) {
      if (this.#configuration.exemptRuntimeClasses.has(pod.spec?.runtimeClassName || '')) continue
      const controller = getControllerOf(pod as Parameters<typeof getControllerOf>[0])?.uid
      if (controller !== undefined && seen.has(controller)) others.push(pod)
      else first.push(pod)
      if (controller !== undefined) seen.add(controller)
    }
    return [...first, ...others]
  }

  /** Labels that will not be looked at. */
  #warnExempt(attributes: AdmissionAttributes, policy: Policy): void {
    const { object, name } = attributes
    if (isFullyPrivileged(policy) || isEquivalent(policy, this.#configuration.defaults)) return
    const labels: Record<string, string> = object?.metadata['labels'] ?? {}
    const said = modes
      .filter(mode => policy[mode].level !== 'privileged')
      .filter(mode => labels[labelPrefix + mode] !== undefined || labels[`${labelPrefix}${mode}-version`] !== undefined)
      .map(mode => `${mode}=${levelVersionText(policy[mode])}`)
    attributes.warn(
      `namespace ${quote(name)} is exempt from Pod Security, and the policy (${said.join(', ')}) will be ignored`,
    )
  }
}

function podsText({ first, count }: { readonly first: string; readonly count: number }): string {
  if (count === 1) return first
  return count === 2 ? `${first} (and 1 other pod)` : `${first} (and ${count - 1} other pods)`
}

function sameErrors(one: readonly FieldError[], other: readonly FieldError[]): boolean {
  return (
    one.length === other.length &&
    one.every((error, index) => fieldErrorMessage(error) === fieldErrorMessage(other[index]!))
  )
}

function annotate(attributes: AdmissionAttributes, key: string, value: string): void {
  attributes.annotate(labelPrefix + key, value)
}

/** Only images, and containers that are added to a running pod, can change. */
function isSignificant({ spec }: Pod, { spec: old }: Pod): boolean {
  for (const list of ['containers', 'initContainers'] as const) {
    const [now, before] = [spec?.[list] ?? [], old?.[list] ?? []]
    if (now.length !== before.length) return true
    if (now.some(({ image }, index) => image !== before[index]!.image)) return true
  }
  return (spec?.ephemeralContainers ?? []).some(
    ({ name, image }) => old?.ephemeralContainers?.find(each => each.name === name)?.image !== image,
  )
}
