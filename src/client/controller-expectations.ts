// What a controller has asked for and not yet seen. Between a create and the watch event that shows it, the cache is
// stale: a controller that counted the cache then would create twice. It notes how many creations and deletions it
// expects for a key, counts them off as the informer shows them, and does nothing about the key until they have all
// come, or five minutes have passed (then something was missed, as a pod that came and went while the watch was broken:
// the cache decides again).

import type { Clock } from '../machinery/env/env.ts'
import type { InformerHandler } from './informer.ts'
import { keyOf, metadataOf } from './object-key.ts'

const timeoutMs = 5 * 60_000

interface Expected {
  creations: number
  deletions: number
  since: number
}

export class ControllerExpectations {
  readonly #clock: Clock
  readonly #expected = new Map<string, Expected>()

  constructor(env: { readonly clock: Clock }) {
    this.#clock = env.clock
  }

  /** Nothing is expected any more for the key, or it has been expected too long, or nothing ever was. */
  satisfied(key: string): boolean {
    return this.waitMs(key) === undefined
  }

  /** When to look again though nothing is seen until then; undefined when satisfied. */
  waitMs(key: string): number | undefined {
    const expected = this.#expected.get(key)
    if (!expected || (expected.creations <= 0 && expected.deletions <= 0)) return undefined
    const left = expected.since + timeoutMs - this.#clock.monotonic()
    return left >= 0 ? left + 1 : undefined
  }

  /** From now on so many creations will be seen. In place of what was expected before. */
  expectCreations(key: string, count: number): void {
    this.set(key, count, 0)
  }

  /** From now on so many deletions will be seen. In place of what was expected before. */
  expectDeletions(key: string, count: number): void {
    this.set(key, 0, count)
  }

  set(key: string, creations: number, deletions: number): void {
    this.#expected.set(key, { creations, deletions, since: this.#clock.monotonic() })
  }

  /** More of them, on top of what is expected. */
  raise(key: string, creations: number, deletions: number): void {
    const expected = this.#expected.get(key)
    if (!expected) return
    expected.creations += creations
    expected.deletions += deletions
  }

  /** The informer showed one, or creating it failed: it will not come. */
  creationObserved(key: string): void {
    this.raise(key, -1, 0)
  }

  deletionObserved(key: string): void {
    this.raise(key, 0, -1)
  }

  /** The key's object is gone. */
  delete(key: string): void {
    this.#expected.delete(key)
  }
}

/**
 * Expected deletions by name: one and the same deletion is often seen twice (first the deletionTimestamp, then the end),
 * and must count once.
 */
export class UidTrackingExpectations extends ControllerExpectations {
  readonly #uids = new Map<string, Set<string>>()

  /** The objects, by `namespace/name`, whose deletion is expected. */
  expectDeletionsOf(key: string, objectKeys: readonly string[]): void {
    this.#uids.set(key, new Set(objectKeys))
    this.expectDeletions(key, objectKeys.length)
  }

  deletionOfObserved(key: string, objectKey: string): void {
    if (this.#uids.get(key)?.delete(objectKey)) this.deletionObserved(key)
  }

  override delete(key: string): void {
    this.#uids.delete(key)
    super.delete(key)
  }
}

/**
 * For the controller's own objects: what was expected for one that is gone is not for the next of its name. A reconcile
 * alone may never see that there was none in between.
 */
export function forgetting(expectations: ControllerExpectations): InformerHandler<any> {
  return {
    updated: (before, after) => {
      if (metadataOf(before).uid !== metadataOf(after).uid) expectations.delete(keyOf(before))
    },
    deleted: object => expectations.delete(keyOf(object)),
  }
}
