// Who is asking and whether they may, put together: the authenticators and authorizers, fed from the watch caches.

import type { KubeObject } from '../api/resource.ts'
import type { Env } from '../machinery/env/env.ts'
import { anonymousAuthenticator } from './authentication/anonymous.ts'
import type { Authenticator } from './authentication/authenticator.ts'
import { ClientCertificateAuthenticator } from './authentication/client-certificate.ts'
import { RequestHeaderAuthenticator, type RequestHeaderOptions } from './authentication/request-header.ts'
import type { BoundObjectGetter } from './authentication/service-account-claims.ts'
import { ServiceAccountTokenAuthenticator } from './authentication/service-account-token.ts'
import { StaticTokenAuthenticator } from './authentication/static-token.ts'
import { UnionAuthenticator } from './authentication/union.ts'
import type { Authorizer } from './authorization/authorizer.ts'
import { NodeAuthorizer } from './authorization/node-authorizer.ts'
import { type NodeGraphKind, nodeGraphKinds } from './authorization/node-graph.ts'
import { privilegedGroups } from './authorization/privileged-groups.ts'
import { RbacAuthorizer } from './authorization/rbac.ts'
import type { RbacKind } from './authorization/rbac-index.ts'
import { unionAuthorizer } from './authorization/union.ts'
import type { Registry } from './registry/registry.ts'
import type { UserInfo } from './user.ts'

export interface SecurityOptions {
  readonly env: Env
  /** PEM keys that ServiceAccount tokens may be signed with. */
  readonly serviceAccountKeys: readonly string[]
  readonly staticTokens?: readonly (readonly [token: string, user: UserInfo])[]
  readonly anonymous?: boolean
  /** A front proxy may say for whom it asks. */
  readonly requestHeader?: RequestHeaderOptions
}

export interface Security {
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  readonly rbac: RbacAuthorizer
  readonly objects: BoundObjectGetter
  /** Reads what the caches hold and follows them: call once the registry has started. */
  follow(): void
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
  const objects: BoundObjectGetter = {
    get: (resource: string, namespace: string, name: string): KubeObject | undefined =>
      registry.findStorage(resource)?.get(namespace, name)?.object,
  }
  const authenticators: Authenticator[] = [
    ...(options.requestHeader ? [new RequestHeaderAuthenticator(options.requestHeader)] : []),
    new ClientCertificateAuthenticator(),
    new StaticTokenAuthenticator(options.staticTokens ?? []),
    new ServiceAccountTokenAuthenticator({ env: options.env, keys: options.serviceAccountKeys, objects }),
  ]
  const authenticator = new UnionAuthenticator(authenticators, {
    anonymous: options.anonymous === false ? undefined : anonymousAuthenticator,
  } as never)
  return {
    authenticator,
    authorizer: unionAuthorizer(privilegedGroups, node, rbac),
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
          object => node.upsert(kind, object),
          key => node.remove(kind, key),
        )
    },
  }
}

function followKind(
  registry: Registry,
  kind: RbacKind | NodeGraphKind,
  upsert: (object: KubeObject) => void,
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
