import { ageCell } from '../../cells.ts'
import { defaultIngressClassAnnotations, isDefaultClass } from '../../default-class.ts'
import type { IngressClass } from './ingressclass.ts'

export function ingressClassCells(ingressClass: IngressClass, now: number): unknown[] {
  const { metadata, spec } = ingressClass
  const isDefault = isDefaultClass(ingressClass, defaultIngressClassAnnotations)
  const { parameters } = spec
  const group = parameters?.apiGroup === undefined ? '' : `.${parameters.apiGroup}`
  return [
    isDefault ? `${metadata.name} (default)` : metadata.name,
    spec.controller ?? '',
    parameters ? `${parameters.kind}${group}/${parameters.name}` : '<none>',
    ageCell(ingressClass, now),
  ]
}
