// What a pod may say when it is made, and what of it may change (upstream: pkg/apis/core/validation, ValidatePodCreate,
// ValidatePodUpdate and what belongs to the subresources).

import { forgetSentEmpty } from '../../../machinery/codec/sent-empty.ts'
import { normalEqual, semanticEqual } from '../../../machinery/deep-equal.ts'
import { deepCopy } from '../../../machinery/deep-freeze.ts'
import { type FieldError, forbidden, invalid, required } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { quote } from '../../../machinery/go-text.ts'
import type { Errors } from '../../../machinery/validation/field-checks.ts'
import { validateLabels } from '../../../machinery/validation/labels.ts'
import { validateAnnotations } from '../../../machinery/validation/object-meta.ts'
import { internalDiff } from '../../go/internal-form.ts'
import type { KubeObject } from '../../resource.ts'
import { type Container, EphemeralContainer } from './container.ts'
import { PodSpec, type PodTemplateSpec } from './pod.ts'
import {
  checkPodAnnotations,
  checkPodAnnotationUpdates,
  checkProfileAnnotations,
  mirrorAnnotation,
} from './podannotations.validation.ts'
import { checkImagePadding, checkPodSpec } from './podspec.validation.ts'
import { checkTolerations } from './scheduling.validation.ts'

const specPath = root('spec')
const containersPath = specPath.child('containers')
const initContainersPath = specPath.child('initContainers')
const annotationsPath = root('metadata', 'annotations')

/** What every pod must say, new or changed. */
export function checkPod(pod: KubeObject, errors: Errors): void {
  const spec = pod['spec'] as PodSpec
  const annotations: Record<string, string> | undefined = pod.metadata['annotations']
  if (annotations) checkPodAnnotations(annotations, spec, annotationsPath, errors)
  checkPodSpec(spec, specPath, { isPod: true, podName: pod.metadata.name }, errors)
  if (!spec.serviceAccountName)
    for (const [index, volume] of (spec.volumes ?? []).entries())
      for (const [sourceIndex, source] of (volume.projected?.sources ?? []).entries())
        if (source.serviceAccountToken)
          errors.push(
            forbidden(
              specPath
                .child('volumes')
                .index(index)
                .child('projected', 'sources')
                .index(sourceIndex)
                .child('serviceAccountToken'),
              'must not be specified when serviceAccountName is not set',
            ),
          )
  spec.containers?.forEach((container, index) => {
    checkImagePadding(container, containersPath.index(index), errors)
  })
  spec.initContainers?.forEach((container, index) => {
    checkImagePadding(container, initContainersPath.index(index), errors)
  })
}

export function validatePod(pod: KubeObject): FieldError[] {
  const errors: Errors = []
  checkPod(pod, errors)
  const spec = pod['spec'] as PodSpec
  if (spec.ephemeralContainers?.length)
    errors.push(forbidden(specPath.child('ephemeralContainers'), 'cannot be set on create'))
  if (spec.nodeName && spec.schedulingGates?.length)
    errors.push(forbidden(specPath.child('nodeName'), 'cannot be set until all schedulingGates have been cleared'))
  const annotations: Record<string, string> | undefined = pod.metadata['annotations']
  if (annotations) checkProfileAnnotations(annotations, spec, specPath, errors)
  return errors
}

/** A template that others make pods from. */
export function checkPodTemplate(template: PodTemplateSpec, path: FieldPath, errors: Errors): void {
  const { labels, annotations } = (template.metadata ?? {}) as {
    labels?: Record<string, string>
    annotations?: Record<string, string>
  }
  const spec = (template.spec ?? {}) as PodSpec
  if (labels) errors.push(...validateLabels(labels, path.child('labels')))
  if (annotations) {
    errors.push(...validateAnnotations(annotations, path.child('annotations')))
    checkPodAnnotations(annotations, spec, path.child('annotations'), errors)
  }
  checkPodSpec(spec, path.child('spec'), { isPod: false, podName: undefined }, errors)
  if (spec.ephemeralContainers?.length)
    errors.push(
      forbidden(path.child('spec', 'ephemeralContainers'), 'ephemeral containers not allowed in pod template'),
    )
}

export function validatePodTemplate(object: KubeObject): FieldError[] {
  const errors: Errors = []
  checkPodTemplate((object['template'] ?? {}) as PodTemplateSpec, root('template'), errors)
  return errors
}

