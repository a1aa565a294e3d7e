// Keeps an APIService for every group and version that the server itself answers for: built-in ones are looked at once,
// at the start; those of custom resources follow their definitions. What a user takes the label off is left alone.

import { type APIService, apiServices } from '../../api/apiregistration/v1/apiservice.ts'
import type { GroupVersion } from '../../api/discovery.ts'
import type { KubeObject } from '../../api/resource.ts'
import type { Client } from '../../client/client.ts'
import { processQueue, WorkQueue } from '../../client/work-queue.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import type { Env } from '../../machinery/env/env.ts'
import { isAlreadyExists, isConflict, isNotFound } from '../../machinery/status-error.ts'
import { builtInVersions, customResourcePriority, type Priority } from './group-order.ts'

export const automanagedLabel = 'kube-aggregator.kubernetes.io/automanaged'
/** How the label says that it is managed: at the start only, or always. */
type Automanaged = 'onstart' | 'true'

export const apiServiceName = ({ group, version }: GroupVersion): string => `${version}.${group}`

export interface WantedAPIService {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
  readonly spec: {
    readonly group?: string
    readonly version: string
    readonly groupPriorityMinimum: number
    readonly versionPriority: number
  }
}

function localAPIService({ group, version }: GroupVersion, priority: Priority, managed: Automanaged): WantedAPIService {
  return {
    metadata: { name: apiServiceName({ group, version }), labels: { [automanagedLabel]: managed } },
    spec: {
      ...(group !== '' && { group }),
      version,
      groupPriorityMinimum: priority.group,
      versionPriority: priority.version,
    },
  }
}

export const builtInAPIServices = (): WantedAPIService[] =>
  builtInVersions.map(of => localAPIService(of, of.priority, 'onstart'))

export interface AutoRegisterOptions {
  readonly env: Env
  readonly client: Client
  apiService(name: string): APIService | undefined
  /** All of them by name, at the time of the call. */
  names(): Iterable<string>
  customResourceDefinitions(): Iterable<KubeObject>
}

export class AutoRegister {
  readonly #options: AutoRegisterOptions
  readonly #queue: WorkQueue<string>
  readonly #builtIn: ReadonlyMap<string, WantedAPIService>
  readonly #atStart = new Set<string>()
  readonly #synced = new Set<string>()
  #running: Promise<void> | undefined

  constructor(options: AutoRegisterOptions) {
    this.#options = options
    this.#queue = new WorkQueue(options.env)
    this.#builtIn = new Map(builtInAPIServices().map(wanted => [wanted.metadata.name, wanted]))
  }

  start(): void {
    const { env, names, customResourceDefinitions } = this.#options
    for (const name of names()) {
      this.#atStart.add(name)
      this.#queue.add(name)
    }
    for (const name of this.#builtIn.keys()) this.#queue.add(name)
    for (const definition of customResourceDefinitions()) this.addDefinition(definition)
    const log = env.log.child({ controller: 'autoregister' })
    this.#running = processQueue(this.#queue, { concurrency: 5, log, reconcile: name => this.#sync(name) })
  }

  async stop(): Promise<void> {
    this.#queue.shutDown()
    await this.#running
  }

  /** An APIService has changed. */
  add(name: string): void {
    this.#queue.add(name)
  }

  /** A CustomResourceDefinition came, changed or went. */
  addDefinition({ spec }: KubeObject): void {
    for (const { name } of spec?.versions ?? []) this.#queue.add(apiServiceName({ group: spec.group, version: name }))
  }

  #wanted(name: string): WantedAPIService | undefined {
    const builtIn = this.#builtIn.get(name)
    if (builtIn) return builtIn
    const dot = name.indexOf('.')
    const [version, group] = [name.slice(0, dot), name.slice(dot + 1)]
    for (const { spec } of this.#options.customResourceDefinitions()) {
      if (spec?.group !== group) continue
      for (const each of spec.versions ?? [])
        if (each.name === version && each.served)
          return localAPIService({ group, version }, customResourcePriority, 'true')
    }
    return undefined
  }

  async #sync(name: string): Promise<void> {
    await this.#bringAbout(name)
    this.#synced.add(name)
  }

  async #bringAbout(name: string): Promise<void> {
    const { apiService, client } = this.#options
    const wanted = this.#wanted(name)
    const current = apiService(name)
    const all = client.resource(apiServices)
    const onceOnly = (labels: Readonly<Record<string, string>> | undefined) => labels?.[automanagedLabel] === 'onstart'
    if (!current && !wanted) return
    if (onceOnly(wanted?.metadata.labels) && this.#synced.has(name)) return
    if (!current) return unless(isAlreadyExists, all.create(wanted as never))
    const managed = current.metadata.labels?.[automanagedLabel]
    if (managed !== 'onstart' && managed !== 'true') return
    if (managed === 'onstart' && (!this.#atStart.has(name) || this.#synced.has(name))) return
    const gone = (error: unknown) => isNotFound(error) || isConflict(error)
    if (!wanted) return unless(gone, all.delete(name, { preconditions: { uid: current.metadata.uid } }))
    if (deepEqual(current.spec, wanted.spec)) return
    return unless(gone, all.update({ ...current, spec: wanted.spec } as APIService))
  }
}

/** That it failed in this way means: changed meanwhile, and that change adds it again. */
async function unless(expected: (error: unknown) => boolean, attempt: Promise<unknown>): Promise<void> {
  await attempt.catch(error => {
    if (!expected(error)) throw error
  })
}
