// A whole cluster in this process, from a seed: random acts and random faults for some minutes of its time, then none,
// then the time it takes to come to rest, then a while of watching that it stays so.
//
// Goes out: what was found wrong at the end, the hash of everything that was asked for, and the story in lines. The same
// seed is the same run, whatever ran before it in the process.

import { createHash } from 'node:crypto'
import { nodes } from '../../src/api/core/v1/node.ts'
import { firstServiceAddress } from '../../src/apiserver/bootstrap/bootstrap-objects.ts'
import { loadRoom } from '../../src/apiserver/customresources/lazy.ts'
import { clusterEnv } from '../../src/cluster/cluster.ts'
import { ControlPlane, defaultServiceCIDR } from '../../src/cluster/control-plane.ts'
import { loadOrCreatePki } from '../../src/cluster/pki/pki.ts'
import { eventLoopTurn } from '../../src/cluster/system-env.ts'
import type { Logger } from '../../src/machinery/env/env.ts'
import { type VirtualEnv, virtualEnv } from '../../src/machinery/env/virtual-env.ts'
import { Chance } from './chance.ts'
import { ControllerManagers } from './controller-managers.ts'
import { apiServer, FaultyTransports } from './faulty-transport.ts'
import { violations } from './invariants.ts'
import { JobWitness } from './job-witness.ts'
import { type SimulatedNode, SimulatedNodes } from './simulated-nodes.ts'
import { Workload } from './workload.ts'

export interface SimulationOptions {
  readonly acts?: number
  readonly quietMs?: number
  readonly log?: Logger
  /** Every request becomes part of the story. */
  readonly trace?: boolean
  /** Told of each line of the story as it is written. */
  told?(line: string): void
}

export interface Outcome {
  readonly seed: number
  readonly violations: readonly string[]
  /** Of every request, what came of it, and what each write said. */
  readonly hash: string
  /** What was done, and what was found. */
  readonly story: readonly string[]
  readonly settledAfterMs: number
}

