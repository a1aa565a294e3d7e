// Priority: a pod's priority is the number behind its priority class, or behind the default one.

import type { KubeObject } from '../../api/resource.ts'
import { type AdmissionAttributes, type AdmissionPlugin, isResource, refusal } from './admission.ts'

const priorityClasses = 'priorityclasses.scheduling.k8s.io'

export const priority: AdmissionPlugin = {
  name: 'Priority',
  handles: operation => operation === 'CREATE' || operation === 'UPDATE',
  resources: ['pods', priorityClasses],
  admit(attributes): void {
    if (attributes.subresource !== '' || !attributes.object || !isResource(attributes, '', 'pods')) return
    if (attributes.operation === 'CREATE') resolve(attributes, attributes.object['spec'])
    else keep(attributes, attributes.object)
  },
  validate(attributes): void {
    if (attributes.subresource !== '' || !isResource(attributes, 'scheduling.k8s.io', 'priorityclasses')) return
    if (!attributes.object?.['globalDefault']) return
    const standing = defaultClass(attributes)
    if (standing && standing.metadata.name !== attributes.object.metadata.name)
      throw refusal(
        attributes,
        `PriorityClass ${standing.metadata.name} is already marked as default. Only one default can exist`,
      )
  },
}

function resolve(attributes: AdmissionAttributes, spec: Record<string, any>): void {
  const name: string = spec['priorityClassName'] ?? ''
  const found = name === '' ? defaultClass(attributes) : attributes.lister.get(priorityClasses, '', name)
  if (name !== '' && found === undefined) throw refusal(attributes, `no PriorityClass with name ${name} was found`)
  if (name === '' && found) spec['priorityClassName'] = found.metadata.name
  const value: number = found?.['value'] ?? 0
  if (spec['priority'] !== undefined && spec['priority'] !== value)
    throw refusal(
      attributes,
      `the integer value of priority (${spec['priority']}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    )
  spec['priority'] = value
  const policy: string = found?.['preemptionPolicy'] ?? 'PreemptLowerPriority'
  if (spec['preemptionPolicy'] !== undefined && spec['preemptionPolicy'] !== policy)
    throw refusal(
      attributes,
      `the string value of PreemptionPolicy (${spec['preemptionPolicy']}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    )
  spec['preemptionPolicy'] = policy
}

/** A client that sends the pod back without what was filled in at creation doesn't mean to take it out. */
function keep(attributes: AdmissionAttributes, pod: KubeObject): void {
  const old = attributes.oldObject?.['spec'] ?? {}
  const spec = pod['spec'] ?? {}
  const kept: Record<string, unknown> = {}
  for (const field of ['priority', 'preemptionPolicy'])
    if (spec[field] === undefined && old[field] !== undefined) kept[field] = old[field]
  if (Object.keys(kept).length > 0) attributes.object = { ...pod, spec: { ...spec, ...kept } }
}

/** The class that is marked as default; the lowest, should there be several. */
function defaultClass({ lister }: AdmissionAttributes): KubeObject | undefined {
  let found: KubeObject | undefined
  for (const each of lister.list(priorityClasses, ''))
    if (each['globalDefault'] && (found === undefined || found['value'] > each['value'])) found = each
  return found
}
