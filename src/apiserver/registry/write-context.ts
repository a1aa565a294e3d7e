// What every write does besides its own: dry run, who writes, warnings, admission.

import type { KubeObject } from '../../api/resource.ts'
import { badRequest } from '../../machinery/status-error.ts'
import type { AdmissionAttributes, AdmissionOperation } from '../admission/admission.ts'
import type { RequestContext } from '../request.ts'
import type { ServerContext } from '../server-context.ts'
import type { ServedResource } from './registry.ts'
import type { StrategyContext } from './strategy.ts'

export function isDryRun(request: RequestContext, fromBody?: readonly string[]): boolean {
  const values = [...request.query.getAll('dryRun'), ...(fromBody ?? [])]
  for (const value of values)
    if (value !== 'All') throw badRequest(`dryRun: Unsupported value: "${value}": supported values: "All"`)
  return values.length > 0
}

export function strategyContext(server: ServerContext, request: RequestContext, dryRun: boolean): StrategyContext {
  return {
    server,
    user: request.user,
    subresource: request.info.subresource,
    dryRun,
    warn: message => request.warnings.push(message),
  }
}

export function admissionAttributes(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  operation: AdmissionOperation,
  objects: { object?: KubeObject; oldObject?: KubeObject; name: string; namespace?: string },
  dryRun: boolean,
): AdmissionAttributes {
  return {
    operation,
    resource: resource.declaration,
    subresource: request.info.subresource,
    namespace: resource.declaration.namespaced ? (objects.namespace ?? request.info.namespace) : '',
    name: objects.name,
    object: objects.object,
    oldObject: objects.oldObject,
    user: request.user,
    dryRun,
    options: undefined,
    lister: server.admission.lister,
    warn: message => request.warnings.push(message),
  }
}
