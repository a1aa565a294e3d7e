// PodNodeSelector: a namespace says on which nodes its pods may run.

import { notFound, unknownError } from '../../../machinery/status-error.ts'
import { type AdmissionAttributes, type AdmissionPlugin, isResource, refusal } from '../admission.ts'

const annotation = 'scheduler.alpha.kubernetes.io/node-selector'

type Selector = Readonly<Record<string, string>>

/** For each namespace, and under `clusterDefaultNodeSelector`: `a=b,c=d`. */
export type PodNodeSelectorConfiguration = Readonly<Record<string, string>>

export function podNodeSelector(configuration: PodNodeSelectorConfiguration = {}): AdmissionPlugin {
  return {
    name: 'PodNodeSelector',
    handles: operation => operation === 'CREATE',
    admit(attributes): void {
      if (!isPod(attributes)) return
      const wanted = namespaceSelector(attributes, configuration)
      const { spec } = attributes.object!
      const given: Selector = spec.nodeSelector ?? {}
      if (conflicts(given, wanted))
        throw refusal(attributes, 'pod node label selector conflicts with its namespace node label selector')
      const merged = { ...wanted, ...given }
      if (Object.keys(merged).length > 0)
        attributes.object = { ...attributes.object!, spec: { ...spec, nodeSelector: merged } }
    },
    validate(attributes): void {
      if (!isPod(attributes)) return
      const given: Selector = attributes.object!['spec'].nodeSelector ?? {}
      if (conflicts(given, namespaceSelector(attributes, configuration)))
        throw refusal(attributes, 'pod node label selector conflicts with its namespace node label selector')
      const allowed = parse(configuration[attributes.namespace])
      const beyond =
        Object.keys(allowed).length > 0 && Object.entries(given).some(([key, value]) => allowed[key] !== value)
      if (beyond) throw refusal(attributes, 'pod node label selector labels conflict with its namespace whitelist')
    },
  }
}

const isPod = (attributes: AdmissionAttributes): boolean =>
  attributes.subresource === '' && attributes.object !== undefined && isResource(attributes, '', 'pods')

const conflicts = (one: Selector, other: Selector): boolean =>
  Object.entries(one).some(([key, value]) => other[key] !== undefined && other[key] !== value)

function namespaceSelector(
  { lister, namespace }: AdmissionAttributes,
  configuration: PodNodeSelectorConfiguration,
): Selector {
  const found = lister.get('namespaces', '', namespace)
  if (!found) throw notFound({ group: '', resource: 'namespaces' }, namespace)
  return parse(found.metadata['annotations']?.[annotation] ?? configuration['clusterDefaultNodeSelector'])
}

function parse(text: string | undefined): Selector {
  const parts = (text ?? '').split(',').filter(part => part.trim() !== '')
  return Object.fromEntries(
    parts.map(part => {
      const [key, value, ...rest] = part.split('=').map(each => each.trim())
      if (value === undefined || rest.length > 0)
        throw unknownError(`invalid selector: [${[key, value, ...rest].join(' ').trimEnd()}]`)
      return [key, value]
    }),
  )
}
