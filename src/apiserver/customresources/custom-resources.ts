// Custom resources: what CustomResourceDefinitions ask for is served, and their status says so.
//
// Comes in: the definitions, through their watch cache. Goes out: resources in the registry (definition.ts makes them),
// and the definitions' conditions: NamesAccepted (accepted-names.ts), Established, NonStructuralSchema,
// KubernetesAPIApprovalPolicyConformant, Terminating. Everything generic is the registry's; what is left is here:
//   strategy.ts    checks and resets           conversion.ts  between versions, by webhook perhaps
//   scale.ts       the scale subresource       printer.ts     columns of Tables
//   openapi.ts     definitions and documents   cleanup.ts     instances go with their definition
//   crd-strategy.ts, crd-checks.ts             the definitions themselves as a resource
//
// One definition is looked at after the other, as often as anything about it changes. What serving takes (patterns,
// expressions) is loaded when there is a first definition.

import type { CustomResourceDefinition } from '../../api/apiextensions/v1/customresourcedefinition.ts'
import { customResourceDefinitions } from '../../api/apiextensions/v1/customresourcedefinition.ts'
import type { KubeObject } from '../../api/resource.ts'
import type { Transport } from '../../client/transport.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import type { Timer } from '../../machinery/env/env.ts'
import { formatTime } from '../../machinery/time.ts'
import type { ResourceStorage } from '../registry/resource-storage.ts'
import type { ServerContext } from '../server-context.ts'
import { CelMetrics } from './cel-metrics.ts'
import { withCondition } from './conditions.ts'
import { loadedRoom, loadRoom } from './lazy.ts'
import type { Serving } from './serving.ts'

export interface CustomResourcesOptions {
  readonly server: ServerContext
  /** Writes statuses through the front door. */
  readonly transport: Transport
}

const retryMs = 1000

export class CustomResources {
  readonly #options: CustomResourcesOptions
  readonly #definitions: ResourceStorage
  readonly #celMetrics: CelMetrics
  readonly #pending = new Set<string>()
  readonly #retries = new Map<string, Timer>()
  #running: Promise<void> | undefined
  #stopped = false
  #serving: Serving | undefined

  constructor(options: CustomResourcesOptions) {
    this.#options = options
    this.#celMetrics = new CelMetrics(options.server.metrics, options.server.env.clock)
    this.#definitions = options.server.registry.storage('customresourcedefinitions.apiextensions.k8s.io')
  }

  /** Serves what is defined already; resolves when it is. Follows the definitions from then on. */
  async start(): Promise<void> {
    for (const { name } of this.#definitions.cache.all()) this.#pending.add(name)
    this.#definitions.cache.onEvents(events => {
      for (const { type, object } of events) {
        // At once: whoever sees that it is established finds it in discovery, and nobody finds it earlier.
        if (type !== 'DELETED') this.#serving?.noteStored(object.object as unknown as CustomResourceDefinition)
        this.look(object.name)
      }
    })
    if (this.#pending.size > 0) await this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const timer of this.#retries.values()) timer.cancel()
    await this.#running
  }

  /** Something about the definition may have changed. */
  look(name: string): void {
    if (this.#stopped) return
    this.#pending.add(name)
    void this.#run()
  }

  #run(): Promise<void> {
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined
      if (this.#pending.size > 0 && !this.#stopped) void this.#run()
    })
    return this.#running
  }

  async #work(): Promise<void> {
    for (;;) {
      const [name] = this.#pending
      if (name === undefined || this.#stopped) return
      this.#pending.delete(name)
      try {
        await this.#reconcile(name)
      } catch (error) {
        this.#options.server.env.log.error('a custom resource could not be brought about', {
          name,
          error: String(error),
        })
        this.#retry(name)
      }
    }
  }

  #retry(name: string): void {
    this.#retries.get(name)?.cancel()
    const timer = this.#options.server.env.clock.setTimeout(() => {
      this.#retries.delete(name)
      this.look(name)
    }, retryMs)
    this.#retries.set(name, timer)
  }

  async #loaded(): Promise<Serving> {
    const { Serving } = loadedRoom() ?? (await loadRoom())
    this.#serving ??= new Serving(this.#options.server, this.#celMetrics, name => this.look(name))
    return this.#serving
  }

  #all(): CustomResourceDefinition[] {
    return [...this.#definitions.cache.all()].map(({ object }) => object as unknown as CustomResourceDefinition)
  }

  async #reconcile(name: string): Promise<void> {
    const serving = this.#serving ?? (await this.#loaded())
    const stored = this.#definitions.get('', name)
    if (!stored) {
      const group = await serving.withdraw(name)
      // Its names are free.
      if (group !== undefined) this.#lookAtOthers(group, name)
      return
    }
    const crd = stored.object as unknown as CustomResourceDefinition
    serving.noteStored(crd)
    const now = formatTime(this.#options.server.env.clock.now())
    const others = this.#all().filter(({ spec }) => spec.group === crd.spec.group)
    let status = { ...crd.status, conditions: crd.status?.conditions ?? [] }
    const verdict = serving.names(crd, others)
    if (verdict) status.acceptedNames = verdict.acceptedNames
    for (const condition of serving.conditions(crd, verdict))
      status = { ...status, conditions: withCondition(status.conditions ?? [], condition, now) }
    const gone = serving.conditionsToRemove(crd)
    status.conditions = (status.conditions ?? []).filter(({ type }) => !gone.includes(type))
    const next = { ...crd, status } as CustomResourceDefinition
    await serving.serve(next)
    // Only when it is served does the definition say so.
    const established = serving.established(next)
    if (established) status.conditions = withCondition(status.conditions ?? [], established, now)
    if (!deepEqual(status, { ...crd.status, conditions: crd.status?.conditions ?? [] })) {
      await this.#write({ ...crd, status } as CustomResourceDefinition)
      if (verdict) this.#lookAtOthers(crd.spec.group, name)
      // The change itself brings us back.
      return
    }
    const cleaned = await serving.cleanUp(next, crd => this.#write(crd))
    if (cleaned === 'later') this.#retry(name)
  }

  #lookAtOthers(group: string, name: string): void {
    for (const { metadata, spec } of this.#all())
      if (spec.group === group && metadata.name !== name) this.look(metadata.name!)
  }

  /** Whether it was written; somebody else's change brings us back anyway. */
  async #write(crd: CustomResourceDefinition): Promise<KubeObject | undefined> {
    const { group, version, resource } = customResourceDefinitions
    const { status, body } = await this.#options.transport.request({
      method: 'PUT',
      path: `/apis/${group}/${version}/${resource}/${crd.metadata.name}/status`,
      body: crd,
    })
    if (status === 409 || status === 404) return undefined
    if (status >= 300) throw new Error((body as { message?: string }).message ?? `status ${status}`)
    return body as KubeObject
  }
}
