// A whole cluster in this process, from a seed: random acts and random faults for some minutes of its time, then none,
// then the time it takes to come to rest, then a while of watching that it stays so.
//
// Goes out: what was found wrong at the end, the hash of everything that happened, and the story in lines.

import { createHash } from 'node:crypto'
import { nodes } from '../../src/api/core/v1/node.ts'
import { clusterEnv } from '../../src/cluster/cluster.ts'
import { firstServiceAddress } from '../../src/apiserver/bootstrap/bootstrap-objects.ts'
import { ControlPlane, defaultServiceCIDR } from '../../src/cluster/control-plane.ts'
import { ClusterNode, simulation } from '../../src/cluster/node.ts'
import { loadOrCreatePki } from '../../src/cluster/pki/pki.ts'
import type { Logger } from '../../src/machinery/env/env.ts'
import type { VirtualEnv } from '../../src/machinery/env/virtual-env.ts'
import { Chance } from './chance.ts'
import { FaultyTransports } from './faulty-transport.ts'
import { type Cached, violations } from './invariants.ts'
import { JobWitness } from './job-witness.ts'
import { Workload } from './workload.ts'

export interface SimulationOptions {
  readonly acts?: number
  readonly quietMs?: number
  readonly log?: Logger
}

export interface Outcome {
  readonly seed: number
  readonly violations: readonly string[]
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
const controllers = 'kube-controller-manager'
const scheduler = 'kube-scheduler'

interface SimulatedNode {
  readonly name: string
  readonly options: Parameters<typeof ClusterNode.start>[1]
  running: ClusterNode | undefined
  starting: Promise<void> | undefined
}

/** Keys take longer to make than a scenario to run, and are not what is tested. */
const pki = loadOrCreatePki({ env: clusterEnv(), serviceAddress: firstServiceAddress(defaultServiceCIDR) })

export function simulate(seed: number, options: SimulationOptions = {}): Promise<Outcome> {
  return new Simulation(seed, options).run()
}

class Simulation {
  readonly #seed: number
  readonly #options: SimulationOptions
  readonly #env: VirtualEnv
  readonly #chance: Chance
  readonly #faults: FaultyTransports
  readonly #hash = createHash('sha256')
  readonly #story: string[] = []
  readonly #nodes: SimulatedNode[] = []
  #plane!: ControlPlane
  #serverUp = true
  /** Components that are down or on their way; what has to be over before anything is judged. */
  #restarts = new Set<Promise<void>>()
  #number = 0

