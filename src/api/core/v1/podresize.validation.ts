// What of a running pod's sizes may be changed through its `resize` subresource (upstream: ValidatePodResize).

import { semanticEqual } from '../../../machinery/deep-equal.ts'
import { deepCopy } from '../../../machinery/deep-freeze.ts'
import { type FieldError, forbidden, invalid } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import type { Errors } from '../../../machinery/validation/field-checks.ts'
import type { KubeObject } from '../../resource.ts'
import type { Container, ResourceRequirements } from './container.ts'
import type { Pod, PodSpec, PodStatus } from './pod.ts'
import { checkPod } from './pod.validation.ts'
import { podQOSClass } from './pod-qos.ts'
import { mirrorAnnotation } from './podannotations.validation.ts'

const specPath = root('spec')

type Amounts = Record<string, string>
type Sizes = ResourceRequirements
const lists = ['requests', 'limits'] as const
const resizable = ['cpu', 'memory']

export function validatePodResize(pod: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  checkPod(pod, errors)
  const [spec, before] = [pod['spec'] as PodSpec, old['spec'] as PodSpec]
  if (old.metadata['annotations']?.[mirrorAnnotation] !== undefined)
    return [forbidden('', 'static pods cannot be resized')]
  if (before.os?.name === 'windows') return [forbidden('', 'windows pods cannot be resized')]
  const status = old['status'] as PodStatus | undefined
  if ((status?.qosClass || podQOSClass(old as unknown as Pod)) !== podQOSClass(pod as unknown as Pod))
    errors.push(
      invalid(specPath, pod['status']?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'),
    )
  // A node that reports no sizes of running containers cannot change them.
  const running = status?.containerStatuses?.find(({ state }) => state?.running)
  if (running && !running.resources) errors.push(forbidden(specPath, 'Pod running on node without support for resize'))
  const next: Record<string, any> = deepCopy(spec)
  if (isSized(before.resources) || isSized(spec.resources)) checkPodSizes(next, spec, before, errors)
  if (status?.nodeAllocatableResourceClaimStatuses?.length)
    errors.push(forbidden(specPath, 'pods with node allocatable resource claims cannot be resized'))
  if (!checkOrder(spec, before, errors)) return errors
  checkContainers(next, before, errors)
  if (errors.length === 0 && !semanticEqual(next, before))
    errors.push(forbidden(specPath, 'only cpu and memory resources are mutable'))
  return errors
}

const isSized = (of: Sizes | undefined): boolean => Object.keys({ ...of?.requests, ...of?.limits }).length > 0
const removed = (next: Amounts | undefined, old: Amounts | undefined): boolean =>
  Object.keys(old ?? {}).some(name => next?.[name] === undefined)

/** Of the pod as a whole (KEP-5419). What may change is set back in `next`. */
function checkPodSizes(next: Record<string, any>, spec: PodSpec, before: PodSpec, errors: Errors): void {
  if (before.resources && !spec.resources) {
    errors.push(forbidden(specPath.child('resources'), 'pod-level resources cannot be removed'))
    return
  }
  for (const list of lists)
    if (removed(spec.resources?.[list], before.resources?.[list]))
      errors.push(forbidden(specPath.child('resources', list), `pod-level resource ${list} cannot be removed`))
  const restored = withOldSizes(next['resources'], before.resources)
  if (!before.resources && !isSized(restored) && !restored.claims?.length) delete next['resources']
  else next['resources'] = restored
  if (!semanticEqual(next['resources'], before.resources))
    errors.push(forbidden(specPath, 'only cpu and memory resources are mutable at pod-level'))
}

function checkOrder(spec: PodSpec, before: PodSpec, errors: Errors): boolean {
  const count = errors.length
  for (const list of ['containers', 'initContainers'] as const) {
    const [next, old] = [spec[list] ?? [], before[list] ?? []]
    const path = specPath.child(list)
    if (next.length !== old.length) errors.push(forbidden(path, `${list} may not be added or removed on resize`))
    else
      for (const [index, { name }] of old.entries())
        if (next[index]!.name !== name)
          errors.push(forbidden(path.index(index).child('name'), `${list} may not be renamed or reordered on resize`))
  }
  return errors.length === count
}

/** What may change is set back in `next`. */
function checkContainers(next: Record<string, any>, before: PodSpec, errors: Errors): void {
  const [containers, initContainers]: [Container[], Container[]] = [
    next['containers'] ?? [],
    next['initContainers'] ?? [],
  ]
  for (const [index, { resources }] of (before.initContainers ?? []).entries())
    checkRemoved(initContainers[index]!.resources, resources, specPath.child('initContainers').index(index), errors)
  for (const [index, { resources }] of (before.containers ?? []).entries())
    checkRemoved(containers[index]!.resources, resources, specPath.child('containers').index(index), errors)
  for (const [index, container] of containers.entries()) {
    const old = before.containers![index]!
    container.resources = withOldSizes(container.resources, old.resources)
    if (!semanticEqual(container, old)) errors.push(forbidden(specPath, 'only cpu and memory resources are mutable'))
  }
  for (const [index, container] of initContainers.entries()) {
    const old = before.initContainers![index]!
    container.resources = withOldSizes(container.resources, old.resources)
    if (!semanticEqual(container, old))
      errors.push(
        forbidden(
          specPath.child('initContainers').index(index),
          'only cpu and memory resources for init or sidecar containers are mutable',
        ),
      )
  }
}

function checkRemoved(next: Sizes | undefined, old: Sizes | undefined, path: FieldPath, errors: Errors): void {
  for (const list of lists)
    if (removed(next?.[list], old?.[list]))
      errors.push(forbidden(path.child('resources', list), `resource ${list} cannot be removed`))
}

function withOldSizes(next: Sizes = {}, old: Sizes = {}): Sizes {
  const out: Sizes = { ...next }
  for (const list of lists) {
    const amounts: Amounts = { ...next[list] }
    for (const name of resizable) {
      delete amounts[name]
      const was = old[list]?.[name]
      if (was !== undefined) amounts[name] = was
    }
    if (Object.keys(amounts).length > 0) out[list] = amounts
    else delete out[list]
  }
  return out
}
