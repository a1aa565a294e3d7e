// What may go wrong between a component and the API server: refusals, conflicts, lost requests and lost answers, slow
// ones, watches that lag, are held back, cut or told that they fell too far behind, and the sudden end of the component.
//
// Comes in: `wrapTransport` of the control plane, the simulation's chance, a clock. Goes out: transports that behave that
// way while `active`, and an account of every request. A component that crashed has no connection any more, whatever is
// left of it in this process: nothing it does afterwards happens.

import { TokenBucket } from '../../src/client/token-bucket.ts'
import type { ApiRequest, ApiResponse, Transport, WatchStream } from '../../src/client/transport.ts'
import type { Clock, Timer } from '../../src/machinery/env/env.ts'
import {
  conflict,
  internalError,
  optimisticLockMessage,
  type StatusError,
  serviceUnavailable,
  tooManyRequests,
  tooOldResourceVersion,
} from '../../src/machinery/status-error.ts'
import type { Chance } from './chance.ts'

/** In no time: nobody who backs off asks so often. */
const mostAtOneInstant = 5000

/**
 * How many requests a connection may send a second, and how many at once: as upstream's components are started, and ours
 * as processes. Without it what two controllers do by turns, one making what the other takes away as long as a cache lags,
 * would happen without end before any time passes.
 */
const rateLimits: readonly (readonly [string, { readonly perSecond: number; readonly burst: number }])[] = [
  ['kube-controller-manager', { perSecond: 20, burst: 30 }],
  ['', { perSecond: 50, burst: 100 }],
]

/** One run of one component, from its start to its stop or crash. */
interface Process {
  readonly component: string
  dead: boolean
  /** The write that it does not survive; counts down. */
  crashAt: number | undefined
  readonly watches: Set<FaultyWatch>
}

export interface FaultyTransportsOptions {
  readonly clock: Clock
  readonly chance: Chance
  /** How often a request meets a fault. */
  readonly rate: number
  /** Told of every request and what came of it; of those that write, also what. */
  record(line: string, body?: unknown): void
  /** The component is no more; whoever runs it takes what is left away. */
  crashed(component: string): void
}

/** What the API server is called where something crashes. */
export const apiServer = 'kube-apiserver'

export const isWrite = ({ method }: ApiRequest): boolean => method !== 'GET' && method !== 'HEAD'

export class FaultyTransports {
  readonly #options: FaultyTransportsOptions
  readonly #processes = new Map<string, Process>()
  readonly #silent = new Set<string>()
  #serverUp = true
  /** Changes when the API server crashes: answers of the one before are lost. */
  #serverRun = 0
  /** The write, anybody's, that the API server does not survive; counts down. */
  #serverCrashAt: number | undefined
  #instant = { at: 0, requests: 0 }
  /** Time would stand still for ever: nobody is answered any more. */
  hotLoop: string | undefined
  /** Faults happen while this is set. */
  active = false
  /** Requests by component since `forgetCounts`. */
  readonly requests = new Map<string, number>()
  /** Writes that were carried out since then: `PUT /path`. */
  readonly writes: string[] = []

  constructor(options: FaultyTransportsOptions) {
    this.#options = options
  }

  forgetCounts(): void {
    this.requests.clear()
    this.writes.length = 0
  }

  /** For `wrapTransport`: this component's connection, of the process that runs now. */
  wrap(component: string, connect: () => Transport): Transport {
    const process = this.#process(component)
    const { clock } = this.#options
    const [, limits] = rateLimits.find(([prefix]) => component.startsWith(prefix))!
    const bucket = new TokenBucket(clock, limits)
    const refused = () => Promise.reject(new Error('not part of a simulation'))
    return {
      request: async request => {
        const wait = bucket.reserve()
        if (wait > 0) await clock.sleep(wait, request.signal)
        return this.#request(process, connect, request)
      },
      watch: (request, stream) => this.#watch(process, connect, request, stream),
      stream: refused,
      upgrade: refused,
      close() {},
    }
  }

  /** The component dies at the nth write from now. */
  crashSoon(component: string, writes: number): void {
    this.#process(component).crashAt = writes
  }

  /** The API server dies at the nth write from now, whoever's that is. */
  crashServerSoon(writes: number): void {
    this.#serverCrashAt = writes
  }

