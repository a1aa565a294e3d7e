// Who uses which volume under which SELinux label, and who therefore cannot have it on one node together.

/** As a pod would have its volume: mounted with the label, or (`Recursive`) with every file given it. */
export interface VolumeUse {
  /** user:role:type:level, of which any may be empty. */
  readonly label: string
  readonly changePolicy: string
}

export interface Conflict {
  readonly property: 'SELinuxLabel' | 'SELinuxChangePolicy'
  /** Keys of pods. */
  readonly pod: string
  readonly value: string
  readonly otherPod: string
  readonly otherValue: string
}

interface UsedVolume {
  readonly driver: string | undefined
  readonly users: Map<string, VolumeUse>
  conflicts: Conflict[]
}

export class VolumeLabels {
  readonly #volumes = new Map<string, UsedVolume>()
  readonly #ofPod = new Map<string, Set<string>>()

  /** Answers the conflicts that this brings about, told from both sides; none for what was known already. */
  add(volumeName: string, driver: string | undefined, pod: string, use: VolumeUse): readonly Conflict[] {
    const volume = this.#volumes.get(volumeName) ?? { driver, users: new Map(), conflicts: [] }
    this.#volumes.set(volumeName, volume)
    const known = volume.users.get(pod)
    if (known?.label === use.label && known.changePolicy === use.changePolicy) return []
    volume.users.set(pod, use)
    this.#ofPod.set(pod, (this.#ofPod.get(pod) ?? new Set()).add(volumeName))
    const found: Conflict[] = []
    for (const [otherPod, other] of volume.users) {
      const tell = (property: Conflict['property'], value: string, otherValue: string) =>
        found.push(
          { property, pod, value, otherPod, otherValue },
          { property, pod: otherPod, value: otherValue, otherPod: pod, otherValue: value },
        )
      if (other.changePolicy !== use.changePolicy) tell('SELinuxChangePolicy', use.changePolicy, other.changePolicy)
      if (labelsConflict(other.label, use.label)) tell('SELinuxLabel', use.label, other.label)
    }
    volume.conflicts = [...volume.conflicts.filter(conflict => !concerns(conflict, pod)), ...found]
    return found
  }

  /** The pod uses nothing any more. */
  remove(pod: string): void {
    for (const volumeName of this.#ofPod.get(pod) ?? []) {
      const volume = this.#volumes.get(volumeName)
      if (!volume) continue
      volume.users.delete(pod)
      volume.conflicts = volume.conflicts.filter(conflict => !concerns(conflict, pod))
      if (volume.users.size === 0) this.#volumes.delete(volumeName)
    }
    this.#ofPod.delete(pod)
  }

  podsOf(driver: string): string[] {
    return [...this.#volumes.values()].filter(each => each.driver === driver).flatMap(each => [...each.users.keys()])
  }

  *conflicts(): Iterable<Conflict> {
    for (const volume of this.#volumes.values()) yield* volume.conflicts
  }
}

const concerns = ({ pod, otherPod }: Conflict, key: string): boolean => pod === key || otherPod === key

/** The node fills in what is empty, and may fill in the same; but not the level. */
export function labelsConflict(one: string, other: string): boolean {
  const parts = (label: string) => {
    const [user = '', role = '', type = '', ...level] = label.split(':')
    return [user, role, type, level.join(':')] as const
  }
  const [a, b] = [parts(one), parts(other)]
  if (a[3] !== b[3]) return true
  return [0, 1, 2].some(at => a[at] !== b[at] && a[at] !== '' && b[at] !== '')
}

/** What the pod is told. Nothing is said of pods in namespaces other than its own. */
export function messageOf({ property, pod, value, otherPod, otherValue }: Conflict): string {
  const [namespace] = pod.split('/')
  const [otherNamespace, otherName] = otherPod.split('/')
  const end = 'If both pods land on the same node, only one of them may access the volume.'
  if (namespace === otherNamespace)
    return `${property} "${value}" conflicts with pod ${otherName} that uses the same volume as this pod with ${property} "${otherValue}". ${end}`
  // Upstream's message has no space there.
  return `${property}"${value}" conflicts with another pod that uses the same volume as this pod with a different ${property}. ${end}`
}
