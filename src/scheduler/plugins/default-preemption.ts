// Makes room for a pod that fits nowhere by evicting pods of lower priority: as few, as unimportant and with as few broken
// disruption budgets as possible. The pod is nominated for the node and tried again when the victims are gone.

import { podDisruptionBudgets } from '../../api/policy/v1/poddisruptionbudget.ts'
import { Action } from '../cluster-event.ts'
import { fitMessage, NodeStatuses } from '../fit-error.ts'
import type { FilterRun, Plugin } from '../framework.ts'
import type { FrameworkHandle } from '../framework-handle.ts'
import type { NodeInfo } from '../node-info.ts'
import type { PodInfo } from '../pod-info.ts'
import { Evictions } from '../preemption/evictions.ts'
import { type Candidate, pickCandidate } from '../preemption/pick-candidate.ts'
import { selectVictims } from '../preemption/select-victims.ts'
import { unresolvable, unschedulable } from '../status.ts'

const name = 'DefaultPreemption'
const notHelpful = unresolvable(name, 'Preemption is not helpful for scheduling')
const underWay = unresolvable(name, 'waiting for the preemption for this pod to be finished')

/** Of the nodes where it may help, so many are tried: a tenth, but at least a hundred. */
const leastPercentage = 10
const leastCandidates = 100

const refused = (message: string) => unschedulable(name, `preemption: ${message}`)

export function defaultPreemption(handle: FrameworkHandle): Plugin {
  const budgets = handle.informers.informer(podDisruptionBudgets).lister
  const evictions = new Evictions(handle, name)
  return {
    name,
    eventsToRegister: () => [{ resource: 'AssignedPod', action: Action.delete }],
    preEnqueue: pod => (evictions.isUnderWay(pod.uid) ? underWay : undefined),
    postFilter(run, statuses) {
      const { pod, snapshot } = run
      handle.metrics?.preempting()
      const why = ineligible(pod, statuses, snapshot.node(pod.pod.status?.nominatedNodeName ?? ''))
      if (why) return { status: refused(why) }
      const potential = snapshot.nodes.filter(node => statuses.get(node.name)?.code === 'Unschedulable')
      const verdicts = new NodeStatuses()
      verdicts.absent = notHelpful
      const candidates = potential.length === 0 ? [] : tryNodes(run, potential, verdicts)
      const best = pickCandidate(candidates)
      if (!best) {
        const broken = [...verdicts.entries()].find(([, status]) => !status.rejected)?.[1]
        if (broken) return { status: broken }
        return {
          status: refused(fitMessage(snapshot.nodes.length, { statuses: verdicts })),
          nominatedNodeName: '',
        }
      }
      evictions.start(pod, best)
      return { status: undefined, nominatedNodeName: best.node.name }
    },
  }

  function tryNodes(run: FilterRun, potential: readonly NodeInfo[], verdicts: NodeStatuses): readonly Candidate[] {
    const wanted = Math.min(
      potential.length,
      Math.max(leastCandidates, Math.trunc((potential.length * leastPercentage) / 100)),
    )
    const offset = Math.floor(handle.env.random.next() * potential.length)
    const candidates: Candidate[] = []
    let peaceful = false
    for (let turn = 0; turn < potential.length; turn++) {
      const node = potential[(offset + turn) % potential.length]!
      const result = selectVictims(run, node, budgets.list(), name)
      if ('status' in result) {
        verdicts.set(node.name, result.status)
        continue
      }
      candidates.push(result)
      peaceful ||= result.violations === 0
      if (peaceful && candidates.length >= wanted) break
    }
    return candidates
  }
}

/** Why the pod may not evict anybody, if so. */
function ineligible(pod: PodInfo, statuses: NodeStatuses, nominated: NodeInfo | undefined): string | undefined {
  if (pod.pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.'
  if (!nominated || statuses.get(nominated.name)?.code === 'UnschedulableAndUnresolvable') return undefined
  for (const other of nominated.pods.values())
    if (other.priority < pod.priority && isBeingPreempted(other))
      return 'not eligible due to a terminating pod on the nominated node.'
  return undefined
}

function isBeingPreempted({ pod }: PodInfo): boolean {
  if (!pod.metadata.deletionTimestamp) return false
  const target = pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')
  return target?.status === 'True' && target.reason === 'PreemptionByScheduler'
}
