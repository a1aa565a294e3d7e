// The objects that configure flow control, from the API server's side: it follows them, says in a FlowSchema's status
// whether its priority level exists, and keeps those that every cluster has as they should be.
//
//     mandatory (exempt, catch-all)   brought back whenever changed or deleted
//     suggested (the others)          brought back when deleted; when changed, unless their annotation says `false`
//     once suggested, no longer       deleted, unless their annotation says `false`

import { applyDefaults } from '../../api/defaults.ts'
import type { FlowSchema } from '../../api/flowcontrol/v1/flowschema.ts'
import type { PriorityLevelConfiguration } from '../../api/flowcontrol/v1/prioritylevelconfiguration.ts'
import type { KubeObject } from '../../api/resource.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { deepCopy } from '../../machinery/deep-freeze.ts'
import type { Timer } from '../../machinery/env/env.ts'
import { quote } from '../../machinery/go-text.ts'
import { formatTime } from '../../machinery/time.ts'
import { createBootstrapObjects } from '../bootstrap/create-bootstrap-objects.ts'
import { flowSchemas, priorityLevelConfigurations } from '../bootstrap/flow-control.ts'
import type { ResourceStorage } from '../registry/resource-storage.ts'
import type { ServerContext } from '../server-context.ts'
import type { StoredObject } from '../watchcache/stored-object.ts'
import { mandatoryNames } from './configuration.ts'
import { ownDangling } from './dangling.ts'
import type { FlowControl } from './flow-control.ts'

const group = 'flowcontrol.apiserver.k8s.io'
const autoUpdate = 'apf.kubernetes.io/autoupdate-spec'
const maintenancePeriod = 60_000
/** A status that somebody else keeps changing back is not fought over more often than this in a minute. */
const mostStatusWrites = 6

export class ConfigurationObjects {
  readonly #server: ServerContext
  readonly #flowControl: FlowControl
  readonly #schemas: ResourceStorage
  readonly #levels: ResourceStorage
  readonly #timers: Timer[] = []
  readonly #statusWrites = new Map<string, number[]>()
  #digesting = false
  #stopped = false

  constructor(server: ServerContext, flowControl: FlowControl) {
    this.#server = server
    this.#flowControl = flowControl
    this.#schemas = server.registry.storage(`flowschemas.${group}`)
    this.#levels = server.registry.storage(`prioritylevelconfigurations.${group}`)
  }

  /** Digests what the caches hold and follows them: call once the registry has started. */
  follow(): void {
    this.#digest()
    for (const { cache } of [this.#schemas, this.#levels]) cache.onEvents(() => this.#digestSoon())
    const { clock, log } = this.#server.env
    this.#timers.push(
      clock.setInterval(() => {
        this.maintain().catch(error => log.warn('flow control could not be maintained', { error: String(error) }))
      }, maintenancePeriod),
    )
  }

  stop(): void {
    this.#stopped = true
    for (const timer of this.#timers) timer.cancel()
  }

  /** Brings the objects that every cluster has to what they should be. */
  async maintain(): Promise<void> {
    const now = formatTime(this.#server.env.clock.now())
    await this.#maintain(this.#schemas, flowSchemas(now))
    await this.#maintain(this.#levels, priorityLevelConfigurations())
  }

  async #maintain(storage: ResourceStorage, wanted: readonly KubeObject[]): Promise<void> {
    const { declaration } = storage
    await createBootstrapObjects(
      this.#server,
      wanted
        .filter(({ metadata }) => !storage.get('', metadata.name!))
        .map(object => ({ resource: declaration, object })),
    )
    const names = new Set(wanted.map(({ metadata }) => metadata.name!))
    for (const object of wanted) {
      const stored = storage.get('', object.metadata.name!)
      const updated = stored && this.#updated(storage, stored.object, object)
      if (updated) await storage.put(stored.key, updated, stored.revision)
    }
    for (const stored of [...storage.cache.all()])
      if (!names.has(stored.name) && annotation(stored.object) === true)
        await storage.delete(stored.key, stored.revision)
  }

  /** What should stand in its place; undefined when it is as it should be, or its owner keeps it. */
  #updated(storage: ResourceStorage, current: KubeObject, wanted: KubeObject): KubeObject | undefined {
    const mandatory = mandatoryNames.includes(wanted.metadata.name!)
    const managed = mandatory || (annotation(current) ?? current.metadata['generation'] === 1)
    const expected = deepCopy(wanted)
    applyDefaults(storage.declaration, expected)
    // How much the exempt level lends is its owner's to say.
    if (expected['spec'].exempt && current['spec'].exempt) expected['spec'].exempt = current['spec'].exempt
    const changed = managed && !deepEqual(expected['spec'], current['spec'])
    if (!changed && annotation(current) === managed) return undefined
    const object = deepCopy(current)
    object.metadata['annotations'] = { ...object.metadata['annotations'], [autoUpdate]: String(managed) }
    if (changed) {
      object['spec'] = expected['spec']
      object.metadata['generation'] = (object.metadata['generation'] ?? 0) + 1
    }
    return object
  }

  /** Many objects change at once, as at the start. */
  #digestSoon(): void {
    if (this.#digesting) return
    this.#digesting = true
    this.#server.env.clock.setImmediate(() => {
      this.#digesting = false
      if (!this.#stopped) this.#digest()
    })
  }

