import { describe, expect, test } from 'vitest'
import { silentLogger } from '../machinery/env/env.ts'
import { settle, settledEnv } from './testing/settled-env.ts'
import {
  BucketRateLimiter,
  ItemExponentialRateLimiter,
  MaxOfRateLimiter,
  processQueue,
  WorkQueue,
} from './work-queue.ts'

type Step = 'shutDown' | `${'add' | 'get' | 'done'} ${string}`

describe('a work queue', () => {
  // `get x`: the next item is x; `get -`: there is none.
  const laws: { law: string; steps: Step[] }[] = [
    { law: 'hands out in order of coming', steps: ['add a', 'add b', 'get a', 'get b', 'get -'] },
    {
      law: 'holds an item once, however often it is added',
      steps: ['add a', 'add a', 'add b', 'get a', 'get b', 'get -'],
    },
    { law: 'never hands out what is being worked on', steps: ['add a', 'get a', 'add a', 'get -'] },
    {
      law: 'hands it out again when it was added meanwhile',
      steps: ['add a', 'get a', 'add a', 'add a', 'done a', 'get a', 'done a', 'get -'],
    },
    {
      law: 'puts it behind those that waited',
      steps: ['add a', 'get a', 'add a', 'add b', 'done a', 'get b', 'get a'],
    },
    { law: 'is done with what was not added again', steps: ['add a', 'get a', 'done a', 'get -'] },
    { law: 'takes nothing more once shut down', steps: ['shutDown', 'add a', 'get -'] },
    {
      law: 'hands out what waited when it was shut down',
      steps: ['add a', 'add b', 'shutDown', 'get a', 'get b', 'get -'],
    },
    {
      law: 'comes back to what was added before the shutdown',
      steps: ['add a', 'get a', 'add a', 'shutDown', 'get -', 'done a', 'get a'],
    },
  ]

  test.each(laws)('$law', async ({ steps }) => {
    const queue = new WorkQueue<string>(settledEnv())
    const none = Symbol('none')
    for (const step of steps) {
      const [verb, item = ''] = step.split(' ')
      if (verb === 'shutDown') queue.shutDown()
      else if (verb === 'add') queue.add(item)
      else if (verb === 'done') queue.done(item)
      else if (item !== '-') expect(await queue.get(), steps.join(', ')).toBe(item)
      else if (queue.length > 0) expect.fail(`${queue.length} wait after ${steps.join(', ')}`)
      else if (queue.shuttingDown) expect(await Promise.race([queue.get(), none])).toBeUndefined()
    }
  })

  test('wakes whoever waits for an item, one for each', async () => {
    const queue = new WorkQueue<string>(settledEnv())
    const [first, second] = [queue.get(), queue.get()]
    queue.add('a')
    queue.add('b')
    expect(await first).toBe('a')
    expect(await second).toBe('b')
  })

  test('wakes everybody at shutdown', async () => {
    const queue = new WorkQueue<string>(settledEnv())
    const waiting = [queue.get(), queue.get()]
    queue.shutDown()
    expect(await Promise.all(waiting)).toEqual([undefined, undefined])
  })

  test('drains: resolves only when what waited and what is worked on are done', async () => {
    const queue = new WorkQueue<string>(settledEnv())
    queue.add('a')
    queue.add('b')
    await queue.get()
    let drained = false
    const draining = queue.shutDownWithDrain().then(() => {
      drained = true
    })
    queue.done('a')
    await settle()
    expect(drained).toBe(false)
    expect(await queue.get()).toBe('b')
    queue.done('b')
    await draining
  })

  test('keeps its order over many thousand items', async () => {
    const queue = new WorkQueue<number>(settledEnv())
    const out: number[] = []
    for (let item = 0; item < 5000; item++) queue.add(item)
    while (queue.length > 0) {
      const item = (await queue.get())!
      out.push(item)
      queue.done(item)
    }
    expect(out).toEqual(Array.from({ length: 5000 }, (_, index) => index))
  })

  describe('adds after a time', () => {
    test.each([
      { times: [1000], comes: 1000 },
      { times: [1000, 300], comes: 300 },
      { times: [300, 1000], comes: 300 },
    ])('$times ms: comes after $comes ms, once', async ({ times, comes }) => {
      const { clock } = settledEnv()
      const queue = new WorkQueue<string>({ clock })
      for (const time of times) queue.addAfter('a', time)
      await clock.advance(comes - 1)
      expect(queue.length).toBe(0)
      await clock.advance(1)
      expect(await queue.get()).toBe('a')
      queue.done('a')
      await clock.advance(10_000)
      expect(queue.length).toBe(0)
      expect(queue.idle).toBe(true)
    })

    test('0 ms: at once', () => {
      const queue = new WorkQueue<string>(settledEnv())
      queue.addAfter('a', 0)
      expect(queue.length).toBe(1)
    })

    test('not at all after a shutdown', async () => {
      const { clock } = settledEnv()
      const queue = new WorkQueue<string>({ clock })
      queue.addAfter('a', 1000)
      queue.shutDown()
      await clock.advance(2000)
      expect(queue.length).toBe(0)
    })
  })
})

