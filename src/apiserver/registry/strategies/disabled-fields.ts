// Fields of features that are off in this release: dropped from what clients send, as upstream does (dropDisabledFields),
// unless the stored object has them already.

interface PodSpecLike {
  readonly volumes?: readonly { readonly projected?: { readonly sources?: readonly Record<string, unknown>[] } }[]
  [field: string]: any
}

/** Sources of projected volumes: ClusterTrustBundleProjection and PodCertificateRequest. */
const sources = ['clusterTrustBundle', 'podCertificate'] as const

/** Of a pod's spec or a template's. Changes it in place. */
export function dropDisabledPodFields(spec: PodSpecLike | undefined, old?: PodSpecLike): void {
  if (!spec) return
  // GenericWorkload
  if (spec['schedulingGroup'] !== undefined && old?.['schedulingGroup'] === undefined) delete spec['schedulingGroup']
  dropStopSignals(spec, old)
  for (const { projected } of spec.volumes ?? [])
    for (const source of projected?.sources ?? [])
      for (const field of sources) if (source[field] !== undefined && !uses(old, field)) delete source[field]
}

/** ContainerStopSignals */
function dropStopSignals(spec: PodSpecLike, old: PodSpecLike | undefined): void {
  if (!hasStopSignals(spec) || hasStopSignals(old)) return
  for (const container of lists.flatMap(list => containersIn(spec, list))) {
    const { lifecycle } = container
    if (!hasStopSignal(container)) continue
    delete lifecycle!['stopSignal']
    if (Object.keys(lifecycle!).length === 0) delete container.lifecycle
  }
}

interface ContainerLike {
  lifecycle?: Record<string, unknown>
}

const hasStopSignal = ({ lifecycle }: ContainerLike): boolean => lifecycle?.['stopSignal'] !== undefined

const lists = ['containers', 'initContainers', 'ephemeralContainers'] as const
const none: readonly ContainerLike[] = []

const containersIn = (spec: PodSpecLike | undefined, list: (typeof lists)[number]): readonly ContainerLike[] =>
  spec?.[list] ?? none

function hasStopSignals(spec: PodSpecLike | undefined): boolean {
  for (const list of lists) if (containersIn(spec, list).some(hasStopSignal)) return true
  return false
}

const uses = (spec: PodSpecLike | undefined, field: (typeof sources)[number]): boolean =>
  spec?.volumes?.some(({ projected }) => projected?.sources?.some(source => source[field] !== undefined)) ?? false

interface PodStatusLike {
  nodeAllocatableResourceClaimStatuses?: readonly unknown[]
  [field: string]: any
}

/** Of a pod's status. Changes it in place. */
export function dropDisabledPodStatusFields(status: PodStatusLike, old: PodStatusLike | undefined): void {
  // DRANodeAllocatableResources
  if (status.nodeAllocatableResourceClaimStatuses && !old?.nodeAllocatableResourceClaimStatuses?.length)
    delete status.nodeAllocatableResourceClaimStatuses
  // ImageVolumeWithDigest
  const mounts = volumeMountsOf(status).filter(hasVolumeStatus)
  if (mounts.length > 0 && !volumeMountsOf(old).some(hasVolumeStatus))
    for (const mount of mounts) delete mount['volumeStatus']
}

const hasVolumeStatus = (mount: Record<string, unknown>): boolean => mount['volumeStatus'] !== undefined

function volumeMountsOf(status: PodStatusLike | undefined): Record<string, unknown>[] {
  const mounts: Record<string, unknown>[] = []
  for (const field of ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'])
    for (const container of status?.[field] ?? []) if (container.volumeMounts) mounts.push(...container.volumeMounts)
  return mounts
}
