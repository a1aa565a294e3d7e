// LimitRanger: pods and claims keep to the LimitRanges of their namespace. What a container doesn't ask for it is given;
// what is too little, too much or out of proportion is refused, with every reason.

import type { KubeObject } from '../../api/resource.ts'
import { aggregateMessage } from '../../machinery/field-error.ts'
import { type AdmissionAttributes, type AdmissionPlugin, isResource, refusal } from './admission.ts'
import { claimViolations, type Limit, podViolations, type ResourceList } from './limit-range-rules.ts'

export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  handles: operation => operation === 'CREATE' || operation === 'UPDATE',
  resources: ['pods', 'persistentvolumeclaims'],
  admit(attributes): void {
    if (!isLimited(attributes) || !isResource(attributes, '', 'pods')) return
    for (const limits of limitsIn(attributes)) fillIn(attributes.object!, limits)
  },
  validate(attributes): void {
    if (!isLimited(attributes)) return
    const check = isResource(attributes, '', 'persistentvolumeclaims') ? claimViolations : podViolations
    for (const limits of limitsIn(attributes)) {
      const violations = check(limits, attributes.object!)
      if (violations.length > 0) throw refusal(attributes, aggregateMessage(violations))
    }
  },
}

function isLimited(attributes: AdmissionAttributes): boolean {
  const { operation, subresource, object } = attributes
  if (object === undefined || (operation === 'UPDATE' && object.metadata['deletionTimestamp'] !== undefined))
    return false
  if (isResource(attributes, '', 'pods'))
    // A pod's containers can only change by a resize.
    return operation === 'UPDATE' ? subresource === 'resize' : subresource === ''
  return subresource === '' && isResource(attributes, '', 'persistentvolumeclaims')
}

function limitsIn({ lister, namespace }: AdmissionAttributes): (readonly Limit[])[] {
  const found: (readonly Limit[])[] = []
  for (const each of lister.list('limitranges', namespace)) found.push(each['spec']?.limits ?? [])
  return found
}

interface Container {
  readonly name?: string
  readonly resources?: { readonly limits?: ResourceList; readonly requests?: ResourceList }
}

function withDefaults(
  container: Container,
  defaults: { readonly limits: ResourceList; readonly requests: ResourceList },
  what: string,
  notes: string[],
): Container {
  let filled = container
  for (const [field, noun] of [
    ['requests', 'request'],
    ['limits', 'limit'],
  ] as const) {
    const stated: ResourceList = container.resources?.[field] ?? {}
    const missing = Object.keys(defaults[field]).filter(name => stated[name] === undefined)
    if (missing.length === 0) continue
    const given = Object.fromEntries(missing.map(name => [name, defaults[field][name]!]))
    filled = { ...filled, resources: { ...filled.resources, [field]: { ...stated, ...given } } }
    notes.push(`${missing.sort().join(', ')} ${noun} for ${what} ${container.name}`)
  }
  return filled
}

/** Gives each container the defaults it doesn't state, and notes in an annotation what was given. */
function fillIn(pod: KubeObject, limits: readonly Limit[]): void {
  const defaults: { limits: ResourceList; requests: ResourceList } = { limits: {}, requests: {} }
  for (const limit of limits) {
    if (limit.type !== 'Container') continue
    Object.assign(defaults.requests, limit.defaultRequest)
    Object.assign(defaults.limits, limit.default)
  }
  const notes: string[] = []
  for (const [list, what] of [
    ['containers', 'container'],
    ['initContainers', 'init container'],
  ] as const) {
    const containers: Container[] | undefined = pod['spec'][list]
    const filled = containers?.map(container => withDefaults(container, defaults, what, notes))
    // What a patch left alone is shared with the stored pod: it is never changed in place.
    if (filled?.some((container, index) => container !== containers![index]))
      pod['spec'] = { ...pod['spec'], [list]: filled }
  }
  if (notes.length === 0) return
  pod.metadata['annotations'] = {
    ...pod.metadata['annotations'],
    'kubernetes.io/limit-ranger': `LimitRanger plugin set: ${notes.join('; ')}`,
  }
}
