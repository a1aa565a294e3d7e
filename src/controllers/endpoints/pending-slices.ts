// The slices that this controller has written and its informer has not shown yet. Until it has, the cache is stale: to
// decide by it would write the same slice twice.

import type { EndpointSlice } from '../../api/discovery/v1/endpointslice.ts'
import type { Clock } from '../../machinery/env/env.ts'

/** After so long something has been missed, and the cache decides again. */
const timeoutMs = 5 * 60_000

interface Pending {
  /** undefined: its deletion. */
  readonly resourceVersion: bigint | undefined
  readonly until: number
}

export class PendingSlices {
  readonly #clock: Clock
  readonly #pending = new Map<string, Map<string, Pending>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `shown`: as the informer has it by now; it may be faster than the answer. */
  wrote(service: string, { metadata }: EndpointSlice, shown: EndpointSlice | undefined): void {
    const seen =
      shown?.metadata.uid === metadata.uid &&
      BigInt(shown?.metadata.resourceVersion ?? 0) >= BigInt(metadata.resourceVersion ?? 0)
    if (seen) this.#pending.get(service)?.delete(metadata.uid ?? '')
    else this.#set(service, metadata.uid ?? '', BigInt(metadata.resourceVersion ?? 0))
  }

  deleted(service: string, { metadata }: EndpointSlice): void {
    this.#set(service, metadata.uid ?? '', undefined)
  }

  /** The informer has shown it in this state; `gone`: has shown its end. */
  seen(service: string, { metadata }: EndpointSlice, gone: boolean): void {
    const ofService = this.#pending.get(service)
    const pending = ofService?.get(metadata.uid ?? '')
    if (!ofService || !pending) return
    const reached =
      gone ||
      (pending.resourceVersion !== undefined && BigInt(metadata.resourceVersion ?? 0) >= pending.resourceVersion)
    if (reached) ofService.delete(metadata.uid ?? '')
    if (ofService.size === 0) this.#pending.delete(service)
  }

  /** How many milliseconds to wait, at the most, for what is still to be seen; undefined: nothing is. */
  waitMs(service: string): number | undefined {
    const now = this.#clock.monotonic()
    let longest: number | undefined
    for (const { until } of this.#pending.get(service)?.values() ?? []) longest = Math.max(longest ?? 0, until - now)
    if (longest === undefined || longest > 0) return longest
    this.forget(service)
    return undefined
  }

  forget(service: string): void {
    this.#pending.delete(service)
  }

  #set(service: string, uid: string, resourceVersion: bigint | undefined): void {
    const ofService = this.#pending.get(service) ?? new Map<string, Pending>()
    this.#pending.set(service, ofService)
    ofService.set(uid, { resourceVersion, until: this.#clock.monotonic() + timeoutMs })
  }
}
