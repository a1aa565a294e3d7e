// Says of each PodDisruptionBudget how many of its pods may be evicted now; the eviction subresource counts that down.
//
// Comes in: budgets, their pods, and the controllers of those (`expected-pods.ts`). Goes out: the budgets' status, and
// events. Beside it, DisruptionTarget conditions that came to nothing are taken back (`stale-conditions.ts`).

import { type Pod, pods } from '../../api/core/v1/pod.ts'
import {
  deletionTimeoutMs,
  disruptionAllowed,
  isDisruptionAllowedCurrent,
  syncFailed,
  withDisruptionAllowed,
} from '../../api/policy/v1/disruption-allowed.ts'
import {
  type PodDisruptionBudget,
  type PodDisruptionBudgetStatus,
  podDisruptionBudgets,
} from '../../api/policy/v1/poddisruptionbudget.ts'
import type { Client } from '../../client/client.ts'
import { type ControllerContext, controller, type ReconcileContext, watch } from '../../client/controller.ts'
import { keyOf } from '../../client/object-key.ts'
import { setCondition } from '../../machinery/conditions.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { errorText } from '../../machinery/error-text.ts'
import { quote } from '../../machinery/go-text.ts'
import { labelSelectorFrom, nothing, type Selector } from '../../machinery/labels.ts'
import { isConflict } from '../../machinery/status-error.ts'
import { formatTime, timeOf } from '../../machinery/time.ts'
import { labelSelectorText } from '../label-selector-text.ts'
import type { ManagedController } from '../managed-controller.ts'
import { isPodReady } from '../pod-status.ts'
import { Scales } from '../scales.ts'
import { expectedPods, scaledKinds } from './expected-pods.ts'
import { staleDisruptionConditions } from './stale-conditions.ts'

interface State {
  readonly scales: Scales
}

type Context = ControllerContext<State>

const budgetController = controller<PodDisruptionBudget, State>({
  name: 'disruption-controller',
  reconciles: podDisruptionBudgets,
  watches: [
    watch<Pod, State>(pods, {
      keys: ({ before, after }, context) => {
        if (context.lister(podDisruptionBudgets).size === 0) return []
        const keys = new Set<string>()
        for (const pod of before === after ? [after] : [before, after])
          if (pod) for (const budget of budgetsOf(pod, context, pod === after)) keys.add(keyOf(budget))
        return keys
      },
    }),
    // Only read: a workload that is scaled shows in its pods.
    ...scaledKinds.map(kind => watch<any, State>(kind, {})),
  ],
  state: ({ client, clock }) => ({ scales: new Scales(client, clock) }),
  async reconcile(key, context) {
    const budget = context.lister(podDisruptionBudgets).get(key)
    if (!budget) return undefined
    try {
      return await sync(budget, context)
    } catch (error) {
      if (isConflict(error)) throw error
      context.log.error('Failed to sync PDB', { podDisruptionBudget: key, error: errorText(error) })
      await failSafe(budget, error, context)
      return undefined
    }
  },
})

export const disruptionController: ManagedController = {
  name: 'disruption-controller',
  alias: 'disruption',
  serviceAccount: 'disruption-controller',
  eventSource: 'controllermanager',
  start(environment) {
    const withQueue = (name: string) => ({ ...environment, queueMetrics: environment.workQueues?.queue<string>(name) })
    const parts = [
      budgetController.start(withQueue('disruption')),
      staleDisruptionConditions.start(withQueue('stale_pod_disruption')),
    ]
    return {
      async stop() {
        await Promise.all(parts.map(part => part.stop()))
      },
    }
  },
}

/** No selector selects nothing, an empty one everything in the namespace. */
const selectorOf = ({ spec }: PodDisruptionBudget): Selector =>
  spec.selector ? labelSelectorFrom(spec.selector) : nothing

function budgetsOf(pod: Pod, { lister, events }: Context, tell: boolean): PodDisruptionBudget[] {
  const { namespace = '', name = '', labels } = pod.metadata
  const found = lister(podDisruptionBudgets)
    .listNamespace(namespace)
    .filter(budget => selectsQuietly(budget, labels))
  if (tell && found.length > 1)
    events.event(
      pod,
      'Warning',
      'MultiplePodDisruptionBudgets',
      `Pod ${quote(namespace)}/${quote(name)} matches multiple PodDisruptionBudgets.  Chose ${quote(found[0]!.metadata.name ?? '')} arbitrarily.`,
    )
  return found
}

function selectsQuietly(budget: PodDisruptionBudget, labels: Pod['metadata']['labels']): boolean {
  try {
    return selectorOf(budget).matches(labels ?? {})
  } catch {
    return false
  }
}

