// The restricted level: what hardened pods keep to, besides the baseline.

import { isSeccompType, procMount, seccompProfile } from './baseline-checks.ts'
import {
  type Check,
  type CheckPod,
  containersText,
  hasUserNamespace,
  isWindows,
  namesWhere,
  plural,
  quoted,
  settersText,
  sorted,
  unless,
} from './check.ts'

const allowPrivilegeEscalation: CheckPod = pod => {
  const containers = namesWhere(pod, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false)
  if (containers.length === 0) return undefined
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${containersText(containers)} must set securityContext.allowPrivilegeEscalation=false`,
  }
}

const capabilities: CheckPod = pod => {
  const keeping = namesWhere(pod, ({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'))
  const added: string[] = []
  const adding = namesWhere(pod, ({ securityContext }) => {
    const bad = (securityContext?.capabilities?.add ?? []).filter(name => name !== 'NET_BIND_SERVICE')
    added.push(...bad)
    return bad.length > 0
  })
  const details: string[] = []
  if (keeping.length > 0) details.push(`${containersText(keeping)} must set securityContext.capabilities.drop=["ALL"]`)
  if (adding.length > 0)
    details.push(
      `${containersText(adding)} must not include ${quoted(sorted(added))} in securityContext.capabilities.add`,
    )
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') }
}

const allowedVolumes = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]

const restrictedVolumes: CheckPod = ({ spec }) => {
  const bad = (spec.volumes ?? []).filter(
    volume => !allowedVolumes.some(source => source in volume && given(volume, source)),
  )
  if (bad.length === 0) return undefined
  const sources = sorted(
    bad.map(volume => Object.keys(volume).find(key => key !== 'name' && given(volume, key)) ?? 'unknown'),
  )
  const names = `${plural('volume', 'volumes', bad.length)} ${quoted(bad.map(({ name }) => name!))}`
  const what = plural('restricted volume type', 'restricted volume types', sources.length)
  return {
    reason: 'restricted volume types',
    detail: `${names} ${plural('uses', 'use', bad.length)} ${what} ${quoted(sources)}`,
  }
}

const given = (volume: object, source: string): boolean => (volume as Record<string, unknown>)[source] !== undefined

const runAsNonRoot: CheckPod = pod => {
  const ofPod = pod.spec.securityContext?.runAsNonRoot
  const explicit = namesWhere(pod, ({ securityContext }) => securityContext?.runAsNonRoot === false)
  const setters = settersText(ofPod === false, explicit)
  const reason = 'runAsNonRoot != true'
  if (setters !== '') return { reason, detail: `${setters} must not set securityContext.runAsNonRoot=false` }
  if (ofPod) return undefined
  const silent = namesWhere(pod, ({ securityContext }) => securityContext?.runAsNonRoot === undefined)
  if (silent.length === 0) return undefined
  return { reason, detail: `pod or ${containersText(silent)} must set securityContext.runAsNonRoot=true` }
}

const runAsUser: CheckPod = pod => {
  const containers = namesWhere(pod, ({ securityContext }) => securityContext?.runAsUser === 0)
  const setters = settersText(pod.spec.securityContext?.runAsUser === 0, containers)
  return setters === '' ? undefined : { reason: 'runAsUser=0', detail: `${setters} must not set runAsUser=0` }
}

const seccompProfileSet: CheckPod = pod => {
  const explicit = seccompProfile(pod)
  if (explicit) return explicit
  if (isSeccompType(pod.spec.securityContext?.seccompProfile?.type)) return undefined
  const silent = namesWhere(pod, ({ securityContext }) => securityContext?.seccompProfile === undefined)
  if (silent.length === 0) return undefined
  return {
    reason: 'seccompProfile',
    detail: `pod or ${containersText(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  }
}

/** By id, which is the order in which they are reported. */
export const restrictedChecks: readonly Check[] = [
  {
    id: 'allowPrivilegeEscalation',
    versions: [
      { since: 8, check: allowPrivilegeEscalation },
      { since: 25, check: unless(isWindows, allowPrivilegeEscalation) },
    ],
  },
  {
    id: 'capabilities_restricted',
    overrides: 'capabilities_baseline',
    versions: [
      { since: 22, check: capabilities },
      { since: 25, check: unless(isWindows, capabilities) },
    ],
  },
  { id: 'procMount_restricted', overrides: 'procMount', versions: [{ since: 35, check: procMount }] },
  { id: 'restrictedVolumes', overrides: 'hostPathVolumes', versions: [{ since: 0, check: restrictedVolumes }] },
  {
    id: 'runAsNonRoot',
    versions: [
      { since: 0, check: runAsNonRoot },
      { since: 35, check: unless(hasUserNamespace, runAsNonRoot) },
    ],
  },
  {
    id: 'runAsUser',
    versions: [
      { since: 23, check: runAsUser },
      { since: 35, check: unless(hasUserNamespace, runAsUser) },
    ],
  },
  {
    id: 'seccompProfile_restricted',
    overrides: 'seccompProfile_baseline',
    versions: [
      { since: 19, check: seccompProfileSet },
      { since: 25, check: unless(isWindows, seccompProfileSet) },
    ],
  },
]
