// Annotations of pods that mean something to the server.

import { forbidden, invalid } from '../../../machinery/field-error.ts'
import type { FieldPath } from '../../../machinery/field-path.ts'
import { quote } from '../../../machinery/go-text.ts'
import type { Errors } from '../../../machinery/validation/field-checks.ts'
import type { KubeObject } from '../../resource.ts'
import type { PodSpec } from './pod.ts'
import { checkLocalDescendingPath } from './volume-path.validation.ts'

export const mirrorAnnotation = 'kubernetes.io/config.mirror'
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost'
export const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod'
export const seccompContainer = 'container.seccomp.security.alpha.kubernetes.io/'
export const appArmorContainer = 'container.apparmor.security.beta.kubernetes.io/'

export function checkPodAnnotations(
  annotations: Readonly<Record<string, string>>,
  spec: PodSpec,
  path: FieldPath,
  errors: Errors,
): void {
  const mirror = annotations[mirrorAnnotation]
  if (mirror !== undefined && !spec.nodeName)
    errors.push(invalid(path.key(mirrorAnnotation), mirror, 'must set spec.nodeName if mirror pod annotation is set'))
  const cost = annotations[deletionCost]
  if (cost !== undefined && !isDeletionCost(cost))
    errors.push(invalid(path.key(deletionCost), cost, 'must be a 32bit integer'))
  const seccomp = annotations[seccompPod]
  if (seccomp !== undefined) checkSeccompAnnotation(seccomp, path.child(seccompPod), errors)
  for (const key in annotations) {
    const value = annotations[key]!
    if (key.startsWith(seccompContainer)) checkSeccompAnnotation(value, path.child(key), errors)
    if (!key.startsWith(appArmorContainer)) continue
    const name = key.slice(appArmorContainer.length)
    const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])]
    if (!containers.some(container => container.name === name))
      errors.push(invalid(path.key(key), name, 'container not found'))
    if (value !== '' && value !== 'runtime/default' && value !== 'unconfined' && !value.startsWith('localhost/'))
      errors.push(invalid(path.key(key), value, `invalid AppArmor profile name: ${quote(value)}`))
  }
}

function isDeletionCost(text: string): boolean {
  if (!/^(0|-?[1-9]\d*)$/.test(text)) return false
  const value = Number(text)
  return value >= -2147483648 && value <= 2147483647
}

function checkSeccompAnnotation(profile: string, path: FieldPath, errors: Errors): void {
  if (profile === 'runtime/default' || profile === 'docker/default' || profile === 'unconfined') return
  if (profile.startsWith('localhost/')) checkLocalDescendingPath(profile.slice('localhost/'.length), path, errors)
  else errors.push(invalid(path, profile, 'must be a valid seccomp profile'))
}

/** Old annotations that still stand beside the fields that replaced them say the same. Only asked of new pods. */
export function checkProfileAnnotations(
  annotations: Readonly<Record<string, string>>,
  spec: PodSpec,
  path: FieldPath,
  errors: Errors,
): void {
  const ofPod = spec.securityContext
  const annotation = annotations[seccompPod]
  if (annotation !== undefined && ofPod?.seccompProfile)
    checkProfile(annotation, ofPod.seccompProfile, seccomp, path.child('securityContext', 'seccompProfile'), errors)
  for (const [key, field, kind] of [
    [seccompContainer, 'seccompProfile', seccomp],
    [appArmorContainer, 'appArmorProfile', appArmor],
  ] as const) {
    if (field === 'appArmorProfile' && spec.os?.name === 'windows') continue
    for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const)
      for (const [index, { name = '', securityContext }] of (spec[list] ?? []).entries()) {
        const own = securityContext?.[field] ?? (field === 'appArmorProfile' ? ofPod?.appArmorProfile : undefined)
        const said = annotations[key + name]
        if (own && said !== undefined)
          checkProfile(said, own, kind, path.child(list).index(index).child('securityContext', field), errors)
      }
  }
}

interface ProfileKind {
  readonly name: string
  readonly runtimeDefaults: readonly string[]
}
const seccomp: ProfileKind = { name: 'seccomp', runtimeDefaults: ['runtime/default', 'docker/default'] }
const appArmor: ProfileKind = { name: 'apparmor', runtimeDefaults: ['runtime/default'] }

function checkProfile(
  annotation: string,
  profile: { readonly type?: string; readonly localhostProfile?: string },
  { name, runtimeDefaults }: ProfileKind,
  path: FieldPath,
  errors: Errors,
): void {
  const differentType = (): void => {
    errors.push(forbidden(path.child('type'), `${name} type in annotation and field must match`))
  }
  switch (profile.type) {
    case 'Unconfined':
      if (annotation !== 'unconfined') differentType()
      break
    case 'RuntimeDefault':
      if (!runtimeDefaults.includes(annotation)) differentType()
      break
    case 'Localhost':
      if (!annotation.startsWith('localhost/')) differentType()
      else if (annotation.slice('localhost/'.length) !== profile.localhostProfile)
        errors.push(forbidden(path.child('localhostProfile'), `${name} profile in annotation and field must match`))
  }
}

export function checkPodAnnotationUpdates(pod: KubeObject, old: KubeObject, path: FieldPath, errors: Errors): void {
  const next: Record<string, string> = pod.metadata['annotations'] ?? {}
  const before: Record<string, string> = old.metadata['annotations'] ?? {}
  for (const key in before) {
    if (next[key] === before[key]) continue
    if (key.startsWith(appArmorContainer))
      errors.push(forbidden(path.key(key), 'may not remove or update AppArmor annotations'))
    if (key === mirrorAnnotation)
      errors.push(forbidden(path.key(key), 'may not remove or update mirror pod annotation'))
  }
  for (const key in next) {
    if (before[key] !== undefined) continue
    if (key.startsWith(appArmorContainer)) errors.push(forbidden(path.key(key), 'may not add AppArmor annotations'))
    if (key === mirrorAnnotation) errors.push(forbidden(path.key(key), 'may not add mirror pod annotation'))
  }
}
