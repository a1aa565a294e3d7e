// The completion indexes of an Indexed Job, in the form its status has them: `0,2-5,9`.

export function formatIndexes(indexes: Iterable<number>): string {
  const sorted = [...new Set(indexes)].sort((a, b) => a - b)
  const parts: string[] = []
  for (let at = 0; at < sorted.length; ) {
    let end = at
    while (sorted[end + 1] === sorted[end]! + 1) end++
    const [first, last] = [sorted[at]!, sorted[end]!]
    parts.push(end === at ? `${first}` : end === at + 1 ? `${first},${last}` : `${first}-${last}`)
    at = end + 1
  }
  return parts.join(',')
}

/** Those below `completions`; what is no list of indexes counts for none. */
export function parseIndexes(text: string | undefined, completions: number): Set<number> {
  const indexes = new Set<number>()
  for (const part of (text ?? '').split(',')) {
    const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? []
    if (first === undefined) continue
    for (let index = Number(first); index <= Math.min(Number(last ?? first), completions - 1); index++)
      indexes.add(index)
  }
  return indexes
}