describe('rate limits', () => {
  test('double with each failure of an item, from 5 ms to 1000 s, until it is forgotten', () => {
    const limiter = new ItemExponentialRateLimiter<string>()
    const delays = Array.from({ length: 20 }, () => limiter.when('a'))
    expect(delays.slice(0, 5)).toEqual([5, 10, 20, 40, 80])
    expect(delays.at(-1)).toBe(1_000_000)
    expect(limiter.when('b')).toBe(5)
    expect(limiter.numRequeues('a')).toBe(20)
    limiter.forget('a')
    expect(limiter.numRequeues('a')).toBe(0)
    expect(limiter.when('a')).toBe(5)
  })

  test('let a hundred through at once, then ten a second', async () => {
    const { clock } = settledEnv()
    const limiter = new BucketRateLimiter<number>(clock)
    expect(Array.from({ length: 100 }, (_, item) => limiter.when(item)).every(wait => wait === 0)).toBe(true)
    expect([limiter.when(100), limiter.when(101)]).toEqual([100, 200])
    await clock.advance(1000)
    expect(limiter.when(102)).toBe(0)
  })

  test('add up to the longest', () => {
    const limiter = new MaxOfRateLimiter(
      new ItemExponentialRateLimiter<string>(5),
      new ItemExponentialRateLimiter<string>(100),
    )
    expect(limiter.when('a')).toBe(100)
    expect(limiter.numRequeues('a')).toBe(1)
    limiter.forget('a')
    expect(limiter.numRequeues('a')).toBe(0)
  })
})

describe('processing a queue', () => {
  test('tries again with a growing delay what throws, and forgets what succeeds', async () => {
    const { clock } = settledEnv()
    const queue = new WorkQueue<string>({ clock })
    const at: number[] = []
    const processing = processQueue(queue, {
      concurrency: 1,
      log: silentLogger,
      reconcile: async () => {
        at.push(clock.monotonic())
        if (at.length < 4) throw new Error('not yet')
      },
    })
    queue.add('a')
    await clock.advance(1000)
    expect(at).toEqual([0, 5, 15, 35])
    expect(queue.numRequeues('a')).toBe(0)
    queue.shutDown()
    await processing
  })

  test('comes again after the time a reconcile asks for', async () => {
    const { clock } = settledEnv()
    const queue = new WorkQueue<string>({ clock })
    const at: number[] = []
    const processing = processQueue(queue, {
      concurrency: 1,
      log: silentLogger,
      reconcile: async () => {
        at.push(clock.monotonic())
        return at.length < 3 ? { requeueAfterMs: 60_000 } : undefined
      },
    })
    queue.add('a')
    await clock.advance(600_000)
    expect(at).toEqual([0, 60_000, 120_000])
    queue.shutDown()
    await processing
  })

  test('works on as many at a time as allowed, and never on one twice', async () => {
    const { clock } = settledEnv()
    const queue = new WorkQueue<string>({ clock })
    const now = new Set<string>()
    let most = 0
    let overlaps = 0
    const processing = processQueue(queue, {
      concurrency: 3,
      log: silentLogger,
      reconcile: async item => {
        if (now.has(item)) overlaps++
        now.add(item)
        most = Math.max(most, now.size)
        await clock.sleep(100)
        now.delete(item)
      },
    })
    for (let round = 0; round < 20; round++) {
      for (const item of ['a', 'b', 'c', 'd', 'e']) queue.add(item)
      await clock.advance(30)
    }
    queue.shutDown()
    await clock.advance(1000)
    await processing
    expect({ most, overlaps }).toEqual({ most: 3, overlaps: 0 })
  })
})