const minute = 60_000
const settlesWithin = 40 * minute
const settlingStep = 5_000
const longestStep = minute
/** On average, over the time of faults: a hot loop does hundreds. */
const mostRequestsPerSecond = 40
const scheduler = 'kube-scheduler'
/** What is written in a cluster at rest, and how often a minute. */
const heartbeats: readonly (readonly [RegExp, number])[] = [
  [/\/kube-node-lease\/leases\/|\/kube-system\/leases\//, 31],
  [/\/nodes\/[^/]+\/status$/, 0.2],
  // A token is issued anew before it expires, and kept nowhere.
  [/\/serviceaccounts\/[^/]+\/token$/, 31],
  // What has to wait (a pod for room, a claim for its pod, an autoscaler for its target) is said again each time it is tried.
  [/^PATCH .*\/events\//, 4],
  // And is news when it was not said for a while.
  [/^POST .*\/events$/, 0.5],
]

/** Keys take longer to make than a scenario to run, and are not what is tested. */
const pki = loadOrCreatePki({ env: clusterEnv(), serviceAddress: firstServiceAddress(defaultServiceCIDR) })

export async function simulate(seed: number, options: SimulationOptions = {}): Promise<Outcome> {
  // What is loaded when it is first needed takes other turns the first time.
  await loadRoom()
  await import('../../src/cluster/metrics-server/metrics-server.ts')
  return new Simulation(seed, options).run()
}

class Simulation {
  readonly #seed: number
  readonly #options: SimulationOptions
  readonly #env: VirtualEnv
  readonly #chance: Chance
  /** What pods use is measured, and may be scaled by. */
  readonly #measured: boolean
  readonly #faults: FaultyTransports
  readonly #hash = createHash('sha256')
  readonly #story: string[] = []
  #plane!: ControlPlane
  #nodes!: SimulatedNodes
  #controllers!: ControllerManagers
  #serverUp = true
  /** Components that are down or on their way; what has to be over before anything is judged. */
  readonly #restarts = new Set<Promise<void>>()

  constructor(seed: number, options: SimulationOptions) {
    this.#seed = seed
    this.#options = options
    this.#chance = new Chance(seed)
    this.#measured = this.#chance.of(0.2)
    this.#env = this.#measured
      ? clusterEnv({ seed, log: options.log })
      : // Nobody speaks HTTP, so that nothing is under way but promises: they need no more than a turn.
        virtualEnv({ seed, log: options.log, settle: eventLoopTurn })
    this.#faults = new FaultyTransports({
      clock: this.#env.clock,
      chance: new Chance(seed + 1_000_003),
      rate: this.#chance.pick([0.01, 0.05, 0.15]),
      record: (line, body) => this.#record(line, body),
      crashed: component => {
        this.#tell(`crash of ${component}`)
        this.#restart(component)
      },
    })
  }

  async run(): Promise<Outcome> {
    const { clock } = this.#env
    this.#plane = await ControlPlane.start({
      env: this.#env,
      pki,
      withoutControllers: true,
      metricsServer: this.#measured,
      wrapTransport: (component, connect) => this.#faults.wrap(component, connect),
    })
    this.#controllers = new ControllerManagers(this.#plane, this.#faults, this.#chance.pick([1, 1, 2]))
    this.#nodes = new SimulatedNodes(this.#env, this.#plane, this.#faults)
    const witness = new JobWitness(this.#env, () => this.#plane.client())
    try {
      for (const name of this.#controllers.names) await this.#controllers.start(name)
      await this.#nodes.startStorage()
      const count = this.#chance.between(1, 3)
      for (let index = 0; index < count; index++) await this.#addNode()
      await clock.advance(2000)
      witness.start()
      const workload = new Workload(this.#chance, () => this.#plane.client(), { measured: this.#measured })
      await this.#faultyTime(workload)
      await this.#calm(workload)
      const found = await this.#settle(witness)
      const after = clock.monotonic()
      if (found.length === 0) found.push(...(await this.#quiet(witness)))
      for (const violation of found) this.#tell(`WRONG: ${violation}`)
      return {
        seed: this.#seed,
        violations: found,
        hash: this.#hash.digest('hex'),
        story: this.#story,
        settledAfterMs: after,
      }
    } finally {
      await witness.stop()
      await this.#nodes.stop()
      await this.#controllers.stopAll()
      await this.#plane.stop()
    }
  }

  async #faultyTime(workload: Workload): Promise<void> {
    const { clock } = this.#env
    const began = clock.monotonic()
    this.#faults.active = true
    this.#faults.forgetCounts()
    for (let act = 0; act < (this.#options.acts ?? 18); act++) {
      if (this.#chance.of(0.25)) await this.#misfortune()
      else if (this.#serverUp) this.#tell(await this.#meanwhile(workload.act()))
      await clock.advance(this.#chance.pick([0, 50, 700, 3000, 15_000]))
    }
    const seconds = (clock.monotonic() - began) / 1000
    for (const [component, requests] of this.#faults.requests)
      if (requests > 400 + mostRequestsPerSecond * seconds)
        this.#tell(`WRONG: ${component} sent ${requests} requests in ${seconds} s`)
  }

  /** Something breaks. */
  async #misfortune(): Promise<void> {
    const chance = this.#chance
    const node = chance.pick(this.#nodes.all)
    switch (chance.between(0, 9)) {
      case 0:
      case 1:
        return this.#crashSoon(chance.pick(this.#controllers.names))
      case 2:
        return this.#crashSoon(scheduler)
      case 3:
        if (node.running) this.#crashSoon(node.kubelet)
        return
      case 4:
        if (this.#serverUp) this.#crashSoon(apiServer)
        return
      case 5: {
        const seconds = chance.pick([20, 60, 400])
        this.#silence(node.kubelet, seconds)
        return
      }
      case 6:
        // Long enough for another one to take the lead.
        return this.#silence(chance.pick(this.#controllers.names), chance.pick([5, 20, 60]))
      case 7:
        if (this.#nodes.all.length < 4) void this.#addNode()
        return
      case 8:
        if (!node.running) return
        this.#tell(`${node.name} loses its power`)
        this.#faults.kill(node.kubelet)
        this.#nodes.forgetContainers(node)
        return this.#restart(node.kubelet)
      default:
        if (this.#nodes.all.length < 2 || !node.running || !this.#serverUp) return
        this.#tell(`removal of ${node.name}`)
        await this.#nodes.remove(node)
    }
  }

  #silence(component: string, seconds: number): void {
    this.#tell(`silence of ${component} for ${seconds} s`)
    this.#faults.setSilent(component, true)
    this.#env.clock.setTimeout(() => this.#faults.setSilent(component, false), seconds * 1000)
  }

  #crashSoon(component: string): void {
    const writes = this.#chance.between(1, 12)
    this.#tell(`${component} dies at write number ${writes} from now`)
    if (component === apiServer) this.#faults.crashServerSoon(writes)
    else this.#faults.crashSoon(component, writes)
  }

  /** What has crashed comes back after a while. */
  #restart(component: string): void {
    const afterMs = this.#chance.between(1, 30) * 1000
    const back = (stopped: Promise<unknown> | undefined, start: () => Promise<void>) =>
      this.#later(afterMs, async () => {
        await stopped
        await start()
        this.#tell(`${component} back`)
      })
    if (component === apiServer) {
      this.#serverUp = false
      this.#faults.setServerUp(false)
      back(undefined, async () => {
        await this.#plane.replaceApiServer()
        this.#serverUp = true
        this.#faults.setServerUp(true)
      })
    } else if (component === scheduler) back(this.#plane.stopScheduler(), () => this.#plane.startScheduler())
    else if (this.#controllers.isOne(component))
      back(this.#controllers.stop(component), () => this.#controllers.start(component))
    else {
      const node = this.#nodes.ofKubelet(component)
      const stopped = node?.running?.stop()
      if (node) {
        node.running = undefined
        back(stopped, () => this.#nodes.start(node))
      }
    }
  }

  #later(milliseconds: number, act: () => Promise<unknown>): void {
    this.#await(this.#env.clock.sleep(milliseconds).then(act))
  }

  #await(work: Promise<unknown>): void {
    const done = work
      .catch(error => this.#tell(`WRONG: ${(error as Error).stack}`))
      .then(() => void this.#restarts.delete(done))
    this.#restarts.add(done)
  }

  async #addNode(): Promise<void> {
    const node: SimulatedNode = this.#nodes.add()
    this.#tell(node.name)
    const started = this.#nodes.start(node)
    this.#await(started)
    return started
  }

  async #calm(workload: Workload): Promise<void> {
    this.#tell('faults end')
    this.#faults.heal()
    while (this.#restarts.size > 0) await this.#env.clock.advance(1000)
    await this.#meanwhile(workload.calm())
  }

  /** Time goes on while somebody waits for an answer: the API server may take its own (pods wait for a service account). */
  async #meanwhile<T>(work: Promise<T>): Promise<T> {
    let over = false
    const done = work.finally(() => {
      over = true
    })
    // Whoever awaits it below hears of a failure.
    done.catch(() => {})
    for (let step = 0; !over; step = 50) await this.#env.clock.advance(step)
    return done
  }

  /** Until nothing is wrong any more; answers what still is when that takes too long. */
  async #settle(witness: JobWitness): Promise<string[]> {
    const { clock } = this.#env
    const end = clock.monotonic() + settlesWithin
    for (let step = settlingStep; ; step = Math.min(step * 1.5, longestStep)) {
      await clock.advance(step)
      const found = [...(await this.#violations(witness)), ...this.#wrongSoFar()]
      const { hotLoop } = this.#faults
      if (hotLoop !== undefined) return [hotLoop]
      if (found.length === 0 || clock.monotonic() >= end) return found
    }
  }

  #wrongSoFar(): string[] {
    return this.#story.filter(line => line.includes('WRONG'))
  }

  #violations(witness: JobWitness): Promise<string[]> {
    const running = this.#nodes.all.map(({ name, options }) => ({ name, runtime: options.runtime }))
    return violations(this.#plane.client(), { nodes: running, witness })
  }

  /** Nothing happens in a cluster at rest, but for heartbeats. */
  async #quiet(witness: JobWitness): Promise<string[]> {
    const { clock } = this.#env
    const quietMs = this.#options.quietMs ?? 3 * minute
    // What is not wrong may still be under way: events, backoffs that find nothing to do.
    await clock.advance(minute)
    const revision = await this.#revision()
    this.#faults.forgetCounts()
    await clock.advance(quietMs)
    const found = await this.#violations(witness)
    const minutes = quietMs / minute
    for (const [write, times] of counted(this.#faults.writes)) {
      const perMinute = heartbeats.find(([which]) => which.test(write))?.[1]
      if (perMinute === undefined) found.push(`at rest: ${write}`)
      else if (times > 2 + perMinute * minutes) found.push(`at rest: ${write}, ${times} times`)
    }
    // Events are forgotten after an hour, by the API server.
    const moved = (await this.#revision()) - revision - this.#faults.writes.length
    if (moved > 0 && quietMs < 45 * minute) found.push(`at rest: ${moved} changes that no component made`)
    for (const [component, requests] of this.#faults.requests) {
      const most = component.startsWith('kubelet/') ? 20 + 14 * minutes : 120 + 90 * minutes
      if (requests > most) found.push(`at rest: ${component} sent ${requests} requests in ${minutes} minutes`)
    }
    return found
  }

  async #revision(): Promise<number> {
    return Number((await this.#plane.client().resource(nodes).list()).metadata.resourceVersion)
  }

  #tell(line: string): void {
    const told = `${(this.#env.clock.monotonic() / 1000).toFixed(3)} ${line}`
    this.#story.push(told)
    this.#options.told?.(told)
    this.#hash.update(`${told}\n`)
  }

  #record(line: string, body: unknown): void {
    this.#hash.update(`${line}\n`)
    if (this.#options.trace) {
      this.#story.push(line)
      this.#options.told?.(line)
    }
    // Whoever made the keys of the certificate authority drew no seed.
    if (body !== undefined && !isAboutKeys(body)) this.#hash.update(JSON.stringify(body))
  }
}

function counted(lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1)
  return counts
}

const isAboutKeys = (body: unknown): boolean => {
  const { metadata, type } = body as { metadata?: { name?: string }; type?: string }
  return metadata?.name === 'kube-root-ca.crt' || type === 'kubernetes.io/service-account-token'
}
