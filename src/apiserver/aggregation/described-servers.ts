// The OpenAPI of aggregated API servers: their index of v3 documents and their v2 document, fetched a second after an
// APIService appears and then every minute. v3 documents themselves are the server's to answer, when somebody asks.

import { createHash } from 'node:crypto'
import { ItemExponentialRateLimiter, processQueue, WorkQueue } from '../../client/work-queue.ts'
import type { Env } from '../../machinery/env/env.ts'
import type { OpenAPISource, OpenAPIv2 } from '../endpoints/openapi.ts'
import type { Answer, RequestContext } from '../request.ts'
import type { UserInfo } from '../user.ts'
import type { APIServiceProxy } from './api-service-proxy.ts'
import { belowPath } from './openapi-v2-merge.ts'
import { v2ToV3 } from './openapi-v2-to-v3.ts'

const aggregator: UserInfo = { name: 'system:aggregator', groups: [] }
const firstFetchAfter = 1_000
const refreshEvery = 60_000
const longestBackoff = 3_600_000
const fetchTimeout = 60_000

interface Description {
  /** Path → its hash. */
  readonly index: ReadonlyMap<string, string>
  /** Made of v2, for servers that have no v3. */
  readonly converted?: { readonly path: string; readonly document: object }
  readonly v2?: OpenAPIv2
  readonly v2Etag?: string
  /** The bytes it was read from, for comparison. */
  readonly indexText?: string
}

export interface DescribedServersOptions {
  readonly env: Env
  proxy(name: string): APIServiceProxy | undefined
}

export class DescribedServers {
  readonly #options: DescribedServersOptions
  readonly #queue: WorkQueue<string>
  readonly #known = new Map<string, Description>()
  readonly #listeners: (() => void)[] = []
  #running: Promise<void> | undefined

  constructor(options: DescribedServersOptions) {
    this.#options = options
    const rateLimiter = new ItemExponentialRateLimiter<string>(refreshEvery, longestBackoff)
    this.#queue = new WorkQueue(options.env, { rateLimiter })
  }

  start(): void {
    const log = this.#options.env.log.child({ controller: 'openapi-aggregation' })
    this.#running = processQueue(this.#queue, { concurrency: 1, log, reconcile: name => this.#refresh(name) })
  }

  async stop(): Promise<void> {
    this.#queue.shutDown()
    await this.#running
  }

  /** An APIService of a server elsewhere came, changed or went. */
  add(name: string): void {
    if (!this.#options.proxy(name)) {
      this.#queue.forget(name)
      if (this.#known.delete(name)) this.#changed()
      return
    }
    // What failed is tried again now that something about it has changed.
    if (this.#known.has(name) && this.#queue.numRequeues(name) === 0) return
    this.#queue.forget(name)
    this.#queue.addAfter(name, firstFetchAfter)
  }

  /** All servers as one source, in the order of their APIServices' priority. */
  readonly source: OpenAPISource = {
    paths: () => this.#inOrder().flatMap(([, { index }]) => [...index.keys()]),
    document: path => this.#find(path)?.[1].converted?.document,
    hash: path => this.#find(path)?.[1].index.get(path) ?? '',
    v2: () => this.#inOrder().flatMap(([, { v2 }]) => (v2 ? [v2] : [])),
    serve: (path: string, request: RequestContext): Answer | undefined => {
      const found = this.#find(path)
      if (!found || found[1].converted) return undefined
      return this.#options.proxy(found[0])?.serve(request)
    },
    onChange: listener => void this.#listeners.push(listener),
  }

  #inOrder(): [name: string, description: Description][] {
    const priority = (name: string) => this.#options.proxy(name)?.apiService.spec.groupPriorityMinimum ?? 0
    return [...this.#known].sort(([a], [b]) => priority(b) - priority(a) || (a < b ? -1 : 1))
  }

  #find(path: string): [name: string, description: Description] | undefined {
    return this.#inOrder().find(([, { index }]) => index.has(path))
  }

  async #refresh(name: string) {
    const proxy = this.#options.proxy(name)
    if (!proxy) return undefined
    const before = this.#known.get(name)
    const next = await fetchDescription(proxy, before)
    if (this.#options.proxy(name) && next !== before) {
      this.#known.set(name, next)
      this.#changed()
    }
    return { requeueAfterMs: refreshEvery }
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}

/** `before` itself when nothing is new. */
async function fetchDescription(proxy: APIServiceProxy, before: Description | undefined): Promise<Description> {
  if (!proxy.available) throw new Error('failed to retrieve openAPI spec, http error: service unavailable')
  const { v2, v2Etag } = await fetchV2(proxy, before)
  const answer = await proxy.get('/openapi/v3', aggregator, { accept: 'application/json' }, fetchTimeout)
  if (answer.status === 404) {
    if (before && before.indexText === undefined && before.v2 === v2) return before
    if (!v2) return { index: new Map(), v2Etag }
    const { group, version } = proxy.groupVersion
    const path = `apis/${group}/${version}`
    const document = v2ToV3(v2)
    return { index: new Map([[path, sha512(JSON.stringify(document))]]), converted: { path, document }, v2, v2Etag }
  }
  if (answer.status !== 200) throw new Error('Error, could not get list of group versions for APIService')
  const indexText = answer.body.toString()
  if (before && before.indexText === indexText && before.v2 === v2) return before
  return { index: hashesIn(JSON.parse(indexText)), indexText, v2, v2Etag }
}

async function fetchV2(proxy: APIServiceProxy, before: Description | undefined) {
  const headers = {
    accept: 'application/json',
    ...(before?.v2Etag?.startsWith('"') && { 'if-none-match': before.v2Etag }),
  }
  const answer = await proxy.get('/openapi/v2', aggregator, headers, fetchTimeout)
  const known = { v2: before?.v2, v2Etag: before?.v2Etag }
  if (answer.status === 304 && before) return known
  if (answer.status === 404) return { v2: undefined, v2Etag: undefined }
  if (answer.status !== 200)
    throw new Error(`failed to retrieve openAPI spec, http error: ${answer.status} ${answer.body.toString()}`)
  const v2Etag = answer.headers['etag'] ?? sha512(answer.body)
  if (v2Etag === before?.v2Etag) return known
  const { group, version } = proxy.groupVersion
  const document = JSON.parse(answer.body.toString()) as OpenAPIv2
  return { v2: belowPath(document, `/apis/${group}/${version}/`), v2Etag }
}

interface Index {
  readonly paths?: Readonly<Record<string, { readonly serverRelativeURL?: string }>>
}

function hashesIn({ paths = {} }: Index): Map<string, string> {
  const hashes = Object.entries(paths).map(([path, { serverRelativeURL = '' }]) => {
    const query = serverRelativeURL.split('?')[1]
    return [path, new URLSearchParams(query).get('hash') ?? ''] as const
  })
  return new Map(hashes)
}

const sha512 = (data: string | Uint8Array): string => createHash('sha512').update(data).digest('hex').toUpperCase()