  #digest(): void {
    const levels = [...this.#levels.cache.all()].map(({ object }) => object as unknown as PriorityLevelConfiguration)
    const schemas = [...this.#schemas.cache.all()]
    this.#flowControl.configure(
      levels,
      schemas.map(({ object }) => object as unknown as FlowSchema),
    )
    for (const stored of schemas) this.#tellWhetherDangling(stored)
  }

  #tellWhetherDangling(stored: StoredObject): void {
    const { env } = this.#server
    const schema = stored.object as unknown as FlowSchema
    const { name } = schema.spec.priorityLevelConfiguration
    const found = this.#flowControl.configuration.levels.get(name)
    const dangling = !found || found.quiescing || !this.#levels.get('', name)
    const subject = `This FlowSchema references the PriorityLevelConfiguration object named ${quote(name)}`
    const condition = {
      type: 'Dangling',
      status: dangling ? 'True' : 'False',
      lastTransitionTime: formatTime(env.clock.now()),
      reason: dangling ? 'NotFound' : 'Found',
      message: dangling ? `${subject} but there is no such object` : `${subject} and it exists`,
    }
    const conditions = schema.status?.conditions ?? []
    const before = conditions.find(({ type }) => type === 'Dangling')
    if (
      before?.status === condition.status &&
      before.reason === condition.reason &&
      before.message === condition.message
    )
      return
    if (this.#wroteTooOften(stored.name)) return
    const object = deepCopy(stored.object)
    object['status'] = {
      ...object['status'],
      conditions: [...conditions.filter(({ type }) => type !== 'Dangling'), condition],
    }
    const changed = Object.entries(condition).filter(([name, value]) => before?.[name as keyof typeof before] !== value)
    ownDangling(
      object,
      condition.lastTransitionTime,
      changed.map(([name]) => name),
    )
    // Whoever changed it in between has caused another round.
    this.#schemas
      .put(stored.key, object, stored.revision)
      .catch(error => env.log.warn("a flow schema's status could not be written", { error: String(error) }))
  }

  #wroteTooOften(name: string): boolean {
    const now = this.#server.env.clock.now()
    const recent = (this.#statusWrites.get(name) ?? []).filter(time => now - time < 60_000)
    if (recent.length >= mostStatusWrites) {
      this.#statusWrites.set(name, recent)
      this.#server.env.clock.setTimeout(() => this.#digestSoon(), 30_000)
      return true
    }
    this.#statusWrites.set(name, [...recent, now])
    return false
  }
}

/** Whether its annotation lets the server update it; undefined when it doesn't say. */
function annotation(object: KubeObject): boolean | undefined {
  const value = object.metadata['annotations']?.[autoUpdate]
  return value === 'true' ? true : value === 'false' ? false : undefined
}