async function sync(budget: PodDisruptionBudget, context: Context) {
  const { events, lister, clock, state } = context
  const selected = podsOf(budget, context)
  if (selected.length === 0) events.event(budget, 'Normal', 'NoPods', 'No matching pods found')
  const expectation = await expectedPods(budget, selected, { lister }, state.scales).catch(error => {
    events.event(
      budget,
      'Warning',
      'CalculateExpectedPodCountFailed',
      `Failed to calculate the number of expected pods: ${errorText(error)}`,
    )
    throw error
  })
  if (expectation.unmanaged.length > 0)
    events.event(
      budget,
      'Warning',
      'UnmanagedPods',
      `Pods selected by this PodDisruptionBudget (selector: ${labelSelectorText(budget.spec.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`,
    )
  const now = clock.now()
  const { disruptedPods, recheckAt } = stillDisrupted(budget, selected, now, context)
  const currentHealthy = selected.filter(
    pod => !pod.metadata.deletionTimestamp && !(pod.metadata.name! in disruptedPods) && isPodReady(pod),
  ).length
  const { desiredHealthy } = expectation
  await writeStatus(
    budget,
    {
      currentHealthy,
      desiredHealthy,
      expectedPods: expectation.expectedPods,
      // A budget that matches nothing yet must be safe when its first pods appear.
      disruptionsAllowed: expectation.expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0,
      disruptedPods,
      observedGeneration: budget.metadata.generation ?? 0,
    },
    context,
  )
  return recheckAt === undefined ? undefined : { requeueAfterMs: Math.max(1, recheckAt - now) }
}

function podsOf(budget: PodDisruptionBudget, { lister, events }: Context): Pod[] {
  try {
    const selector = selectorOf(budget)
    return lister(pods)
      .listNamespace(budget.metadata.namespace ?? '')
      .filter(({ metadata }) => selector.matches(metadata.labels ?? {}))
  } catch (error) {
    events.event(budget, 'Warning', 'NoPods', `Failed to get pods: ${errorText(error)}`)
    throw error
  }
}

type Disrupted = Record<string, string>

/** The evicted pods whose deletion is still awaited, and when the first of them will be given up. */
function stillDisrupted(
  { status, metadata: { namespace } }: PodDisruptionBudget,
  selected: readonly Pod[],
  now: number,
  { events }: Pick<ReconcileContext, 'events'>,
): { disruptedPods: Disrupted; recheckAt: number | undefined } {
  const before = (status?.disruptedPods ?? {}) as Disrupted
  const disruptedPods: Disrupted = {}
  let recheckAt: number | undefined
  for (const pod of selected) {
    const at = before[pod.metadata.name!]
    if (at === undefined || pod.metadata.deletionTimestamp) continue
    const until = (timeOf(at) ?? 0) + deletionTimeoutMs
    if (until <= now)
      events.event(
        pod,
        'Warning',
        'NotDeleted',
        `Pod was expected by PDB ${namespace}/${namespace} to be deleted but it wasn't`,
      )
    else {
      disruptedPods[pod.metadata.name!] = at
      recheckAt = Math.min(recheckAt ?? until, until)
    }
  }
  return { disruptedPods, recheckAt }
}

async function writeStatus(
  budget: PodDisruptionBudget,
  counted: Omit<PodDisruptionBudgetStatus, 'conditions'>,
  { client, clock }: Context,
): Promise<void> {
  const { conditions, ...before } = { disruptedPods: {}, observedGeneration: 0, ...budget.status }
  const same = deepEqual({ ...before, disruptedPods: before.disruptedPods ?? {} }, counted)
  if (same && isDisruptionAllowedCurrent(budget.status)) return
  const status = { ...counted, conditions }
  const now = formatTime(clock.now())
  await update(client, budget, { ...status, conditions: withDisruptionAllowed(status, now) })
}

/** When nothing can be counted, nothing may be evicted. */
async function failSafe(budget: PodDisruptionBudget, error: unknown, { client, clock }: Context): Promise<void> {
  const conditions = setCondition(
    budget.status?.conditions,
    {
      type: disruptionAllowed,
      status: 'False',
      reason: syncFailed,
      message: errorText(error),
      observedGeneration: budget.status?.observedGeneration ?? 0,
    },
    formatTime(clock.now()),
  ) as PodDisruptionBudgetStatus['conditions']
  const status = { ...budget.status, disruptionsAllowed: 0, conditions }
  await update(client, budget, status)
}

async function update(client: Client, budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus): Promise<void> {
  await client.resource(podDisruptionBudgets).updateStatus({ ...budget, status })
}
