// From the number that metrics propose to the one that is set: recent proposals are remembered (stabilization), and
// the change is limited, by the rules that the autoscaler states or by the ones that hold otherwise.

import type {
  HorizontalPodAutoscaler,
  HPAScalingPolicy,
  HPAScalingRules,
} from '../../api/autoscaling/v2/horizontalpodautoscaler.ts'

/** --horizontal-pod-autoscaler-downscale-stabilization. */
const downscaleStabilizationMs = 5 * 60_000
const scaleUpLimitFactor = 2
const scaleUpLimitMinimum = 4

interface Change {
  readonly replicas: number
  readonly at: number
}

/** What has been proposed for an autoscaler, and done, in the time that matters. */
export interface ScalingMemory {
  recommendations: Change[]
  up: Change[]
  down: Change[]
}

export interface Finding {
  readonly type: 'AbleToScale' | 'ScalingLimited'
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

export interface Limited {
  readonly replicas: number
  readonly findings: readonly Finding[]
}

interface Wish {
  readonly current: number
  readonly desired: number
  readonly min: number
  readonly max: number
}

type Reason = readonly [reason: string, message: string]

const withinRange: Reason = ['DesiredWithinRange', 'the desired count is within the acceptable range']
const tooFew: Reason = ['TooFewReplicas', 'the desired replica count is less than the minimum replica count']
const tooMany: Reason = ['TooManyReplicas', 'the desired replica count is more than the maximum replica count']
const upLimit: Reason = ['ScaleUpLimit', 'the desired replica count is increasing faster than the maximum scale rate']
const downLimit: Reason = [
  'ScaleDownLimit',
  'the desired replica count is decreasing faster than the maximum scale rate',
]
const stabilizedUp: Reason = [
  'ScaleUpStabilized',
  'recent recommendations were lower than current one, applying the lowest recent recommendation',
]
const stabilizedDown: Reason = [
  'ScaleDownStabilized',
  'recent recommendations were higher than current one, applying the highest recent recommendation',
]
const ready: Reason = ['ReadyForNewScale', 'recommended size matches current size']

type Behavior = HorizontalPodAutoscaler['spec']['behavior']

export function limit(wish: Wish, behavior: Behavior, memory: ScalingMemory, now: number): Limited {
  const [stabilized, why] = behavior
    ? stabilizeByRules(wish, behavior, memory, now)
    : ([stabilizeDown(wish.desired, memory, now), stabilizedDown] as const)
  const limitedWish = { ...wish, desired: stabilized }
  const [replicas, limits] = behavior ? byRules(limitedWish, behavior, memory, now) : byDefault(limitedWish)
  const [ableReason, ableMessage] = stabilized === wish.desired ? ready : why
  const [reason, message] = limits
  return {
    replicas,
    findings: [
      { type: 'AbleToScale', status: 'True', reason: ableReason, message: ableMessage },
      { type: 'ScalingLimited', status: replicas === stabilized ? 'False' : 'True', reason, message },
    ],
  }
}

/** Notes a change that was made, for the policies' periods. */
export function remember(memory: ScalingMemory, behavior: Behavior, from: number, to: number, now: number): void {
  if (!behavior) return
  const [direction, rules] = to > from ? (['up', behavior.scaleUp] as const) : (['down', behavior.scaleDown] as const)
  const longest = Math.max(0, ...(rules?.policies ?? []).map(({ periodSeconds }) => periodSeconds))
  const kept = memory[direction].filter(({ at }) => at >= now - longest * 1000)
  memory[direction] = [...kept, { replicas: Math.abs(to - from), at: now }]
}

/** The highest of the last minutes' proposals. */
function stabilizeDown(desired: number, memory: ScalingMemory, now: number): number {
  const recent = memory.recommendations.filter(({ at }) => at >= now - downscaleStabilizationMs)
  memory.recommendations = [...recent, { replicas: desired, at: now }]
  return Math.max(desired, ...recent.map(({ replicas }) => replicas))
}

function stabilizeByRules(
  { current, desired }: Wish,
  behavior: NonNullable<Behavior>,
  memory: ScalingMemory,
  now: number,
): readonly [number, Reason] {
  const upMs = (behavior.scaleUp?.stabilizationWindowSeconds ?? 0) * 1000
  const downMs = (behavior.scaleDown?.stabilizationWindowSeconds ?? downscaleStabilizationMs / 1000) * 1000
  const rising = desired >= current
  const windowMs = rising ? upMs : downMs
  const recent = memory.recommendations.filter(({ at }) => at > now - windowMs).map(({ replicas }) => replicas)
  memory.recommendations = [
    ...memory.recommendations.filter(({ at }) => at >= now - Math.max(upMs, downMs)),
    { replicas: desired, at: now },
  ]
  // Old recommendations hold a change back; they never make one the other way.
  return rising
    ? [Math.max(current, Math.min(desired, ...recent)), stabilizedUp]
    : [Math.min(current, Math.max(desired, ...recent)), stabilizedDown]
}

function byDefault({ current, desired, min, max }: Wish): readonly [number, Reason] {
  const rate = Math.max(scaleUpLimitFactor * current, scaleUpLimitMinimum)
  const [most, why] = max > rate ? ([rate, upLimit] as const) : ([max, tooMany] as const)
  if (desired < min) return [min, tooFew]
  return desired > most ? [most, why] : [desired, withinRange]
}

function byRules(
  { current, desired, min, max }: Wish,
  { scaleUp, scaleDown }: NonNullable<Behavior>,
  memory: ScalingMemory,
  now: number,
): readonly [number, Reason] {
  if (desired > current) {
    const rate = Math.max(current, upTo(current, scaleUp, memory, now))
    const [most, why] = max > rate ? ([rate, upLimit] as const) : ([max, tooMany] as const)
    if (desired > most) return [most, why]
  } else if (desired < current) {
    const rate = Math.min(current, downTo(current, scaleDown, memory, now))
    const [least, why] = min < rate ? ([rate, downLimit] as const) : ([min, tooFew] as const)
    if (desired < least) return [least, why]
  }
  return [desired, withinRange]
}

const changeWithin = (changes: readonly Change[], { periodSeconds }: HPAScalingPolicy, now: number): number =>
  changes.filter(({ at }) => at > now - periodSeconds * 1000).reduce((sum, { replicas }) => sum + replicas, 0)

/** Each policy counts from what there was when its period began. */
function atStart(current: number, { up, down }: ScalingMemory, policy: HPAScalingPolicy, now: number): number {
  return current - changeWithin(up, policy, now) + changeWithin(down, policy, now)
}

function upTo(current: number, rules: HPAScalingRules | undefined, memory: ScalingMemory, now: number): number {
  if (rules?.selectPolicy === 'Disabled') return current
  const limits = (rules?.policies ?? []).map(policy => {
    const start = atStart(current, memory, policy, now)
    // Rounded up: otherwise a small share of few would never add one.
    return policy.type === 'Pods' ? start + policy.value : Math.ceil(start * (1 + policy.value / 100))
  })
  return rules?.selectPolicy === 'Min' ? Math.min(...limits) : Math.max(...limits)
}

function downTo(current: number, rules: HPAScalingRules | undefined, memory: ScalingMemory, now: number): number {
  if (rules?.selectPolicy === 'Disabled') return current
  const limits = (rules?.policies ?? []).map(policy => {
    const start = atStart(current, memory, policy, now)
    return policy.type === 'Pods' ? start - policy.value : Math.trunc(start * (1 - policy.value / 100))
  })
  return rules?.selectPolicy === 'Min' ? Math.max(...limits) : Math.min(...limits)
}
