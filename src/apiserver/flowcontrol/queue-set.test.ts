// Fair queuing on virtual time: who gets in when there are not enough seats.

import { describe, expect, test } from 'vitest'
import { SeededRandom, virtualEnv } from '../../machinery/env/virtual-env.ts'
import { type FlowTally, type LevelRequest, QueueSet, type WorkEstimate } from './queue-set.ts'
import { dealHand, flowHash } from './shuffle-sharding.ts'

const tally = (): FlowTally => ({
  executing: 0,
  executingSeats: 0,
  waiting: 0,
  waitingSeats: 0,
  dispatched: 0,
  noAccommodation: 0,
})
const seats = (initialSeats: number, finalSeats = 0, additionalLatency = 0): WorkEstimate => ({
  initialSeats,
  finalSeats,
  additionalLatency,
})

function level(concurrencyLimit: number, queues = 8, queueLengthLimit = 50) {
  const { clock } = virtualEnv()
  const set = new QueueSet({
    now: clock.monotonic(),
    configuration: { queues, queueLengthLimit },
    concurrencyLimit,
    after: (milliseconds, callback) => void clock.setTimeout(() => callback(clock.monotonic()), milliseconds),
  })
  const start = (hand: readonly number[], estimate = seats(1), counted = tally()) =>
    set.start(estimate, counted, hand, clock.monotonic(), undefined)
  const finish = (request: LevelRequest) => set.finish(request, clock.monotonic())
  return { clock, set, start, finish }
}

/** Clients that each keep `width` requests in flight, every request taking `milliseconds`, more or less. */
async function load(
  clients: readonly { readonly hand: readonly number[]; readonly width: number; readonly seats?: number }[],
  concurrencyLimit: number,
  milliseconds: number,
): Promise<number[]> {
  const { clock, start, finish } = level(concurrencyLimit)
  const random = new SeededRandom(1)
  const served = clients.map(() => 0)
  const next = (index: number) => {
    const { hand, seats: wide = 1 } = clients[index]!
    const request = start(hand, seats(wide))!
    const run = () =>
      clock.setTimeout(
        () => {
          served[index]!++
          finish(request)
          next(index)
        },
        milliseconds * (0.5 + random.next()),
      )
    if (request.state === 'executing') run()
    else request.onExecute = run
  }
  clients.forEach(({ width }, index) => {
    for (let count = 0; count < width; count++) next(index)
  })
  await clock.advance(20_000)
  return served
}

describe('a level', () => {
  test('with free seats lets everybody in at once', () => {
    const { set, start } = level(3)
    const states = [start([0])!, start([0])!, start([1])!].map(({ state }) => state)
    expect(states).toEqual(['executing', 'executing', 'executing'])
    expect([set.seatsInUse, set.waiting]).toEqual([3, 0])
  })

  test('that is full lets one wait for each that ends, oldest of a queue first', () => {
    const { start, finish, set } = level(1)
    const [first, second, third] = [start([0])!, start([0])!, start([0])!]
    expect([second.state, third.state, set.waiting]).toEqual(['waiting', 'waiting', 2])
    finish(first)
    expect([second.state, third.state]).toEqual(['executing', 'waiting'])
  })

  test('turns away what finds every seat taken and its queue full', () => {
    const { start, set } = level(1, 2, 1)
    start([0])
    expect(start([0])!.state).toBe('waiting')
    expect(start([0])).toBeUndefined()
    expect(start([1])!.state).toBe('waiting')
    expect(set.rejected).toBe(1)
  })

  test('without queues turns away what cannot run', () => {
    const { start, finish } = level(1, 0)
    const first = start([])!
    expect(start([])).toBeUndefined()
    finish(first)
    expect(start([])!.state).toBe('executing')
  })

  test('without a limit never does', () => {
    const { start, set } = level(0, -1)
    for (let count = 0; count < 1000; count++) expect(start([])!.state).toBe('executing')
    expect(set.demand).toBeDefined()
  })

  test('forgets what has waited too long', () => {
    const { clock, start, finish, set } = level(1)
    const [first, second, third] = [start([0])!, start([0])!, start([0])!]
    expect(set.cancel(second, clock.monotonic())).toBe(true)
    expect(set.cancel(first, clock.monotonic())).toBe(false)
    finish(first)
    expect([second.state, third.state, set.waiting, set.cancelled]).toEqual(['cancelled', 'executing', 0, 1])
  })

  test('takes a request that is wider than itself when nothing else runs', () => {
    const { start, finish } = level(2)
    const narrow = start([0])!
    const wide = start([1], seats(5))!
    expect(wide.state).toBe('waiting')
    finish(narrow)
    expect(wide.state).toBe('executing')
    expect(start([0])!.state).toBe('waiting')
  })

  test('keeps the seats of a write until its watchers are told', async () => {
    const { clock, start, finish, set } = level(4)
    const write = start([0], seats(1, 3, 5))!
    expect(set.seatsInUse).toBe(3)
    finish(write)
    expect([set.executing, set.seatsInUse]).toEqual([0, 3])
    const other = start([0], seats(2))!
    expect(other.state).toBe('waiting')
    await clock.advance(5)
    expect([other.state, set.seatsInUse]).toEqual(['executing', 2])
  })

  test('that gets more seats lets more in', () => {
    const { clock, start, set } = level(1)
    start([0])
    const second = start([0])!
    set.reconfigure({ queues: 8, queueLengthLimit: 50 }, 2, clock.monotonic())
    expect(second.state).toBe('executing')
  })

  test('that gets fewer queues serves those it had until they are empty', () => {
    const { clock, start, finish, set } = level(1, 4)
    const first = start([3])!
    const second = start([3])!
    set.reconfigure({ queues: 2, queueLengthLimit: 50 }, 1, clock.monotonic())
    finish(first)
    expect([second.state, set.queues.length]).toEqual(['executing', 4])
    finish(second)
    expect(set.queues.length).toBe(3)
  })
})

