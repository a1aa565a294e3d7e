// Which pods are of a kind: what the services and the owner of a pod select.

import { type ReplicaSet, replicaSets } from '../api/apps/v1/replicaset.ts'
import { type StatefulSet, statefulSets } from '../api/apps/v1/statefulset.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import { replicationControllers } from '../api/core/v1/replicationcontroller.ts'
import { services } from '../api/core/v1/service.ts'
import type { InformerFactory } from '../client/informer.ts'
import { type LabelSelector, labelSelectorFrom, type Selector, selectorFromSet } from '../machinery/labels.ts'

type Labels = Readonly<Record<string, string>>

/** Answers the selector of all pods like this one; undefined when nothing selects it. */
export function workloadSelector(informers: InformerFactory): (pod: Pod) => Selector | undefined {
  const serviceLister = informers.informer(services).lister
  const controllerLister = informers.informer(replicationControllers).lister
  const replicaSetLister = informers.informer(replicaSets).lister
  const statefulSetLister = informers.informer(statefulSets).lister
  return pod => {
    const { namespace = '', labels = {}, ownerReferences } = pod.metadata
    let set: Labels = {}
    for (const service of serviceLister.listNamespace(namespace)) {
      const { selector } = service.spec
      if (selector && Object.keys(selector).length > 0 && isSubset(selector, labels)) set = { ...set, ...selector }
    }
    const owner = ownerReferences?.find(({ controller }) => controller)
    const key = `${namespace}/${owner?.name}`
    if (owner?.kind === 'ReplicationController' && owner.apiVersion === 'v1')
      set = { ...set, ...controllerLister.get(key)?.spec.selector }
    let owned: ReplicaSet | StatefulSet | undefined
    if (owner?.kind === 'ReplicaSet' && owner.apiVersion === 'apps/v1') owned = replicaSetLister.get(key)
    if (owner?.kind === 'StatefulSet' && owner.apiVersion === 'apps/v1') owned = statefulSetLister.get(key)
    if (owned) return both(set, owned.spec.selector as LabelSelector | undefined)
    return Object.keys(set).length > 0 ? selectorFromSet(set) : undefined
  }
}

function isSubset(selector: Labels, labels: Labels): boolean {
  for (const key in selector) if (labels[key] !== selector[key]) return false
  return true
}

function both(set: Labels, selector: LabelSelector | undefined): Selector {
  if (Object.keys(set).length === 0) return labelSelectorFrom(selector)
  const expressions = Object.entries(set).map(([key, value]) => ({ key, operator: 'In', values: [value] }))
  return labelSelectorFrom({
    matchLabels: selector?.matchLabels,
    matchExpressions: [...(selector?.matchExpressions ?? []), ...expressions],
  })
}