const updatable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
]
const mostSeconds = 2147483647

/** Tells whether the lists are of one length; where they aren't, nothing more can be compared. */
function checkContainerUpdates(
  given: readonly Container[] | null | undefined,
  before: readonly Container[] | null | undefined,
  path: FieldPath,
  errors: Errors,
): boolean {
  const [next, old] = [given ?? [], before ?? []]
  if (next.length !== old.length) {
    errors.push(forbidden(path, 'pod updates may not add or remove containers'))
    return false
  }
  for (const [index, container] of next.entries()) {
    if (!container.image) errors.push(required(path.index(index).child('image')))
    checkImagePadding(container, path.index(index), errors)
  }
  return true
}

function checkDeadline(next: number | undefined, old: number | undefined, errors: Errors): boolean {
  const path = specPath.child('activeDeadlineSeconds')
  if (next === undefined) {
    if (old !== undefined) errors.push(invalid(path, null, 'must not update from a positive integer to nil value'))
    return true
  }
  if (next < 0 || next > mostSeconds) {
    errors.push(invalid(path, next, `must be between 0 and ${mostSeconds}, inclusive`))
    return false
  }
  if (old !== undefined && old < next) {
    errors.push(invalid(path, next, 'must be less than or equal to previous value'))
    return false
  }
  return true
}

export function validatePodUpdate(pod: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  const [spec, before] = [pod['spec'] as PodSpec, old['spec'] as PodSpec]
  // Left alone by a patch: it was judged when it was written.
  if (spec === before) {
    const annotations: Record<string, string> | undefined = pod.metadata['annotations']
    if (annotations) checkPodAnnotations(annotations, spec, annotationsPath, errors)
    checkPodAnnotationUpdates(pod, old, annotationsPath, errors)
    return errors
  }
  checkPod(pod, errors)
  checkPodAnnotationUpdates(pod, old, annotationsPath, errors)
  if (!checkContainerUpdates(spec.containers, before.containers, containersPath, errors)) return errors
  if (!checkContainerUpdates(spec.initContainers, before.initContainers, initContainersPath, errors)) return errors
  if (!checkDeadline(spec.activeDeadlineSeconds, before.activeDeadlineSeconds, errors)) return errors
  checkTolerationUpdates(spec, before, errors)
  checkGateUpdates(spec, before, errors)
  if (normalEqual(spec, before)) return errors
  const munged = mungedSpec(spec, before, errors)
  if (!normalEqual(munged, before))
    errors.push(
      forbidden(
        specPath,
        `pod updates may not change fields other than ${updatable.join(',')}\n${internalDiff(PodSpec, before, munged)}`,
      ),
    )
  return errors
}

function checkTolerationUpdates(spec: PodSpec, before: PodSpec, errors: Errors): void {
  const path = specPath.child('tolerations')
  const withoutSeconds = (toleration: object) => ({ ...toleration, tolerationSeconds: undefined })
  if (!semanticEqual(spec.tolerations, before.tolerations)) {
    const next = (spec.tolerations ?? []).map(withoutSeconds)
    for (const toleration of before.tolerations ?? []) {
      const old = withoutSeconds(toleration)
      if (next.some(one => semanticEqual(one, old))) continue
      errors.push(forbidden(path, 'existing toleration can not be modified except its tolerationSeconds'))
      return
    }
  }
  checkTolerations(spec.tolerations ?? [], path, errors)
}

function checkGateUpdates(spec: PodSpec, before: PodSpec, errors: Errors): void {
  const old = new Set((before.schedulingGates ?? []).map(({ name }) => name))
  // Of two with one name upstream remembers the last.
  const places = new Map((spec.schedulingGates ?? []).map(({ name }, index) => [name, index]))
  for (const [name, index] of places)
    if (!old.has(name))
      errors.push(
        forbidden(
          specPath.child('schedulingGates').index(index).child('name'),
          `only deletion is allowed, but found new scheduling gate '${name}'`,
        ),
      )
}

