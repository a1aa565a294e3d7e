// Roles and bindings: no one may write one that gives rights the writer doesn't hold. Their names may be anything that
// fits into a path (`system:node`).

import { validateRole, validateRoleBinding, validateRoleBindingUpdate } from '../../../api/rbac/v1/rbac.validation.ts'
import { groupResource, type KubeObject } from '../../../api/resource.ts'
import { nameIsPathSegment } from '../../../machinery/validation/names.ts'
import { checkEscalation } from '../../authorization/escalation.ts'
import type { Strategy, StrategyContext } from '../strategy.ts'

function rbacStrategy(resource: string): Strategy {
  const check = (object: KubeObject, oldObject: KubeObject | undefined, context: StrategyContext) =>
    checkEscalation({
      resource,
      namespace: object.metadata.namespace ?? '',
      object,
      oldObject,
      requestName: context.requestName,
      user: context.user,
      authorizer: context.server.authorizer,
      rbac: context.server.rbac,
    })
  const binding = resource.endsWith('bindings')
  return {
    allowCreateOnUpdate: true,
    validateName: nameIsPathSegment,
    prepareForCreate: (object, context) => check(object, undefined, context),
    prepareForUpdate: (object, old, context) => check(object, old, context),
    validate: binding ? validateRoleBinding : validateRole,
    validateUpdate: binding ? validateRoleBindingUpdate : validateRole,
  }
}

export const rbacStrategies: Readonly<Record<string, Strategy>> = Object.fromEntries(
  ['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'].map(resource => [
    groupResource({ group: 'rbac.authorization.k8s.io', resource }),
    rbacStrategy(resource),
  ]),
)
