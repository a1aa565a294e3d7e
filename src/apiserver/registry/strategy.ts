// What a resource has of its own on the way into the store. Everything else (names, metadata, dry run, admission,
// conflicts, deletion) is generic and lives in verbs/. A strategy is a set of plain functions over decoded objects: they
// may change the object they are given, never the old one.

import type { KubeObject } from '../../api/resource.ts'
import type { FieldError } from '../../machinery/field-error.ts'
import type { ServerContext } from '../server-context.ts'
import type { UserInfo } from '../user.ts'
import type { Propagation } from './deletion-finalizers.ts'

export interface StrategyContext {
  readonly server: ServerContext
  readonly user: UserInfo
  /** '' for the resource itself, else status, scale, … */
  readonly subresource: string
  /** What the request's path names; '' when it is a collection's. */
  readonly requestName: string
  readonly dryRun: boolean
  warn(message: string): void
}

export interface Strategy<T extends KubeObject = any> {
  /** Brings what the checks below need and a cluster without such objects does not; undefined once it is there. */
  load?(): Promise<void> | undefined
  /** Resets what a client may not set at creation; generation starts at 1 where it is tracked. */
  prepareForCreate?(object: T, context: StrategyContext): void
  prepareForUpdate?(object: T, old: T, context: StrategyContext): void
  prepareForStatusUpdate?(object: T, old: T, context: StrategyContext): void
  /** `before`: what was found wrong with the metadata. */
  validate?(object: T, context: StrategyContext, before: readonly FieldError[]): FieldError[]
  validateUpdate?(object: T, old: T, context: StrategyContext, before: readonly FieldError[]): FieldError[]
  validateStatusUpdate?(object: T, old: T, context: StrategyContext, before: readonly FieldError[]): FieldError[]
  /** Texts for `Warning` headers. */
  warnings?(object: T, old: T | undefined, context: StrategyContext): string[]
  /** How a name is checked; DNS-1123 subdomain unless said otherwise. */
  validateName?(name: string, prefix: boolean): readonly string[]
  /** Of a generateName; with a random suffix unless said otherwise. */
  generateName?(base: string): string
  /** metadata.generation counts changes of anything but metadata and status. */
  readonly tracksGeneration?: boolean
  /** No step of an update changes in place what a patch left alone, so that it need not be copied. */
  readonly sharesUntouched?: boolean
  /** What is written to the status subresource changes no metadata that a client may otherwise set. */
  readonly statusKeepsMetadata?: boolean
  /** The status given at creation is kept (nodes, and kinds without a status subresource). */
  readonly keepsStatusAtCreate?: boolean
  /** PUT of a name that doesn't exist creates it. */
  readonly allowCreateOnUpdate?: boolean
  /** PUT without a resourceVersion overwrites; true unless said otherwise. */
  readonly allowUnconditionalUpdate?: boolean
  /** DELETE answers the object instead of a Status. */
  readonly returnsDeletedObject?: boolean
  /** How many seconds a deletion waits, given what was asked for; undefined: the resource is deleted at once. */
  gracePeriodSeconds?(object: T, requested: number | undefined): number | undefined
  /**
   * Finalizers a deletion without a propagation policy implies (upstream's default garbage collection policy).
   * Unsupported: no policy puts any.
   */
  readonly defaultPropagation?: 'Orphan' | 'Background' | 'Unsupported'
  /** The `Warning` for a deletion that names no propagation policy. */
  readonly unsaidPropagationWarning?: string
  /** Before the object is prepared and checked; what it returns undoes it when nothing is written (address allocation). */
  beginCreate?(object: T, context: StrategyContext): (() => void) | undefined
  beginUpdate?(object: T, old: T, context: StrategyContext): (() => void) | undefined
  /** After the object is gone. */
  afterDelete?(object: T, context: StrategyContext): void
  /** May a deletion start at all; throws a StatusError. */
  checkDelete?(object: T, context: StrategyContext): void
  /** How long the object lives, in seconds (events). */
  ttlSeconds?(object: T, context: StrategyContext): number | undefined
  /** A deletion only marks the object; something else removes it (namespaces). */
  markForDeletion?(object: T, context: StrategyContext, propagation: Propagation | undefined): T | undefined
}
