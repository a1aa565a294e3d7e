// Whether the server behind an APIService can be used: its Available condition.
//
// Comes in: the name of an APIService that is to be looked at (it, its Service or its endpoints have changed, or half a
// minute has passed). Goes out: its condition, written if it has changed. The checks are upstream's, in its order.

import { type APIService, type APIServiceCondition, apiServices } from '../../api/apiregistration/v1/apiservice.ts'
import { localCondition, withCondition } from '../../api/apiregistration/v1/available-condition.ts'
import type { EndpointSlice } from '../../api/discovery/v1/endpointslice.ts'
import type { Client } from '../../client/client.ts'
import { ItemExponentialRateLimiter, processQueue, WorkQueue } from '../../client/work-queue.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import type { Env, Timer } from '../../machinery/env/env.ts'
import { quote } from '../../machinery/go-text.ts'
import { formatTime } from '../../machinery/time.ts'
import { hostHeader } from '../proxy/kubelet-connection.ts'
import { systemPrivilegedGroup, type UserInfo } from '../user.ts'
import type { APIServiceProxy } from './api-service-proxy.ts'
import { isReady, type ServiceResolver } from './service-resolver.ts'

/** Who the aggregator itself is, to the servers it asks. */
export const aggregatorUser: UserInfo = { name: 'system:kube-aggregator', groups: [systemPrivilegedGroup] }

const recheckEvery = 30_000
const checkTimeout = 5_000
/** One success is enough. */
const attempts = 5
const workers = 5

export interface AvailabilityOptions {
  readonly env: Env
  readonly client: Client
  readonly resolver: ServiceResolver
  apiService(name: string): APIService | undefined
  proxy(name: string): APIServiceProxy | undefined
  /** The names of those that are somewhere else. */
  remote(): Iterable<string>
}

export class AvailabilityChecks {
  readonly #options: AvailabilityOptions
  readonly #queue: WorkQueue<string>
  #recheck: Timer | undefined
  #running: Promise<void> | undefined

  constructor(options: AvailabilityOptions) {
    this.#options = options
    this.#queue = new WorkQueue(options.env, { rateLimiter: new ItemExponentialRateLimiter(5, 30_000) })
  }

  start(): void {
    const { env } = this.#options
    const log = env.log.child({ controller: 'apiservice-availability' })
    this.#running = processQueue(this.#queue, { concurrency: workers, log, reconcile: name => this.#check(name) })
  }

  async stop(): Promise<void> {
    this.#recheck?.cancel()
    this.#queue.shutDown()
    await this.#running
  }

  add(name: string): void {
    this.#queue.add(name)
    // Without aggregated servers there is nothing to look at again and again.
    if (this.#options.proxy(name))
      this.#recheck ??= this.#options.env.clock.setInterval(() => {
        for (const remote of this.#options.remote()) this.#queue.add(remote)
      }, recheckEvery)
  }

  async #check(name: string): Promise<void> {
    const apiService = this.#options.apiService(name)
    if (!apiService) return
    const now = this.#options.env.clock.now()
    if (!apiService.spec.service) return this.#write(apiService, localCondition(now))
    const proxy = this.#options.proxy(name)
    const unusable = this.#inspect(apiService) ?? (proxy && (await this.#probe(proxy)))
    const { status, reason, message } = unusable ?? { status: 'True', reason: 'Passed', message: 'all checks passed' }
    await this.#write(apiService, {
      type: 'Available',
      status,
      lastTransitionTime: formatTime(now),
      reason,
      message,
    })
    // Tried again soon, besides whenever something changes.
    if (unusable?.reason === 'FailedDiscoveryCheck') throw new Error(message)
  }

  /** What can be known without asking the server. */
  #inspect({ spec }: APIService): Unusable | undefined {
    const { namespace = '', name = '', port = 443 } = spec.service!
    const reference = { namespace, name, port: port ?? 443 }
    const where = `service/${name} in ${quote(namespace)}`
    const { resolver } = this.#options
    const service = resolver.service(reference)
    if (!service) return unusable('ServiceNotFound', `${where} is not present`)
    if ((service.spec?.type ?? 'ClusterIP') !== 'ClusterIP') return undefined
    const servicePort = service.spec?.ports?.find(each => each.port === reference.port)
    if (!servicePort) return unusable('ServicePortError', `${where} is not listening on port ${reference.port}`)
    const slices = resolver.endpointSlices(reference)
    if (slices.length === 0) return unusable('EndpointsNotFound', `cannot find endpointslices for ${where}`)
    const portName = servicePort.name ?? ''
    if (!slices.some(slice => canBeReached(slice, portName)))
      return unusable(
        'MissingEndpoints',
        `endpointslices for ${where} have no addresses with port name ${quote(portName)}`,
      )
    return undefined
  }

  /** Asks the server for what every API server must have. */
  async #probe(proxy: APIServiceProxy): Promise<Unusable | undefined> {
    try {
      await Promise.any(Array.from({ length: attempts }, () => this.#ask(proxy)))
      return undefined
    } catch (error) {
      const { errors } = error as AggregateError
      return unusable('FailedDiscoveryCheck', (errors[errors.length - 1] as Error).message)
    }
  }

  async #ask(proxy: APIServiceProxy): Promise<void> {
    const { group, version } = proxy.groupVersion
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
    const url = `https://${hostHeader(this.#options.resolver.resolve(proxy.reference))}${path}`
    const failing = (problem: string) => new Error(`failing or missing response from ${url}: ${problem}`)
    const answer = await proxy.get(path, aggregatorUser, {}, checkTimeout).catch((error: Error) => {
      throw failing(`Get "${url}": ${error.message}`)
    })
    if (answer.status < 200 || answer.status >= 300) throw failing(`bad status from ${url}: ${answer.status}`)
  }

  async #write(apiService: APIService, condition: APIServiceCondition): Promise<void> {
    const before = apiService.status?.conditions ?? []
    const conditions = withCondition(before, condition)
    if (deepEqual(before, conditions)) return
    await this.#options.client
      .resource(apiServices)
      .updateStatus({ ...apiService, status: { ...apiService.status, conditions } })
  }
}

interface Unusable {
  readonly status: 'False'
  readonly reason: string
  readonly message: string
}

const unusable = (reason: string, message: string): Unusable => ({ status: 'False', reason, message })

const canBeReached = ({ endpoints, ports }: EndpointSlice, portName: string): boolean =>
  (endpoints ?? []).some(isReady) && (ports ?? []).some(({ name, port }) => name === portName && port !== undefined)