  constructor(seed: number, options: SimulationOptions) {
    this.#seed = seed
    this.#options = options
    this.#env = clusterEnv({ seed, log: options.log })
    this.#chance = new Chance(seed)
    this.#faults = new FaultyTransports({
      clock: this.#env.clock,
      chance: new Chance(seed + 1_000_003),
      rate: this.#chance.pick([0.01, 0.05, 0.15]),
      record: line => {
        this.#hash.update(`${line}\n`)
        if (process.env['SIM_TRACE']) this.#story.push(line)
      },
      crashed: component => {
        this.#tell(`crash of ${component}`)
        this.#restart(component, this.#chance.between(1, 30) * 1000)
      },
    })
  }

  async run(): Promise<Outcome> {
    const { clock } = this.#env
    this.#plane = await ControlPlane.start({
      env: this.#env,
      pki,
      wrapTransport: (component, connect) => this.#faults.wrap(component, connect),
    })
    const witness = new JobWitness(this.#env, () => this.#plane.client())
    try {
      const count = this.#chance.between(1, 3)
      for (let index = 0; index < count; index++) await this.#addNode()
      await clock.advance(2000)
      witness.start()
      const workload = new Workload(this.#chance, () => this.#plane.client())
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
      for (const node of this.#nodes) await node.running?.stop()
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
      else if (this.#serverUp) this.#tell(await workload.act())
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
    const node = chance.pick(this.#nodes)
    const kubelet = `kubelet/${node.name}`
    switch (chance.between(0, 7)) {
      case 0:
      case 1:
        return this.#crashSoon(controllers)
      case 2:
        return this.#crashSoon(scheduler)
      case 3:
        if (node.running) this.#crashSoon(kubelet)
        return
      case 4: {
        if (!this.#serverUp) return
        this.#tell('crash of the API server')
        this.#serverUp = false
        this.#faults.setServerUp(false)
        return this.#later(chance.between(1, 20) * 1000, async () => {
          await this.#plane.replaceApiServer()
          this.#serverUp = true
          this.#faults.setServerUp(true)
          this.#tell('API server back')
        })
      }
      case 5: {
        const seconds = chance.pick([20, 60, 400])
        this.#tell(`silence of ${node.name} for ${seconds} s`)
        this.#faults.setSilent(kubelet, true)
        this.#env.clock.setTimeout(() => this.#faults.setSilent(kubelet, false), seconds * 1000)
        return
      }
      case 6:
        if (this.#nodes.length < 4) void this.#addNode()
        return
      default: {
        if (this.#nodes.length < 2 || !node.running || !this.#serverUp) return
        this.#tell(`removal of ${node.name}`)
        this.#nodes.splice(this.#nodes.indexOf(node), 1)
        this.#faults.kill(kubelet)
        await node.running.stop()
        await this.#plane.client().resource(nodes).delete(node.name)
      }
    }
  }

  #crashSoon(component: string): void {
    const writes = this.#chance.between(1, 12)
    this.#tell(`${component} dies at its write number ${writes}`)
    this.#faults.crashSoon(component, writes)
  }

  #restart(component: string, afterMs: number): void {
    const started = async () => this.#tell(`${component} back`)
    if (component === controllers) {
      const stopped = this.#plane.stopControllers()
      this.#later(afterMs, () => stopped.then(() => this.#plane.startControllers()).then(started))
    } else if (component === scheduler) {
      const stopped = this.#plane.stopScheduler()
      this.#later(afterMs, () => stopped.then(() => this.#plane.startScheduler()).then(started))
    } else {
      const node = this.#nodes.find(({ name }) => component === `kubelet/${name}`)
      if (!node) return
      const stopped = node.running?.stop()
      node.running = undefined
      this.#later(afterMs, () =>
        Promise.resolve(stopped)
          .then(() => this.#startNode(node))
          .then(started),
      )
    }
  }

  #later(milliseconds: number, act: () => Promise<unknown>): void {
    const done = this.#env.clock
      .sleep(milliseconds)
      .then(act)
      .catch(error => this.#tell(`WRONG: ${(error as Error).stack}`))
      .then(() => void this.#restarts.delete(done))
    this.#restarts.add(done)
  }

  async #addNode(): Promise<void> {
    const number = ++this.#number
    const podCIDR = `10.244.${number}.0/24`
    const name = `node-${number}`
    this.#tell(`node ${name}`)
    const node: SimulatedNode = {
      name,
      options: {
        name,
        ...simulation(this.#env, podCIDR),
        rootDir: '/simulated',
        podCIDR,
        address: `192.168.0.${number}`,
        capacity: { cpu: '2', memory: '8Gi', pods: '60' },
      },
      running: undefined,
      starting: undefined,
    }
    this.#nodes.push(node)
    const started = this.#startNode(node).finally(() => void this.#restarts.delete(started))
    this.#restarts.add(started)
    return started
  }

  async #startNode(node: SimulatedNode): Promise<void> {
    node.running = await ClusterNode.start(this.#plane, node.options)
  }

  async #calm(workload: Workload): Promise<void> {
    this.#tell('faults end')
    this.#faults.heal()
    while (this.#restarts.size > 0) await this.#env.clock.advance(1000)
    await workload.calm()
  }

  /** Until nothing is wrong any more; answers what still is when that takes too long. */
  async #settle(witness: JobWitness): Promise<string[]> {
    const { clock } = this.#env
    const end = clock.monotonic() + settlesWithin
    for (let step = settlingStep; ; step = Math.min(step * 1.5, longestStep)) {
      await clock.advance(step)
      const found = [...(await this.#violations(witness)), ...this.#wrongSoFar()]
      if (found.length === 0 || clock.monotonic() >= end) return found
    }
  }

  #wrongSoFar(): string[] {
    return this.#story.filter(line => line.includes('WRONG'))
  }

  #violations(witness: JobWitness): Promise<string[]> {
    const cached: Cached = {
      nodes: this.#nodes.map(({ name, options }) => ({ name, runtime: options.runtime })),
      witness,
    }
    return violations(this.#plane.client(), cached)
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
    // A token is issued anew before it expires, and kept nowhere.
    const isHeartbeat = (write: string) =>
      /\/kube-node-lease\/leases\/|\/nodes\/[^/]+\/status$|\/serviceaccounts\/[^/]+\/token$/.test(write)
    for (const write of new Set(this.#faults.writes)) if (!isHeartbeat(write)) found.push(`at rest: ${write}`)
    // Events are forgotten after an hour, by the API server.
    const moved = (await this.#revision()) - revision - this.#faults.writes.length
    if (moved > 0 && quietMs < 45 * minute) found.push(`at rest: ${moved} changes that no component made`)
    for (const [component, requests] of this.#faults.requests) {
      const most = component.startsWith('kubelet/') ? 20 + 14 * minutes : 80 + 20 * minutes
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
    this.#hash.update(`${told}\n`)
  }
}
