// Who is asking and whether they may, put together: the authenticators and authorizers, fed from the watch caches.

import type { KubeObject } from '../api/resource.ts'
import type { Client } from '../client/client.ts'
import type { Env } from '../machinery/env/env.ts'
import type { MetricsRegistry } from '../machinery/metrics/metrics.ts'
import { Authentication } from './authentication/authentication.ts'
import type { AuthenticationOptions } from './authentication/authentication-options.ts'
import type { Authenticator } from './authentication/authenticator.ts'
import type { RequestHeaderOptions } from './authentication/request-header.ts'
import type { BoundObjectGetter } from './authentication/service-account-claims.ts'
import { AuthorizationMetrics } from './authorization/authorization-metrics.ts'
import type { Authorizer } from './authorization/authorizer.ts'
import type { Authorization } from './authorization/modes.ts'
import { NodeAuthorizer } from './authorization/node-authorizer.ts'
import { type NodeGraphKind, nodeGraphKinds } from './authorization/node-graph.ts'
import { NodeGraphMetrics } from './authorization/node-graph-metrics.ts'
import { privilegedGroups } from './authorization/privileged-groups.ts'
import { RbacAuthorizer } from './authorization/rbac.ts'
import type { RbacKind } from './authorization/rbac-index.ts'
import { unionAuthorizer } from './authorization/union.ts'
import type { Registry } from './registry/registry.ts'

export interface SecurityOptions {
  readonly env: Env
  readonly authentication: AuthenticationOptions
  /** PEM keys that ServiceAccount tokens may be signed with. */
  readonly serviceAccountKeys: readonly string[]
  /** Other ways to decide than Node and RBAC, or another order. */
  readonly authorization?: Authorization
  /** A front proxy may say for whom it asks. */
  readonly requestHeader?: RequestHeaderOptions
  /** Writes as the API server itself. */
  readonly client: () => Client
  readonly metrics: MetricsRegistry
}

export interface Security {
  readonly authenticator: Authenticator
  /** Whom tokens must be meant for to be good here. */
  readonly audiences: readonly string[]
  readonly authorizer: Authorizer
  readonly rbac: RbacAuthorizer
  readonly objects: BoundObjectGetter
  /** Reads what the caches hold and follows them: call once the registry has started. */
  follow(): void
  /** Begins to look after issuers and files. Throws when the configuration is wrong. */
  start(): Promise<void>
  stop(): void
}

const rbacKinds: readonly RbacKind[] = ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding']

/** Where the objects of a kind that security watches are kept. */
const storageOf: Readonly<Record<RbacKind | NodeGraphKind, string>> = {
  Role: 'roles.rbac.authorization.k8s.io',
  ClusterRole: 'clusterroles.rbac.authorization.k8s.io',
  RoleBinding: 'rolebindings.rbac.authorization.k8s.io',
  ClusterRoleBinding: 'clusterrolebindings.rbac.authorization.k8s.io',
  Pod: 'pods',
  PersistentVolume: 'persistentvolumes',
  VolumeAttachment: 'volumeattachments.storage.k8s.io',
  ResourceSlice: 'resourceslices.resource.k8s.io',
}

export function createSecurity(registry: Registry, options: SecurityOptions): Security {
  const rbac = new RbacAuthorizer()
  const node = new NodeAuthorizer()
  const graph = new NodeGraphMetrics(options.metrics, options.env.clock)
  const objects: BoundObjectGetter = {
    get: (resource: string, namespace: string, name: string): KubeObject | undefined =>
      registry.findStorage(resource)?.get(namespace, name)?.object,
  }
  const authorization = new AuthorizationMetrics(options.metrics, options.env.clock)
  const authentication = new Authentication({ ...options, objects })
  return {
    authenticator: authentication.authenticator,
    audiences: authentication.audiences,
    start: () => authentication.start(),
    stop: () => authentication.stop(),
    authorizer:
      options.authorization?.authorizer({ Node: node, RBAC: rbac }, authorization, options.metrics) ??
      unionAuthorizer(
        privilegedGroups,
        authorization.counted('Node', 'node', node),
        authorization.counted('RBAC', 'rbac', rbac),
      ),
    rbac,
    objects,
    follow() {
      for (const kind of rbacKinds)
        followKind(
          registry,
          kind,
          object => rbac.upsert(kind, object as never),
          key => rbac.remove(kind, key),
        )
      for (const kind of nodeGraphKinds)
        followKind(
          registry,
          kind,
          object => graph.measured('Add', kind, () => node.upsert(kind, object)),
          key =>
            graph.measured('Delete', kind, () => {
              node.remove(kind, key)
              return true
            }),
        )
    },
  }
}

function followKind(
  registry: Registry,
  kind: RbacKind | NodeGraphKind,
  upsert: (object: KubeObject) => unknown,
  remove: (key: string) => void,
): void {
  const { cache } = registry.storage(storageOf[kind])
  for (const stored of cache.all()) upsert(stored.object)
  cache.onEvents(events => {
    for (const { type, object } of events) {
      if (type !== 'DELETED') upsert(object.object)
      else remove(object.namespace === '' ? object.name : `${object.namespace}/${object.name}`)
    }
  })
}
