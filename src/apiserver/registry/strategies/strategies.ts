// The strategies, by resource. A resource without one of its own is wholly generic.

import { groupResource, type ResourceDeclaration } from '../../../api/resource.ts'
import type { Strategy } from '../strategy.ts'
import { namespaceStrategy } from './namespace.ts'
import { podStrategy } from './pod.ts'
import { rbacStrategies } from './rbac.ts'

const strategies: Readonly<Record<string, Strategy>> = {
  namespaces: namespaceStrategy,
  pods: podStrategy,
  ...rbacStrategies,
}

const generic: Strategy = {}

export function strategyOf(declaration: ResourceDeclaration): Strategy {
  return strategies[groupResource(declaration)] ?? generic
}
