// The conditions of a CustomResourceDefinition's status.

import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
} from '../../api/apiextensions/v1/customresourcedefinition.ts'

export type Condition = Pick<CustomResourceDefinitionCondition, 'type' | 'status' | 'reason' | 'message'>

export function findCondition(
  { status }: CustomResourceDefinition,
  type: string,
): CustomResourceDefinitionCondition | undefined {
  return status?.conditions?.find(condition => condition.type === type)
}

export function isTrue(crd: CustomResourceDefinition, type: string): boolean {
  return findCondition(crd, type)?.status === 'True'
}

/** The conditions with this one in its place, or at the end; the time only changes with the status. */
export function withCondition(
  conditions: readonly CustomResourceDefinitionCondition[],
  condition: Condition,
  now: string,
): CustomResourceDefinitionCondition[] {
  const index = conditions.findIndex(({ type }) => type === condition.type)
  if (index < 0) return [...conditions, { ...condition, lastTransitionTime: now }]
  const before = conditions[index]!
  const lastTransitionTime = before.status === condition.status ? before.lastTransitionTime || now : now
  return conditions.map((each, at) => (at === index ? { ...each, ...condition, lastTransitionTime } : each))
}