/** The new spec with everything that may change set back. */
function mungedSpec(spec: PodSpec, before: PodSpec, errors: Errors): PodSpec {
  const munged: Record<string, any> = deepCopy(spec)
  const restore = (field: keyof PodSpec): void => {
    forgetSentEmpty(munged, field)
    if (before[field] === undefined) delete munged[field]
    else munged[field] = before[field]
  }
  for (const list of ['containers', 'initContainers'] as const) {
    forgetSentEmpty(munged, list)
    for (const [index, container] of (munged[list] ?? []).entries()) container.image = before[list]![index]!.image
  }
  restore('activeDeadlineSeconds')
  restore('schedulingGates')
  restore('tolerations')
  if ((before.terminationGracePeriodSeconds ?? 0) < 0 && munged['terminationGracePeriodSeconds'] === 1)
    restore('terminationGracePeriodSeconds')
  if (!before.schedulingGates?.length) return munged as PodSpec
  // A gated pod may still be narrowed down.
  if (!semanticEqual(munged['nodeSelector'], before.nodeSelector)) {
    for (const key in before.nodeSelector)
      if (munged['nodeSelector']?.[key] !== before.nodeSelector[key]) {
        errors.push(
          invalid(
            specPath.child('nodeSelector'),
            munged['nodeSelector'] ?? null,
            'only additions to spec.nodeSelector are allowed (no mutations or deletions)',
          ),
        )
        break
      }
    restore('nodeSelector')
  }
  const [affinity, oldAffinity] = [munged['affinity']?.nodeAffinity, before.affinity?.nodeAffinity]
  if (!semanticEqual(affinity, oldAffinity)) {
    checkNodeAffinityUpdate(affinity, oldAffinity, errors)
    const restored = { ...munged['affinity'], nodeAffinity: oldAffinity }
    if (oldAffinity === undefined) delete restored.nodeAffinity
    if (Object.keys(restored).length > 0 || before.affinity) munged['affinity'] = restored
    else delete munged['affinity']
  }
  return munged as PodSpec
}

type Terms = { matchExpressions?: unknown[]; matchFields?: unknown[] }[]

function checkNodeAffinityUpdate(next: any, old: any, errors: Errors): void {
  const field = 'requiredDuringSchedulingIgnoredDuringExecution'
  const oldTerms: Terms = old?.[field]?.nodeSelectorTerms ?? []
  if (oldTerms.length === 0) return
  const terms: Terms = next?.[field]?.nodeSelectorTerms ?? []
  const path = specPath.child('affinity', 'nodeAffinity', field, 'nodeSelectorTerms')
  if (terms.length !== oldTerms.length) {
    errors.push(invalid(path, terms, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed'))
    return
  }
  const extended = (longer: unknown[] = [], shorter: unknown[] = []): boolean =>
    longer.length >= shorter.length && semanticEqual(longer.slice(0, shorter.length), shorter)
  for (const [index, before] of oldTerms.entries()) {
    const term = terms[index]!
    const empty = !before.matchExpressions?.length && !before.matchFields?.length
    const grew = (term.matchExpressions?.length ?? 0) + (term.matchFields?.length ?? 0) > 0
    if (
      (empty && grew) ||
      !extended(term.matchExpressions, before.matchExpressions) ||
      !extended(term.matchFields, before.matchFields)
    )
      errors.push(invalid(path.index(index), term, 'only additions are allowed (no mutations or deletions)'))
  }
}

export function validatePodEphemeralContainersUpdate(pod: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  checkPod(pod, errors)
  checkPodAnnotationUpdates(pod, old, annotationsPath, errors)
  if (old.metadata['annotations']?.[mirrorAnnotation] !== undefined)
    return [forbidden('', 'static pods do not support ephemeral containers')]
  const path = specPath.child('ephemeralContainers')
  const next = new Map<string, Container>(
    ((pod['spec'].ephemeralContainers ?? []) as Container[]).map(container => [container.name ?? '', container]),
  )
  for (const before of (old['spec'].ephemeralContainers ?? []) as Container[]) {
    const container = next.get(before.name ?? '')
    const name = quote(before.name ?? '')
    if (!container) errors.push(forbidden(path, `existing ephemeral containers ${name} may not be removed\n`))
    else if (!normalEqual(container, before))
      errors.push(
        forbidden(
          path,
          `existing ephemeral containers ${name} may not be changed\n${internalDiff(EphemeralContainer, before, container)}`,
        ),
      )
  }
  return errors
}
