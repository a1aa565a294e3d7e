// What the API server's rooms share: handed to every verb, subresource and strategy.

import type { TablePrinter } from '../api/columns.ts'
import type { ResourceDeclaration } from '../api/resource.ts'
import type { Store } from '../etcd/store.ts'
import type { Env } from '../machinery/env/env.ts'
import type { MetricsRegistry } from '../machinery/metrics/metrics.ts'
import type { AdmissionChain } from './admission/chain.ts'
import type { Authenticator } from './authentication/authenticator.ts'
import type { BoundObjectGetter } from './authentication/service-account-claims.ts'
import type { ServiceAccountTokenIssuer } from './authentication/service-account-token-issuer.ts'
import type { Authorizer } from './authorization/authorizer.ts'
import type { RbacAuthorizer } from './authorization/rbac.ts'
import type { KubeletConnection } from './proxy/kubelet-connection.ts'
import type { Registry } from './registry/registry.ts'
import type { ComponentChecks } from './registry/subresources/component-status.ts'
import type { WebhookCaller } from './webhook-client.ts'

export interface ServerOptions {
  /** Such as 10.96.0.0/12. */
  readonly serviceCIDR: string
  readonly serviceNodePortRange: readonly [number, number]
  /** Where the API server itself is reached: the kubernetes Service's endpoint. */
  readonly advertiseAddress: string
  readonly port: number
}

export interface ServerContext {
  readonly env: Env
  readonly store: Store
  readonly options: ServerOptions
  readonly registry: Registry
  readonly admission: AdmissionChain
  /** Calls webhooks: those of admission and of conversion. */
  readonly webhooks: WebhookCaller
  readonly authorizer: Authorizer
  readonly rbac: RbacAuthorizer
  readonly authenticator: Authenticator
  /** Whom tokens must be meant for to be good here: --api-audiences. */
  readonly apiAudiences: readonly string[]
  readonly objects: BoundObjectGetter
  readonly tokens: ServiceAccountTokenIssuer
  readonly printer: (declaration: ResourceDeclaration) => TablePrinter
  /** Reaches kubelets for logs, exec, attach, port-forward and proxying. */
  readonly kubelets: KubeletConnection
  /** How the other components are, as far as they run in this process. */
  readonly components?: ComponentChecks
  readonly metrics: MetricsRegistry
}
