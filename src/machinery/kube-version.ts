// Kubernetes' order of API versions (upstream: apimachinery/pkg/version): v2 > v1 > v1beta2 > v1beta1 > v1alpha1, and
// whatever is not of that form after those, in alphabetical order.

const form = /^v(\d+)(?:(alpha|beta)(\d+))?$/
const stages = { alpha: 0, beta: 1, ga: 2 } as const

/** Greater than 0 when a is preferred to b. */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0
  const [left, right] = [form.exec(a), form.exec(b)]
  if (!left || !right) {
    if (left) return 1
    if (right) return -1
    return a < b ? 1 : -1
  }
  const stageOf = (match: RegExpExecArray) => stages[(match[2] as 'alpha' | 'beta' | undefined) ?? 'ga']
  return (
    stageOf(left) - stageOf(right) || Number(left[1]) - Number(right[1]) || Number(left[3] ?? 0) - Number(right[3] ?? 0)
  )
}
