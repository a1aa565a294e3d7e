// What is attached where as far as the controller knows, and what it is waiting for. After a restart it is read from the
// nodes and the VolumeAttachments again.

import type { Pod } from '../../api/core/v1/pod.ts'
import type { ControllerContext } from '../../client/controller.ts'
import type { Clock } from '../../machinery/env/env.ts'
import type { AttachableVolume } from './attachable-volumes.ts'
import type { AttachDetachMetrics } from './metrics.ts'

export type AttachDetachContext = ControllerContext<World>

export interface Attachment {
  readonly uniqueName: string
  multiAttach: boolean
  /** Only tried, or said by a VolumeAttachment alone, when false. */
  confirmed: boolean
  /** The node may be told that the volume is there. */
  reported: boolean
  /** Since when nobody wants it there; monotonic. */
  detachRequestedAt?: number
}

export interface Operation {
  readonly kind: 'attach' | 'detach'
  readonly nodeName: string
  readonly volume: Pick<AttachableVolume, 'uniqueName' | 'multiAttach'> & { readonly specName?: string }
  /** Who is told how it ends. */
  readonly pods: readonly Pod[]
  readonly startedAt: number
  readonly deadline: number
}

interface Backoff {
  kind: Operation['kind']
  delayMs: number
  failedAt: number
}

const firstRetryMs = 500
const lastRetryMs = 122_000
/** How long a CSI driver may take to answer. */
const operationTimeoutMs = 120_000

export class World {
  readonly #clock: Clock
  readonly metrics: AttachDetachMetrics
  readonly #attachments = new Map<string, Map<string, Attachment>>()
  readonly #inUse = new Map<string, Set<string>>()
  readonly #operations = new Map<string, Operation>()
  readonly #backoffs = new Map<string, Backoff>()
  readonly #waiting = new Map<string, Set<string>>()
  readonly #told = new Set<string>()

  constructor(clock: Clock, metrics: AttachDetachMetrics) {
    this.#clock = clock
    this.metrics = metrics
  }

  /** The volumes of the node by their unique names; undefined when none was ever attached to it. */
  on(nodeName: string): ReadonlyMap<string, Attachment> | undefined {
    return this.#attachments.get(nodeName)
  }

  /** Of all nodes. */
  *attached(): Iterable<string> {
    for (const volumes of this.#attachments.values())
      for (const { uniqueName, confirmed } of volumes.values()) if (confirmed) yield uniqueName
  }

  /** Nodes that are known to have the volume. */
  nodesWith(uniqueName: string): string[] {
    const names: string[] = []
    for (const [nodeName, volumes] of this.#attachments) if (volumes.get(uniqueName)?.confirmed) names.push(nodeName)
    return names
  }

  mark(
    nodeName: string,
    { uniqueName, multiAttach }: Pick<AttachableVolume, 'uniqueName' | 'multiAttach'>,
    confirmed: boolean,
  ): void {
    const volumes = this.#attachments.get(nodeName) ?? new Map<string, Attachment>()
    this.#attachments.set(nodeName, volumes)
    const known = volumes.get(uniqueName)
    if (known) Object.assign(known, { multiAttach, confirmed, reported: known.reported || confirmed })
    else {
      volumes.set(uniqueName, { uniqueName, multiAttach, confirmed, reported: confirmed })
      // In use until the node says otherwise.
      this.#inUse.set(nodeName, (this.#inUse.get(nodeName) ?? new Set()).add(uniqueName))
    }
  }

  unmark(nodeName: string, uniqueName: string): void {
    this.#attachments.get(nodeName)?.delete(uniqueName)
  }

  /** The node, as it has last said, has these mounted. */
  setInUse(nodeName: string, uniqueNames: readonly string[]): void {
    this.#inUse.set(nodeName, new Set(uniqueNames))
  }

  isInUse(nodeName: string, uniqueName: string): boolean {
    return this.#inUse.get(nodeName)?.has(uniqueName) ?? false
  }

  forget(nodeName: string): void {
    this.#attachments.delete(nodeName)
    this.#inUse.delete(nodeName)
  }

  operationsOn(nodeName: string): Operation[] {
    return [...this.#operations.values()].filter(operation => operation.nodeName === nodeName)
  }

  pending(volume: Operation['volume'], nodeName: string): Operation | undefined {
    return this.#operations.get(operationKey(volume, nodeName))
  }

  start(operation: Omit<Operation, 'startedAt' | 'deadline'>): Operation {
    const startedAt = this.#clock.monotonic()
    const started = { ...operation, startedAt, deadline: startedAt + operationTimeoutMs }
    this.#operations.set(operationKey(operation.volume, operation.nodeName), started)
    return started
  }

  end({ kind, volume, nodeName, startedAt }: Operation, failed: boolean): void {
    this.metrics.ended(kind, volume.uniqueName, { failed, startedAt })
    const key = operationKey(volume, nodeName)
    this.#operations.delete(key)
    if (!failed) {
      this.#backoffs.delete(key)
      return
    }
    const before = this.#backoffs.get(key)
    const delayMs = before?.kind === kind ? Math.min(lastRetryMs, before.delayMs * 2) : firstRetryMs
    this.#backoffs.set(key, { kind, delayMs, failedAt: this.#clock.monotonic() })
  }

  /** How long to wait until it may be tried again; 0: it may be now. */
  backoffMs(kind: Operation['kind'], volume: Operation['volume'], nodeName: string): number {
    const backoff = this.#backoffs.get(operationKey(volume, nodeName))
    if (backoff?.kind !== kind) return 0
    return Math.max(0, backoff.failedAt + backoff.delayMs - this.#clock.monotonic())
  }

  /** The node wants the volume as soon as something has changed about it. */
  await(uniqueName: string, nodeName: string): void {
    this.#waiting.set(uniqueName, (this.#waiting.get(uniqueName) ?? new Set()).add(nodeName))
  }

  /** Those who have waited. */
  changed(uniqueName: string): Iterable<string> {
    const waiting = this.#waiting.get(uniqueName) ?? []
    this.#waiting.delete(uniqueName)
    return waiting
  }

  /** True the first time: that a volume is elsewhere is told once. */
  tellOnce(uniqueName: string, nodeName: string): boolean {
    const key = `${nodeName} ${uniqueName}`
    if (this.#told.has(key)) return false
    this.#told.add(key)
    return true
  }

  /** What is told about volumes of this node that are wanted no more may be told again. */
  keepTold(nodeName: string, wanted: ReadonlyMap<string, unknown>): void {
    for (const key of this.#told) {
      const [node, uniqueName = ''] = key.split(' ')
      if (node === nodeName && !wanted.has(uniqueName)) this.#told.delete(key)
    }
  }
}

/** One at a time for a volume that only one node may have, one for each node otherwise. */
function operationKey({ uniqueName, multiAttach }: Operation['volume'], nodeName: string): string {
  return multiAttach ? `${uniqueName} ${nodeName}` : uniqueName
}

/** Ends the operation; whoever has waited for it may go on. */
export function conclude(operation: Operation, failed: boolean, { state: world, queue }: AttachDetachContext): void {
  world.end(operation, failed)
  for (const waiting of world.changed(operation.volume.uniqueName)) queue.add(waiting)
}
