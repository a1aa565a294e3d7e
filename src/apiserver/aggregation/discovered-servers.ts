// What aggregated API servers have, for the aggregated discovery document: fetched when an APIService comes or changes,
// and every minute. A server that cannot be asked is listed as stale, without resources.

import type { APIResourceDiscovery } from '../../api/apidiscovery/v2/apigroupdiscovery.ts'
import type { DiscoveredVersion } from '../../api/discovery.ts'
import { ItemExponentialRateLimiter, processQueue, WorkQueue } from '../../client/work-queue.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import type { Env } from '../../machinery/env/env.ts'
import type { DiscoverySource } from '../endpoints/discovery.ts'
import { parseMediaType } from '../serving/media-type.ts'
import type { APIServiceProxy } from './api-service-proxy.ts'
import { aggregatorUser } from './availability.ts'
import type { Priority } from './group-order.ts'
import { resourcesOf } from './legacy-discovery.ts'

const refreshEvery = 60_000
const fetchTimeout = 5_000
const accept = ['v2', 'v2beta1']
  .map(version => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .join(',')

/** What the server behind one Service has; several APIServices may name the same. */
interface ServerDocument {
  readonly etag: string | undefined
  /** `group/version` → its resources. */
  readonly versions: ReadonlyMap<string, readonly APIResourceDiscovery[]>
}

interface Entry {
  readonly resources: readonly APIResourceDiscovery[]
  readonly freshness: 'Current' | 'Stale'
}

export interface DiscoveredServersOptions {
  readonly env: Env
  proxy(name: string): APIServiceProxy | undefined
}

export class DiscoveredServers implements DiscoverySource {
  readonly #options: DiscoveredServersOptions
  readonly #queue: WorkQueue<string>
  readonly #entries = new Map<string, Entry>()
  readonly #documents = new Map<string, ServerDocument>()
  readonly #listeners: (() => void)[] = []
  #running: Promise<void> | undefined

  constructor(options: DiscoveredServersOptions) {
    this.#options = options
    this.#queue = new WorkQueue(options.env, { rateLimiter: new ItemExponentialRateLimiter(500, refreshEvery) })
  }

  start(): void {
    const log = this.#options.env.log.child({ controller: 'discovery-manager' })
    this.#running = processQueue(this.#queue, { concurrency: 2, log, reconcile: name => this.#refresh(name) })
  }

  async stop(): Promise<void> {
    this.#queue.shutDown()
    await this.#running
  }

  /** An APIService of a server elsewhere came, changed or went. */
  add(name: string): void {
    if (!this.#options.proxy(name)) this.#set(name, undefined)
    else if (!this.#entries.has(name)) this.#set(name, { resources: [], freshness: 'Stale' })
    this.#queue.add(name)
  }

  *versions(): Iterable<DiscoveredVersion & { readonly priority: Priority }> {
    for (const [name, entry] of this.#entries) {
      const proxy = this.#options.proxy(name)
      if (!proxy) continue
      const { groupPriorityMinimum: group, versionPriority: version } = proxy.apiService.spec
      yield { ...proxy.groupVersion, ...entry, priority: { group, version } }
    }
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  async #refresh(name: string) {
    const proxy = this.#options.proxy(name)
    if (!proxy) return undefined
    try {
      const resources = await this.#fetch(proxy)
      if (this.#options.proxy(name)) this.#set(name, { resources, freshness: 'Current' })
      return { requeueAfterMs: refreshEvery }
    } catch (error) {
      if (this.#options.proxy(name)) this.#set(name, { resources: [], freshness: 'Stale' })
      throw error
    }
  }

  async #fetch(proxy: APIServiceProxy): Promise<readonly APIResourceDiscovery[]> {
    const { group, version } = proxy.groupVersion
    const service = `${proxy.reference.namespace}/${proxy.reference.name}:${proxy.reference.port}`
    const known = this.#documents.get(service)
    const headers = { accept, ...(known?.etag && { 'if-none-match': known.etag }) }
    const answer = await proxy.get('/apis', aggregatorUser, headers, fetchTimeout)
    if (answer.status === 304 && known) return known.versions.get(`${group}/${version}`) ?? []
    if (answer.status === 503) throw new Error(`service ${service} returned non-success response code: 503`)
    if (answer.status === 200 && isAggregated(answer.headers['content-type'])) {
      const document = { etag: answer.headers['etag'], versions: versionsIn(JSON.parse(answer.body.toString())) }
      this.#documents.set(service, document)
      return document.versions.get(`${group}/${version}`) ?? []
    }
    // It is older than that form.
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
    const json = { accept: 'application/json' }
    const legacy = await proxy.get(path, { name: aggregatorUser.name, groups: [] }, json, fetchTimeout)
    if (legacy.status !== 200) throw new Error(`failed to download legacy discovery for ${path}: ${legacy.status}`)
    return resourcesOf(JSON.parse(legacy.body.toString()))
  }

  #set(name: string, entry: Entry | undefined): void {
    if (deepEqual(entry, this.#entries.get(name))) return
    if (entry) this.#entries.set(name, entry)
    else this.#entries.delete(name)
    for (const listener of this.#listeners) listener()
  }
}

function isAggregated(contentType = ''): boolean {
  const { parameters } = parseMediaType(contentType)
  return parameters['g'] === 'apidiscovery.k8s.io' && parameters['as'] === 'APIGroupDiscoveryList'
}

interface GroupDiscoveryList {
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string }
    readonly versions?: readonly { readonly version: string; readonly resources?: readonly APIResourceDiscovery[] }[]
  }[]
}

const noKind = { group: '', version: '', kind: '' }

function versionsIn({ items = [] }: GroupDiscoveryList): Map<string, readonly APIResourceDiscovery[]> {
  const found = new Map<string, readonly APIResourceDiscovery[]>()
  for (const { metadata, versions = [] } of items)
    for (const { version, resources = [] } of versions)
      found.set(
        `${metadata?.name ?? ''}/${version}`,
        // Old clients fall over a kind that is missing.
        resources.map(({ responseKind = noKind, subresources, ...rest }) => ({
          ...rest,
          responseKind,
          ...(subresources && {
            subresources: subresources.map(each => ({ ...each, responseKind: each.responseKind ?? noKind })),
          }),
        })),
      )
  return found
}
