// Admission: is this write acceptable?
//
// Comes in: a decoded, defaulted object about to be written, and who writes it. Goes out: the same object, changed by
// mutating plugins in upstream's order, or a StatusError (403 in most cases). Each plugin is one file with this one
// interface; `chain.ts` puts the default set in order and runs it. A plugin that finds all it needs in the cache
// answers without a promise, so the usual create never leaves the current turn. `matching/` says whether a request is one
// that a policy (`policy/`) or a webhook is about.

import type { KubeObject, ResourceDeclaration } from '../../api/resource.ts'
import type { Env } from '../../machinery/env/env.ts'
import { forbidden, type StatusError } from '../../machinery/status-error.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import type { UserInfo } from '../user.ts'

import type { WebhookCaller } from '../webhook-client.ts'
import type { AdmissionMetrics } from './admission-metrics.ts'

export type AdmissionOperation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'

/** The cluster as admission sees it: the watch cache, read synchronously; objects are shared and frozen. */
export interface AdmissionLister {
  /** `groupResource` as `pods` or `ingressclasses.networking.k8s.io`; namespace '' for cluster-scoped ones. */
  get(groupResource: string, namespace: string, name: string): KubeObject | undefined
  /** Everything of a resource, in one namespace or ('' ) in all. */
  list(groupResource: string, namespace: string): Iterable<KubeObject>
  /** How many there are in all namespaces. */
  count(groupResource: string): number
}

/** What the server serves, as admission needs to know it: custom resources too, as they come and go. */
export interface ServedResources {
  resources(): Iterable<ResourceDeclaration>
}

/** What of the server a plugin may stand on. */
export interface AdmissionServices {
  readonly env: Env
  readonly authorizer: Authorizer
  readonly served: ServedResources
  readonly webhooks: WebhookCaller
  readonly metrics: AdmissionMetrics
  /** As the API server itself. */
  createNamespace(name: string): Promise<void>
  /** Writes a ResourceQuota if it still stands at its resourceVersion; false when it does not. */
  writeQuota(quota: KubeObject): Promise<boolean>
}

/** Asked for by a plugin whose change others have not seen: the mutating plugins run once more. */
export interface Reinvocation {
  /** The plugins are to run again. */
  requested: boolean
  /** This is the second run. */
  again: boolean
  /** What a plugin remembers from the first run, by its name. */
  readonly state: Map<string, unknown>
}

export interface AdmissionAttributes {
  readonly operation: AdmissionOperation
  readonly resource: ResourceDeclaration
  /** '' for the resource itself. */
  readonly subresource: string
  /** '' for cluster-scoped resources. */
  readonly namespace: string
  /** '' when the server is to generate it, until it has: validating plugins see it. */
  name: string
  /**
   * What is to be written; undefined for DELETE. On CREATE a plugin may change it in place; on UPDATE its parts may be
   * the stored object's own, so a plugin sets a changed copy.
   */
  object: KubeObject | undefined
  /** What stands now; undefined for CREATE and CONNECT. */
  readonly oldObject: KubeObject | undefined
  readonly user: UserInfo
  readonly dryRun: boolean
  /** CreateOptions, UpdateOptions, PatchOptions or DeleteOptions. */
  readonly options: Readonly<Record<string, any>> | undefined
  readonly lister: AdmissionLister
  /** Adds a `Warning` header to the answer. */
  warn(message: string): void
  /** Adds to what the audit log says of this request. */
  annotate(key: string, value: string): void
  reinvocation?: Reinvocation
}

/** The request's, made at first use. */
export function reinvocationOf(attributes: AdmissionAttributes): Reinvocation {
  attributes.reinvocation ??= { requested: false, again: false, state: new Map() }
  return attributes.reinvocation
}

export interface AdmissionPlugin {
  /** Upstream's name of it. */
  readonly name: string
  /** Whether the plugin has anything to say about this kind of operation; asked before admit and validate. */
  handles(operation: AdmissionOperation): boolean
  /** The only resources it has anything to say about (`pods`, `storageclasses.storage.k8s.io`), and is asked about. */
  readonly resources?: readonly string[]
  /** May change `attributes.object`. */
  admit?(attributes: AdmissionAttributes): void | Promise<void>
  /** Must not change anything. */
  validate?(attributes: AdmissionAttributes): void | Promise<void>
}

/** Whether the request is about this resource: `pods`, `storageclasses.storage.k8s.io`. */
export function isResource({ resource }: AdmissionAttributes, group: string, plural: string): boolean {
  return resource.resource === plural && resource.group === group
}

/** A plugin's refusal: a 403 that names the object, as far as it has a name yet. */
export function refusal(attributes: AdmissionAttributes, message: string): StatusError {
  const { name, object, resource } = attributes
  return forbidden(resource, name || object?.metadata?.name || object?.metadata?.['generateName'] || 'Unknown', message)
}