  /** Ends the component's process: what it still does is lost. The next `wrap` belongs to a new one. */
  kill(component: string): void {
    const process = this.#process(component)
    process.dead = true
    this.#processes.delete(component)
    for (const watch of process.watches) watch.cut(connectionReset())
  }

  /** Takes the component off the network, or gives it back. */
  setSilent(component: string, silent: boolean): void {
    if (!silent) return void this.#silent.delete(component)
    this.#silent.add(component)
    for (const watch of this.#process(component).watches) watch.cut(connectionReset())
  }

  setServerUp(up: boolean): void {
    this.#serverUp = up
    if (up) return
    this.#serverRun++
    this.#serverCrashAt = undefined
    for (const process of this.#processes.values()) for (const watch of process.watches) watch.cut(connectionReset())
  }

  /** No more faults; what was held back arrives. */
  heal(): void {
    this.active = false
    this.#serverCrashAt = undefined
    this.#silent.clear()
    for (const process of this.#processes.values()) {
      process.crashAt = undefined
      for (const watch of process.watches) watch.release()
    }
  }

  #process(component: string): Process {
    let process = this.#processes.get(component)
    if (!process) {
      process = { component, dead: false, crashAt: undefined, watches: new Set() }
      this.#processes.set(component, process)
    }
    return process
  }

  #unreachable(process: Process): boolean {
    return process.dead || this.hotLoop !== undefined || !this.#serverUp || this.#silent.has(process.component)
  }

  async #request(process: Process, connect: () => Transport, request: ApiRequest): Promise<ApiResponse> {
    const { chance, clock, rate } = this.#options
    const told = (outcome: string) =>
      this.#options.record(
        `${clock.monotonic()} ${process.component} ${request.method} ${request.path} ${outcome}`,
        request.body,
      )
    if (process.dead) throw connectionRefused()
    this.#count(process)
    if (this.active && chance.of(rate)) await clock.sleep(chance.pick([1, 20, 300, 2000]))
    if (this.#unreachable(process)) {
      told('unreachable')
      throw connectionRefused()
    }
    const dies = isWrite(request) ? this.#whoDies(process) : undefined
    if (dies !== undefined) {
      const before = chance.of(0.5)
      told(`crash ${before ? 'before' : 'after'}`)
      const carriedOut = before ? undefined : this.#carryOut(connect, request)
      if (dies !== apiServer) this.kill(dies)
      else await carriedOut?.catch(() => {})
      this.#options.crashed(dies)
      await carriedOut?.catch(() => {})
      throw connectionReset()
    }
    const fault = this.active && chance.of(rate) ? this.#fault(request) : undefined
    if (fault === 'request lost') {
      told(fault)
      throw connectionRefused()
    }
    if (fault && fault !== 'answer lost') {
      told(`refused ${fault.code}`)
      return failed(fault)
    }
    const run = this.#serverRun
    const response = await this.#carryOut(connect, request)
    told(`${response.status}${fault ? ` ${fault}` : ''}`)
    if (this.active && chance.of(rate / 2)) await clock.sleep(chance.pick([5, 100, 1500]))
    if (fault || this.#unreachable(process) || run !== this.#serverRun) throw connectionReset()
    return response
  }

  /** Whose last write this is, if it is anybody's. */
  #whoDies(process: Process): string | undefined {
    if (process.crashAt !== undefined && --process.crashAt <= 0) return process.component
    if (this.#serverCrashAt !== undefined && --this.#serverCrashAt <= 0) return apiServer
    return undefined
  }

  async #carryOut(connect: () => Transport, request: ApiRequest): Promise<ApiResponse> {
    const response = await connect().request(request)
    if (isWrite(request) && response.status < 300) this.writes.push(`${request.method} ${request.path}`)
    return response
  }

  async #watch(process: Process, connect: () => Transport, request: ApiRequest, stream: WatchStream) {
    const { chance, clock, rate } = this.#options
    const told = (outcome: string) =>
      this.#options.record(`${clock.monotonic()} ${process.component} WATCH ${request.path} ${outcome}`)
    this.#count(process)
    if (this.#unreachable(process)) {
      told('unreachable')
      throw connectionRefused()
    }
    if (this.active && chance.of(rate)) {
      const fault = chance.pick([expired(), unavailable(), undefined])
      told(fault ? `refused ${fault.code}` : 'request lost')
      if (!fault) throw connectionRefused()
      return { response: failed(fault), stop() {} }
    }
    const watch = new FaultyWatch(clock, stream, () => process.watches.delete(watch))
    process.watches.add(watch)
    if (this.active) watch.expect(chance)
    const { response, stop } = await connect().watch(request, watch)
    told(String(response.status))
    if (response.status !== 200) process.watches.delete(watch)
    else watch.opened(stop)
    return { response, stop: () => watch.stopped() }
  }

  #count({ component }: Process): void {
    const at = this.#options.clock.monotonic()
    if (at !== this.#instant.at) this.#instant = { at, requests: 0 }
    if (++this.#instant.requests > mostAtOneInstant) this.hotLoop ??= `${component} and others ask without end`
    this.requests.set(component, (this.requests.get(component) ?? 0) + 1)
  }

  #fault(request: ApiRequest): StatusError | 'request lost' | 'answer lost' {
    const { chance } = this.#options
    const faults: (() => StatusError | 'request lost' | 'answer lost')[] = [
      () => 'request lost',
      () => 'answer lost',
      () => 'answer lost',
      () => internalError('injected'),
      unavailable,
      () => tooManyRequests('injected', 1),
    ]
    // What is patched without a resourceVersion, the server tries again by itself; but not for ever.
    if (request.method === 'PUT' || request.method === 'PATCH')
      faults.push(injectedConflict, injectedConflict, injectedConflict)
    return chance.pick(faults)()
  }
}

