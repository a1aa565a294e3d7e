// Container events, to any number of listeners, each of which reads at its own pace.

import type { ContainerEventResponse } from '../cri/container-requests.ts'

export class EventBroadcast {
  readonly #listeners = new Set<(event: ContainerEventResponse) => void>()

  /** The event is made only if somebody listens. */
  send(event: () => ContainerEventResponse): void {
    if (this.#listeners.size === 0) return
    const made = event()
    for (const listener of this.#listeners) listener(made)
  }

  /** Listens from this call on, not only from the first read. */
  subscribe(signal: AbortSignal): AsyncIterable<ContainerEventResponse> {
    const queue: ContainerEventResponse[] = []
    let wake = () => {}
    const listener = (event: ContainerEventResponse) => {
      queue.push(event)
      wake()
    }
    const stop = () => {
      this.#listeners.delete(listener)
      wake()
    }
    if (!signal.aborted) this.#listeners.add(listener)
    signal.addEventListener('abort', stop, { once: true })
    return (async function* () {
      try {
        for (;;) {
          while (queue.length > 0) yield queue.shift()!
          if (signal.aborted) return
          await new Promise<void>(resolve => {
            wake = resolve
          })
        }
      } finally {
        stop()
      }
    })()
  }
}
