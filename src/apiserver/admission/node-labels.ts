// Which labels a kubelet may put on its own node: any outside Kubernetes' namespaces, and those inside that are known to
// be the kubelet's to set.

const kubeletLabels = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
])
const kubeletNamespaces = ['kubelet.kubernetes.io', 'node.kubernetes.io']

type Labels = Readonly<Record<string, string>>

/** The labels that differ between the two and that the kubelet may not touch, in order. */
export function forbiddenNodeLabels(labels: Labels = {}, before: Labels = {}): string[] {
  const changed = [...new Set([...Object.keys(labels), ...Object.keys(before)])].filter(
    key => labels[key] !== before[key],
  )
  return changed.filter(isForbidden).sort()
}

function isForbidden(label: string): boolean {
  const slash = label.indexOf('/')
  const namespace = slash < 0 ? '' : label.slice(0, slash)
  if (isWithin(namespace, 'node-restriction.kubernetes.io')) return true
  if (!isWithin(namespace, 'kubernetes.io') && !isWithin(namespace, 'k8s.io')) return false
  return !kubeletLabels.has(label) && !kubeletNamespaces.some(each => isWithin(namespace, each))
}

function isWithin(namespace: string, parent: string): boolean {
  return namespace === parent || namespace.endsWith(`.${parent}`)
}
