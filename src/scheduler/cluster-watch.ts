// From what the informers tell to the cache and the queue: pods with a node go into the one, pods that wait for this
// scheduler into the other.

import { type Node, nodes } from '../api/core/v1/node.ts'
import { persistentVolumes } from '../api/core/v1/persistentvolume.ts'
import { persistentVolumeClaims } from '../api/core/v1/persistentvolumeclaim.ts'
import { type Pod, pods } from '../api/core/v1/pod.ts'
import type { ResourceDeclaration } from '../api/resource.ts'
import { csiDrivers } from '../api/storage/v1/csidriver.ts'
import { csiNodes } from '../api/storage/v1/csinode.ts'
import { csiStorageCapacities } from '../api/storage/v1/csistoragecapacity.ts'
import { storageClasses } from '../api/storage/v1/storageclass.ts'
import { volumeAttachments } from '../api/storage/v1/volumeattachment.ts'
import type { Informer, InformerFactory } from '../client/informer.ts'
import type { Clock } from '../machinery/env/env.ts'
import type { Cache } from './cache.ts'
import {
  assignedPodAdd,
  assignedPodDelete,
  type ClusterEvent,
  type EventResource,
  nodeAdd,
  nodeDelete,
  nodeUpdate,
  podAdded,
  podUpdate,
  storageEvent,
  unscheduledPodDelete,
} from './cluster-event.ts'
import type { SchedulerMetrics } from './metrics.ts'
import type { Nominator } from './nominator.ts'
import { nodeChanges, podChanges } from './object-changes.ts'
import type { SchedulingQueue } from './queue.ts'

/** Pods that have ended hold nothing on a node. */
export const livePods = { fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' }

const storageResources: readonly ResourceDeclaration<any>[] = [
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
  csiNodes,
  csiDrivers,
  csiStorageCapacities,
  volumeAttachments,
]

// What handling takes is counted as an update of no kind in particular.
const assignedPodUpdate = podUpdate('AssignedPod', 0)
const targetPodUpdate = podUpdate('TargetPod', 0)

export interface ClusterWatchOptions {
  readonly informers: InformerFactory
  readonly cache: Cache
  readonly queue: SchedulingQueue
  readonly nominator: Nominator
  readonly schedulerName: string
  /** Notes how long it takes to take each event in. */
  readonly measures?: { readonly metrics: SchedulerMetrics; readonly clock: Clock }
}

export function watchCluster(options: ClusterWatchOptions): Informer<Pod> {
  const { informers, cache, queue, nominator, schedulerName, measures } = options
  const start = () => (measures ? measures.clock.monotonic() : 0)
  const handled = (event: ClusterEvent, started: number) =>
    measures?.metrics.handled(event, measures.clock.monotonic() - started)
  const isOurs = (pod: Pod) => pod.spec.schedulerName === schedulerName

  const assigned = (before: Pod | undefined, pod: Pod) => {
    const old = before?.spec.nodeName ? cache.pod(pod.metadata.uid!) : undefined
    const info = cache.setPod(pod)
    nominator.remove(info.uid)
    if (!old) return queue.move(assignedPodAdd, undefined, info)
    const action = podChanges(old, info)
    if (action !== 0) queue.move(podUpdate('AssignedPod', action), old, info)
  }
  const unassigned = (before: Pod | undefined, pod: Pod) => {
    // It waits for its binding: there is nothing to schedule.
    if (cache.isAssumed(pod.metadata.uid!)) return
    const info = cache.podInfo(pod)
    nominator.update(info)
    if (before) queue.update(cache.podInfo(before), info)
    else queue.add(info)
  }
  const changed = (before: Pod | undefined, pod: Pod) => {
    if (before && before.metadata.uid !== pod.metadata.uid) {
      gone(before)
      return changed(undefined, pod)
    }
    if (pod.spec.nodeName) {
      if (before && !before.spec.nodeName) queue.delete(pod.metadata.uid!)
      const started = start()
      assigned(before, pod)
      handled(before?.spec.nodeName ? assignedPodUpdate : assignedPodAdd, started)
    } else if (isOurs(pod)) {
      const started = start()
      unassigned(before, pod)
      handled(before ? targetPodUpdate : podAdded, started)
    }
  }
  const gone = (pod: Pod) => {
    const uid = pod.metadata.uid!
    nominator.remove(uid)
    if (pod.spec.nodeName) {
      const started = start()
      queue.move(assignedPodDelete, cache.removePod(uid) ?? cache.podInfo(pod))
      handled(assignedPodDelete, started)
      return
    }
    queue.delete(uid)
    // A binding on the way will fail; until then its room is taken, and that is what the queue is told when it fails.
    if (!isOurs(pod)) return
    const started = start()
    queue.move(unscheduledPodDelete, cache.podInfo(pod))
    handled(unscheduledPodDelete, started)
  }

  informers.informer(nodes).addHandler({
    added: node => {
      const started = start()
      cache.setNode(node)
      queue.move(nodeAdd, undefined, node)
      handled(nodeAdd, started)
    },
    updated: (before: Node, node: Node) => {
      const action = nodeChanges(before, node)
      const started = start()
      cache.setNode(node)
      if (action === 0) return
      const event = nodeUpdate(action)
      queue.move(event, before, node)
      handled(event, started)
    },
    deleted: node => {
      const started = start()
      cache.removeNode(node.metadata.name!)
      queue.move(nodeDelete, node, undefined)
      handled(nodeDelete, started)
    },
  })
  const watchStorage = (resource: ResourceDeclaration<any>) => {
    const move = (before: unknown, after: unknown) => {
      const event = storageEvent(kindOf(resource), before, after)
      const started = start()
      queue.move(event, before, after)
      handled(event, started)
    }
    informers.informer(resource).addHandler({
      added: after => move(undefined, after),
      updated: move,
      deleted: before => move(before, undefined),
    })
  }
  for (const resource of storageResources) watchStorage(resource)
  const podInformer = informers.informer(pods, livePods)
  podInformer.addHandler({
    added: pod => changed(undefined, pod),
    updated: changed,
    deleted: gone,
  })
  return podInformer
}

const kindOf = ({ kind }: ResourceDeclaration<any>) => kind as EventResource
