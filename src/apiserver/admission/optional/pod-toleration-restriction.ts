// PodTolerationRestriction: pods get their namespace's tolerations, and may have no others than their namespace allows;
// where a namespace says nothing, the cluster's configuration does.

import type { Pod } from '../../../api/core/v1/pod.ts'
import { podQOSClass } from '../../../api/core/v1/pod-qos.ts'
import { checkTolerations } from '../../../api/core/v1/scheduling.validation.ts'
import { type FieldError, fieldErrorMessage } from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'
import { readJson } from '../../../machinery/json/read.ts'
import { findSyntaxError } from '../../../machinery/json/syntax-error.ts'
import { notFound, unknownError } from '../../../machinery/status-error.ts'
import { type AdmissionAttributes, type AdmissionPlugin, isResource } from '../admission.ts'
import { areAllowed, mergeTolerations, type Toleration } from '../tolerations.ts'

const defaultsAnnotation = 'scheduler.alpha.kubernetes.io/defaultTolerations'
const allowedAnnotation = 'scheduler.alpha.kubernetes.io/tolerationsWhitelist'

export interface PodTolerationConfiguration {
  readonly default?: readonly Toleration[]
  readonly whitelist?: readonly Toleration[]
}

/** What is wrong with the configuration; undefined when nothing is. */
export function podTolerationProblem(given: PodTolerationConfiguration): string | undefined {
  const errors: FieldError[] = []
  const path = root('podtolerationrestriction')
  for (const list of ['default', 'whitelist'] as const)
    checkTolerations((given[list] ?? []) as never, path.child(list), errors)
  return errors.length === 0 ? undefined : `invalid config: [${errors.map(fieldErrorMessage).join(' ')}]`
}

export function podTolerationRestriction(configuration: PodTolerationConfiguration = {}): AdmissionPlugin {
  const validate = (attributes: AdmissionAttributes): void => {
    if (!isPod(attributes)) return
    const tolerations: readonly Toleration[] = attributes.object!['spec'].tolerations ?? []
    if (tolerations.length === 0) return
    const own = namespaceTolerations(attributes, allowedAnnotation)
    if (areAllowed(tolerations, own ?? configuration.whitelist ?? [])) return
    throw unknownError(
      `pod tolerations (possibly merged with namespace default tolerations) conflict with its ${own ? 'namespace' : 'cluster'} whitelist`,
    )
  }
  return {
    name: 'PodTolerationRestriction',
    handles: operation => operation === 'CREATE' || operation === 'UPDATE',
    admit(attributes): void {
      if (!isPod(attributes)) return
      const pod = attributes.object!
      const added: Toleration[] =
        attributes.operation === 'CREATE'
          ? [...(namespaceTolerations(attributes, defaultsAnnotation) ?? configuration.default ?? [])]
          : []
      if (podQOSClass(pod as unknown as Pod) !== 'BestEffort')
        added.push({ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' })
      if (added.length > 0) {
        const { spec } = pod
        attributes.object = { ...pod, spec: { ...spec, tolerations: mergeTolerations(spec.tolerations ?? [], added) } }
      }
      validate(attributes)
    },
    validate,
  }
}

const isPod = (attributes: AdmissionAttributes): boolean =>
  attributes.subresource === '' && attributes.object !== undefined && isResource(attributes, '', 'pods')

/** undefined where the namespace has no such annotation. */
function namespaceTolerations(
  { lister, namespace }: AdmissionAttributes,
  annotation: string,
): readonly Toleration[] | undefined {
  const found = lister.get('namespaces', '', namespace)
  if (!found) throw notFound({ group: '', resource: 'namespaces' }, namespace)
  const text: string | undefined = found.metadata['annotations']?.[annotation]
  if (text === undefined) return undefined
  if (text === '') return []
  const problem = findSyntaxError(Buffer.from(text))
  if (problem) throw unknownError(problem.message)
  const list: unknown = readJson(text) ?? undefined
  if (list === undefined) return undefined
  if (!Array.isArray(list))
    throw unknownError(`json: cannot unmarshal ${goTypeOf(list)} into Go value of type []v1.Toleration`)
  return list
}

const goTypeOf = (value: unknown): string =>
  typeof value === 'boolean' ? 'bool' : typeof value === 'object' ? 'object' : typeof value