/** A watch between the server and its reader: events go through a queue, which may be slow, held, or cut. */
class FaultyWatch implements WatchStream {
  readonly #clock: Clock
  readonly #reader: WatchStream
  readonly #closed: () => void
  readonly #queue: (() => void)[] = []
  readonly #timers = new Set<Timer>()
  #held = false
  #over = false
  #stop: (() => void) | undefined

  constructor(clock: Clock, reader: WatchStream, closed: () => void) {
    this.#clock = clock
    this.#reader = reader
    this.#closed = closed
  }

  /** Draws what happens to this watch. */
  expect(chance: Chance): void {
    if (chance.of(0.5)) this.#holdNow(chance)
    if (chance.of(0.3))
      this.#later(chance.between(100, 40_000), () => this.cut(chance.of(0.5) ? connectionReset() : undefined))
    else if (chance.of(0.2)) this.#later(chance.between(100, 60_000), () => this.#expire())
  }

  #holdNow(chance: Chance): void {
    this.#held = true
    this.#later(chance.pick([10, 200, 1000, 5000, 20_000]), () => {
      this.#flush()
      this.#later(chance.between(1000, 30_000), () => this.#holdNow(chance))
    })
  }

  opened(stop: () => void): void {
    this.#stop = stop
    if (this.#over) stop()
  }

  event(event: Parameters<WatchStream['event']>[0]): void {
    this.#deliver(() => this.#reader.event(event))
  }

  end(error?: Error): void {
    this.#deliver(() => this.#finish(error))
  }

  /** What is held is lost, and so is the connection. */
  cut(error: Error | undefined): void {
    this.#queue.length = 0
    this.#finish(error)
  }

  /** The reader has had enough. */
  stopped(): void {
    this.cut(undefined)
  }

  /** From now on nothing happens to it. */
  release(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
    this.#flush()
  }

  #expire(): void {
    this.#queue.length = 0
    if (!this.#over) this.#reader.event({ type: 'ERROR', object: expired().status })
    this.#finish(undefined)
  }

  #deliver(tell: () => void): void {
    if (this.#over) return
    if (this.#held) this.#queue.push(tell)
    else tell()
  }

  #flush(): void {
    this.#held = false
    for (const tell of this.#queue.splice(0)) if (!this.#over) tell()
  }

  #later(milliseconds: number, callback: () => void): void {
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer)
      if (!this.#over) callback()
    }, milliseconds)
    this.#timers.add(timer)
  }

  #finish(error: Error | undefined): void {
    if (this.#over) return
    this.#over = true
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
    this.#closed()
    this.#stop?.()
    this.#reader.end(error)
  }
}

const injectedConflict = () => conflict({ group: '', resource: 'injected' }, 'injected', optimisticLockMessage)
const unavailable = () => serviceUnavailable('injected')
const expired = () => tooOldResourceVersion(1, 2)

function failed(error: StatusError): ApiResponse {
  return { status: error.code, headers: {}, body: error.status }
}

const connectionRefused = () => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
const connectionReset = () => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
