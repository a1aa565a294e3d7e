import { ageCell, shortened } from '../../cells.ts'
import type { HorizontalPodAutoscaler, MetricSpec, MetricStatus } from './horizontalpodautoscaler.ts'

const shown = 2

export function horizontalPodAutoscalerCells(autoscaler: HorizontalPodAutoscaler, now: number): unknown[] {
  const { spec, status } = autoscaler
  return [
    autoscaler.metadata.name,
    `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`,
    targetsCell(spec.metrics ?? [], status.currentMetrics ?? []),
    spec.minReplicas === undefined ? '<unset>' : String(spec.minReplicas),
    spec.maxReplicas,
    status.currentReplicas ?? 0,
    ageCell(autoscaler, now),
  ]
}

function targetsCell(specs: readonly MetricSpec[], statuses: readonly MetricStatus[]): string {
  if (specs.length === 0) return '<none>'
  const targets = specs.slice(0, shown).map((spec, index) => targetText(spec, statuses[index]))
  return shortened(targets, specs.length, ', ')
}

/** A quantity that should be there and is not reads so. */
const text = (quantity: string | undefined): string => quantity ?? '<nil>'

/** What the metric is, and what it should be: `cpu: 12%/80%`, `3/10 (avg)`. */
function targetText(spec: MetricSpec, status: MetricStatus | undefined): string {
  switch (spec.type) {
    case 'External':
      return valueText(spec.external?.target, status?.external?.current)
    case 'Object':
      return valueText(spec.object?.target, status?.object?.current)
    case 'Pods': {
      const current = status?.pods?.current
      return `${current ? text(current.averageValue) : '<unknown>'}/${text(spec.pods?.target.averageValue)}`
    }
    case 'Resource':
      return resourceText(spec.resource, status?.resource?.current)
    case 'ContainerResource':
      return resourceText(spec.containerResource, status?.containerResource?.current)
    default:
      return '<unknown type>'
  }
}

interface Value {
  readonly value?: string
  readonly averageValue?: string
  readonly averageUtilization?: number
}

function valueText(target: Value | undefined, current: Value | undefined): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? '<unknown>'}/${target.averageValue} (avg)`
  return `${current ? text(current.value) : '<unknown>'}/${text(target?.value)}`
}

function resourceText(of: { readonly name: string; readonly target: Value } | undefined, current?: Value): string {
  const { name = '', target = {} } = of ?? {}
  if (target.averageValue !== undefined)
    return `${name}: ${current ? text(current.averageValue) : '<unknown>'}/${target.averageValue}`
  return `${name}: ${percent(current) ?? '<unknown>'}/${percent(target) ?? '<auto>'}`
}

const percent = (of: Value | undefined): string | undefined =>
  of?.averageUtilization === undefined ? undefined : `${of.averageUtilization}%`
