import { noteSentEmpty, wasSentEmpty } from '../../../machinery/codec/sent-empty.ts'
import { defaulter, setDefault } from '../../defaulter.ts'
import { Container, EphemeralContainer, type ResourceRequirements } from './container.ts'
import { defaultPullPolicy } from './image-reference.ts'
import { Pod, PodSpec, PodStatus } from './pod.ts'
import { aggregateContainerResources } from './pod-resources.ts'

function setPullPolicy(container: { image?: string; imagePullPolicy?: string }): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image ?? '')
}

export const podDefaults = [
  defaulter(Container, setPullPolicy),
  defaulter(EphemeralContainer, setPullPolicy),
  // Two names for one thing; the newer one wins.
  defaulter(PodSpec, spec => {
    const account = spec.serviceAccountName || spec.serviceAccount
    if (!account) return
    setDefault(spec, 'serviceAccountName', account)
    setDefault(spec, 'serviceAccount', account)
  }),
  // podIP and the first of podIPs are the same; the older field wins.
  defaulter(PodStatus, status => {
    const first = status.podIPs?.[0]?.ip
    if (status.podIP && status.podIP !== first) status.podIPs = [{ ip: status.podIP }]
    else if (first) setDefault(status, 'podIP', first)
  }),
  // What follows is set in a Pod, but not in the template of one.
  defaulter(Pod, pod => {
    const { spec } = pod
    const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
    for (const { resources } of containers) requestLimits(resources)
    if (spec.resources) setPodLevelResources(pod, spec.resources)
    spec.enableServiceLinks ??= true
    // Negative once meant "at once", which is one second.
    if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1
    if (!spec.hostNetwork) return
    for (const { ports } of containers) for (const port of ports ?? []) port.hostPort ||= port.containerPort
  }),
]

/** What is limited and not requested is requested up to the limit. */
function requestLimits(resources: ResourceRequirements | undefined): void {
  if (resources && !resources.requests && wasSentEmpty(resources, 'limits'))
    noteSentEmpty(resources, ['limits', 'requests'])
  if (!resources?.limits) return
  setDefault(resources, 'requests', { ...resources.limits, ...resources.requests })
}

const isHugePages = (name: string) => name.startsWith('hugepages-')
const isOvercommittable = (name: string) => name === 'cpu' || name === 'memory'
const isSupportedAtPodLevel = (name: string) => isOvercommittable(name) || isHugePages(name)

/** KEP-2837. Nothing is set unless the user has set a part of it. */
function setPodLevelResources(pod: Pod, resources: ResourceRequirements): void {
  const [limits, requests] = [{ ...resources.limits }, { ...resources.requests }]
  if (Object.keys(limits).length === 0 && Object.keys(requests).length === 0) return
  for (const [name, amount] of aggregateContainerResources(pod, 'limits'))
    if (isHugePages(name) && requests[name] === undefined) limits[name] ??= amount.toString()
  if (Object.keys(limits).length === 0) return
  setDefault(resources, 'limits', limits)
  for (const [name, amount] of aggregateContainerResources(pod, 'requests'))
    if (isOvercommittable(name)) requests[name] ??= amount.toString()
  for (const name in limits) if (isSupportedAtPodLevel(name)) requests[name] ??= limits[name]!
  if (Object.keys(requests).length > 0) setDefault(resources, 'requests', requests)
}
