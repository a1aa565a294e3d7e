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
  for (const { projected } of spec.volumes ?? [])
    for (const source of projected?.sources ?? [])
      for (const field of sources) if (source[field] !== undefined && !uses(old, field)) delete source[field]
}

const uses = (spec: PodSpecLike | undefined, field: (typeof sources)[number]): boolean =>
  spec?.volumes?.some(({ projected }) => projected?.sources?.some(source => source[field] !== undefined)) ?? false