describe('fairness', () => {
  test.each<[string, { hand: number[]; width: number; seats?: number }[], number[]]>([
    ['two equal flows get the same', [0, 1].map(queue => ({ hand: [queue], width: 10 })), [0.5, 0.5]],
    [
      'a flood gets no more than a stream that could use its share',
      [
        { hand: [0], width: 40 },
        { hand: [1], width: 4 },
      ],
      [0.5, 0.5],
    ],
    [
      // One that has a single request in flight waits a quarter of a service time for each: the next of four seats.
      'who asks for less than a share gets the next seat each time, and the rest goes to who wants more',
      [
        { hand: [0], width: 20 },
        { hand: [1], width: 1 },
      ],
      [0.8, 0.2],
    ],
    [
      'wide requests count for as much as they take',
      [
        { hand: [0], width: 10, seats: 2 },
        { hand: [1], width: 10 },
      ],
      [1 / 3, 2 / 3],
    ],
    [
      'eight flows get an eighth each',
      [...Array(8).keys()].map(queue => ({ hand: [queue], width: 8 })),
      Array(8).fill(1 / 8),
    ],
  ])('%s', async (_name, clients, shares) => {
    const served = await load(clients, 4, 25)
    const all = served.reduce((sum, count) => sum + count, 0)
    served.forEach((count, index) => {
      expect(count / all, `client ${index}`).toBeGreaterThan(shares[index]! - 0.03)
      expect(count / all, `client ${index}`).toBeLessThan(shares[index]! + 0.03)
    })
  })

  test('whatever happens, in whatever order, the sums add up', () => {
    const random = new SeededRandom(7)
    const pick = (count: number) => Math.floor(random.next() * count)
    const { set, clock, start, finish } = level(5, 6, 4)
    const counted = tally()
    let live: LevelRequest[] = []
    for (let step = 0; step < 5000; step++) {
      const chance = random.next()
      if (chance < 0.5) {
        const request = start(dealHand(BigInt(pick(1000)), 6, 3), seats(1 + pick(3)), counted)
        if (request) live.push(request)
      } else if (chance < 0.9) {
        const running = live.filter(({ state }) => state === 'executing')
        if (running.length > 0) finish(running[pick(running.length)]!)
      } else {
        const waiting = live.filter(({ state }) => state === 'waiting')
        if (waiting.length > 0) set.cancel(waiting[pick(waiting.length)]!, clock.monotonic())
      }
      live = live.filter(({ state }) => state === 'executing' || state === 'waiting')
      const executing = live.filter(({ state }) => state === 'executing')
      const waiting = live.filter(({ state }) => state === 'waiting')
      const sum = (requests: LevelRequest[]) => requests.reduce((total, { maxSeats }) => total + maxSeats, 0)
      expect([set.executing, set.waiting, set.seatsInUse, set.seatsWaiting]).toEqual([
        executing.length,
        waiting.length,
        sum(executing),
        sum(waiting),
      ])
      expect([counted.executing, counted.waiting, counted.executingSeats]).toEqual([
        executing.length,
        waiting.length,
        sum(executing),
      ])
      expect(set.seatsInUse).toBeLessThanOrEqual(5)
      // Nothing waits that could run: the next in line is too wide, or every seat is taken.
      if (waiting.length > 0) expect(set.seatsInUse).toBeGreaterThan(5 - 3)
    }
  })
})

describe('shuffle sharding', () => {
  test('deals a hand of different queues, the same for the same flow', () => {
    for (let flow = 0; flow < 200; flow++) {
      const hash = flowHash('service-accounts', `user-${flow}`)
      const hand = dealHand(hash, 128, 6)
      expect(new Set(hand).size).toBe(6)
      for (const queue of hand) expect(queue >= 0 && queue < 128).toBe(true)
      expect(dealHand(hash, 128, 6)).toEqual(hand)
    }
  })

  test.each<[bigint, number, number, number[]]>([
    [0n, 3, 3, [0, 1, 2]],
    [1n, 3, 3, [1, 0, 2]],
    [2n + 3n, 3, 3, [2, 1, 0]],
    [142n, 9, 3, [7, 8, 1]],
  ])('%d of %d cards, %d', (hash, deck, handSize, hand) => expect(dealHand(hash, deck, handSize)).toEqual(hand))
})
