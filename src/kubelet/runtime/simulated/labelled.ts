// Sandboxes or containers by id, and by the pod they are of: so a kubelet asks for them.

import { podUidLabel } from '../../container-labels.ts'

interface Labelled {
  readonly id: string
  readonly config: { readonly labels: Readonly<Record<string, string>> }
}

type LabelSelector = Readonly<Record<string, string>>

export class LabelledObjects<T extends Labelled> {
  readonly #all = new Map<string, T>()
  readonly #ofPod = new Map<string, Map<string, T>>()

  get(id: string): T | undefined {
    return this.#all.get(id)
  }

  has(id: string): boolean {
    return this.#all.has(id)
  }

  values(): Iterable<T> {
    return this.#all.values()
  }

  add(object: T): void {
    this.#all.set(object.id, object)
    const uid = object.config.labels[podUidLabel]
    if (uid === undefined) return
    const others = this.#ofPod.get(uid)
    if (others) others.set(object.id, object)
    else this.#ofPod.set(uid, new Map([[object.id, object]]))
  }

  delete({ id, config }: T): void {
    this.#all.delete(id)
    const uid = config.labels[podUidLabel]
    if (uid === undefined) return
    const ofPod = this.#ofPod.get(uid)
    ofPod?.delete(id)
    if (ofPod?.size === 0) this.#ofPod.delete(uid)
  }

  /** Those with all of these labels, in the order in which they were added. */
  matching(selector: LabelSelector | undefined): T[] {
    const uid = selector?.[podUidLabel]
    const candidates = uid === undefined ? this.#all : this.#ofPod.get(uid)
    if (!candidates) return []
    if (!selector) return [...candidates.values()]
    const wanted = Object.entries(selector)
    return [...candidates.values()].filter(({ config: { labels } }) =>
      wanted.every(([key, value]) => labels[key] === value),
    )
  }
}
