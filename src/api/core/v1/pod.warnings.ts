// What is allowed in a pod or a template for pods, but is hardly meant, or does nothing any more (upstream:
// pkg/api/pod/warnings.go). Runs at every creation of a pod: nothing is built where there is nothing to say.

import { quote } from '../../../machinery/go-text.ts'
import { warningsForIP } from '../../../machinery/validation/ip.ts'
import type { PodAffinityTerm, WeightedPodAffinityTerm } from './affinity.ts'
import type { Container, ContainerPort } from './container.ts'
import { deprecatedNodeLabel, warnOfNodeSelectorTerm } from './nodelabels.warnings.ts'
import { isFractional, warnOfClaimSpec } from './persistentvolumeclaim.warnings.ts'
import type { PodSpec } from './pod.ts'
import { appArmorContainer, seccompContainer, seccompPod } from './podannotations.validation.ts'
import { warnOfVolumes } from './volume.warnings.ts'

type Annotations = Readonly<Record<string, string>>
const noText: string[] = Object.freeze([]) as unknown as string[]

const deprecatedAnnotations: Annotations = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
}

export interface PodLike {
  readonly metadata?: { readonly annotations?: Annotations }
  readonly spec?: PodSpec
}

/** `prefix` is '' for a pod; of a template it is its path and a dot, such as `spec.template.`. */
export function podWarnings(pod: PodLike, prefix: string): string[] {
  const { spec } = pod
  if (!spec) return noText
  const warnings: string[] = []
  const annotations = pod.metadata?.annotations
  const path = `${prefix}spec`
  for (const key in spec.nodeSelector) {
    const message = deprecatedNodeLabel(key)
    if (message) warnings.push(`${path}.nodeSelector[${key}]: ${message}`)
  }
  if (spec.affinity?.nodeAffinity) warnOfNodeAffinity(spec, path, warnings)
  if (spec.topologySpreadConstraints) warnOfSpread(spec, path, warnings)
  if (annotations)
    for (const key in deprecatedAnnotations)
      if (annotations[key] !== undefined)
        warnings.push(`${prefix}metadata.annotations[${key}]: ${deprecatedAnnotations[key]}`)
  if (spec.volumes) warnOfVolumes(spec.volumes, path, warnOfClaimSpec, warnings)
  if (spec.hostAliases) warnOfRepeated(spec.hostAliases, 'ip', `${path}.hostAliases`, warnings)
  if (spec.imagePullSecrets) {
    warnOfRepeated(spec.imagePullSecrets, 'name', `${path}.imagePullSecrets`, warnings)
    for (const [index, { name }] of spec.imagePullSecrets.entries())
      if (!name) warnings.push(`${path}.imagePullSecrets[${index}].name: invalid empty name ""`)
  }
  warnOfFractions(spec.overhead, `${path}.overhead`, warnings)
  if (annotations?.[seccompPod] !== undefined && !spec.securityContext?.seccompProfile)
    warnings.push(
      `${prefix}metadata.annotations[${seccompPod}]: non-functional in v1.27+; use the "seccompProfile" field instead`,
    )
  let hasPorts = false
  for (const list of containerLists) {
    const containers = spec[list] as readonly Container[] | undefined
    if (!containers) continue
    for (let index = 0; index < containers.length; index++) {
      const container = containers[index]!
      const { resources, env, ports } = container
      if (annotations) warnOfContainerAnnotations(container, spec, annotations, prefix, warnings)
      warnOfFractions(resources?.limits, `${path}.${list}[${index}].resources.limits`, warnings)
      warnOfFractions(resources?.requests, `${path}.${list}[${index}].resources.requests`, warnings)
      if (env && env.length > 1) warnOfHiddenVariables(container, `${path}.${list}[${index}]`, warnings)
      if (ports) hasPorts = true
    }
  }
  if (hasPorts) warnOfPorts(spec, path, warnings)
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0)
    warnings.push(
      `${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    )
  if (spec.affinity) warnOfPodAffinity(spec.affinity, `${path}.affinity`, warnings)
  spec.dnsConfig?.nameservers?.forEach((address, index) => {
    warnings.push(...warningsForIP(`${path}.dnsConfig.nameservers[${index}]`, address))
  })
  spec.hostAliases?.forEach(({ ip = '' }, index) => {
    warnings.push(...warningsForIP(`${path}.hostAliases[${index}].ip`, ip))
  })
  return warnings
}

const containerLists = ['initContainers', 'containers', 'ephemeralContainers'] as const
const required = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'

function warnOfNodeAffinity(spec: PodSpec, path: string, warnings: string[]): void {
  const affinity = spec.affinity!.nodeAffinity!
  const at = `${path}.affinity.nodeAffinity`
  for (const [index, term] of (affinity[required]?.nodeSelectorTerms ?? []).entries())
    warnOfNodeSelectorTerm(term, false, `${at}.${required}.nodeSelectorTerms[${index}]`, warnings)
  for (const [index, { preference }] of (affinity[preferred] ?? []).entries())
    if (preference) warnOfNodeSelectorTerm(preference, true, `${at}.${preferred}[${index}].preference`, warnings)
}

const matchesNothing = 'a null labelSelector results in matching no pod'

function warnOfSpread(spec: PodSpec, path: string, warnings: string[]): void {
  for (const [index, { topologyKey, labelSelector }] of spec.topologySpreadConstraints!.entries()) {
    const at = `${path}.topologySpreadConstraints[${index}]`
    const message = deprecatedNodeLabel(topologyKey)
    if (message) warnings.push(`${at}.topologyKey: ${topologyKey} is ${message}`)
    if (!labelSelector) warnings.push(`${at}.labelSelector: ${matchesNothing}`)
  }
}

function warnOfPodAffinity(affinity: NonNullable<PodSpec['affinity']>, path: string, warnings: string[]): void {
  for (const kind of ['podAffinity', 'podAntiAffinity'] as const) {
    const of = affinity[kind]
    for (const [index, term] of ((of?.[required] ?? []) as PodAffinityTerm[]).entries())
      if (!term.labelSelector) warnings.push(`${path}.${kind}.${required}[${index}].labelSelector: ${matchesNothing}`)
    for (const [index, term] of ((of?.[preferred] ?? []) as WeightedPodAffinityTerm[]).entries())
      if (!term.podAffinityTerm?.labelSelector)
        warnings.push(`${path}.${kind}.${preferred}[${index}].podAffinityTerm.labelSelector: ${matchesNothing}`)
  }
}

function warnOfRepeated<Field extends string>(
  items: readonly { readonly [field in Field]?: string }[],
  field: Field,
  path: string,
  warnings: string[],
): void {
  if (items.length < 2) return
  const seen = new Set<string>()
  for (const [index, item] of items.entries()) {
    const value = item[field] ?? ''
    if (seen.has(value)) warnings.push(`${path}[${index}].${field}: duplicate ${field} ${quote(value)}`)
    seen.add(value)
  }
}

const bytes = ['memory', 'ephemeral-storage']

/** Bytes are whole; `100m` of memory is a tenth of a byte, and somebody meant megabytes. */
function warnOfFractions(amounts: Annotations | undefined, path: string, warnings: string[]): void {
  if (!amounts) return
  for (const name of bytes) {
    const text = amounts[name]
    if (text !== undefined && isFractional(text))
      warnings.push(`${path}[${name}]: fractional byte value ${quote(text)} is invalid, must be an integer`)
  }
}

function warnOfContainerAnnotations(
  { name = '', securityContext }: Container,
  spec: PodSpec,
  annotations: Annotations,
  prefix: string,
  warnings: string[],
): void {
  const seccomp = seccompContainer + name
  if (annotations[seccomp] !== undefined && !securityContext?.seccompProfile)
    warnings.push(
      `${prefix}metadata.annotations[${seccomp}]: non-functional in v1.27+; use the "seccompProfile" field instead`,
    )
  // Of pods themselves the strategy says it, before it writes the field.
  const appArmor = appArmorContainer + name
  if (prefix === '' || annotations[appArmor] === undefined) return
  if (!spec.securityContext?.appArmorProfile && !securityContext?.appArmorProfile)
    warnings.push(
      `${prefix}metadata.annotations[${appArmor}]: deprecated since v1.30; use the "appArmorProfile" field instead`,
    )
}

function warnOfHiddenVariables({ env }: Container, path: string, warnings: string[]): void {
  const seen = new Set<string>()
  for (let index = 0; index < env!.length; index++) {
    const { name = '', value = '', valueFrom } = env![index]!
    if (!seen.has(name)) {
      seen.add(name)
      continue
    }
    // X="$(X)123" adds to the value before; anything else hides it.
    const reference = `$(${name})`
    if (valueFrom || value === reference || !value.includes(reference))
      warnings.push(
        `${path}.env[${index}]: hides previous definition of ${quote(name)}, which may be dropped when using apply`,
      )
  }
}

function warnOfPorts(spec: PodSpec, path: string, warnings: string[]): void {
  let known: Map<string, { readonly path: string; readonly port: ContainerPort }[]> | undefined
  for (const list of containerLists)
    for (const [index, container] of ((spec[list] ?? []) as Container[]).entries())
      for (const [portIndex, port] of (container.ports ?? []).entries()) {
        const at = `${path}.${list}[${index}].ports[${portIndex}]`
        if (port.hostIP && !port.hostPort) warnings.push(`${at}: hostIP set without hostPort: ${goPort(port)}`)
        known ??= new Map()
        const key = `${port.containerPort}/${port.protocol}`
        const others = known.get(key)
        for (const other of others ?? []) warnOfOverlap(port, other.port, at, other.path, warnings)
        if (others) others.push({ path: at, port })
        else known.set(key, [{ path: at, port }])
      }
}

function warnOfOverlap(
  port: ContainerPort,
  other: ContainerPort,
  at: string,
  otherAt: string,
  warnings: string[],
): void {
  const [ip, otherIP] = [port.hostIP ?? '', other.hostIP ?? '']
  const [host, otherHost] = [port.hostPort ?? 0, other.hostPort ?? 0]
  if (ip === otherIP && host === otherHost) warnings.push(`${at}: duplicate port definition with ${otherAt}`)
  else if (host === 0 || otherHost === 0) warnings.push(`${at}: overlapping port definition with ${otherAt}`)
  else if (host === otherHost && (ip === '') !== (otherIP === ''))
    warnings.push(`${at}: dangerously ambiguous port definition with ${otherAt}`)
}

/** As Go prints its struct. */
const goPort = ({ name = '', hostPort = 0, containerPort, protocol = '', hostIP = '' }: ContainerPort): string =>
  `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`

/** Templates say the same at the same place until they change. */
export const templateWarnings = (template: PodLike | undefined, path: string): string[] =>
  template ? podWarnings(template, `${path}.`) : noText
