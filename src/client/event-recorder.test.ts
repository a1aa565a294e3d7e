import { describe, expect, test } from 'vitest'
import type { Event } from '../api/core/v1/event.ts'
import { forbidden } from '../machinery/status-error.ts'
import { ComponentEventRecorder } from './event-recorder.ts'
import { createClient } from './rest-client.ts'
import { MemoryTransport } from './testing/memory-transport.ts'
import { settledEnv } from './testing/settled-env.ts'

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-0', namespace: 'blue', uid: '1', resourceVersion: '7' },
}

function setUp() {
  const env = settledEnv()
  const server = new MemoryTransport()
  const recorder = new ComponentEventRecorder(createClient(server), env, { component: 'kubelet', host: 'node-1' })
  const written = () => server.contents('/api/v1/events') as unknown as Event[]
  return { env, server, recorder, written }
}

describe('an event', () => {
  test('is written as upstream components write it', async () => {
    const { recorder, written } = setUp()
    recorder.event(pod, 'Normal', 'Started', 'Started container web')
    await recorder.flushed()
    expect(written()).toEqual([
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: {
          name: expect.stringMatching(/^web-0\.[0-9a-f]{16}$/),
          namespace: 'blue',
          uid: expect.any(String),
          resourceVersion: expect.any(String),
        },
        involvedObject: {
          kind: 'Pod',
          namespace: 'blue',
          name: 'web-0',
          uid: '1',
          apiVersion: 'v1',
          resourceVersion: '7',
        },
        reason: 'Started',
        message: 'Started container web',
        source: { component: 'kubelet', host: 'node-1' },
        firstTimestamp: '2026-01-01T00:00:00Z',
        lastTimestamp: '2026-01-01T00:00:00Z',
        count: 1,
        type: 'Normal',
        reportingComponent: 'kubelet',
        reportingInstance: 'node-1',
      },
    ])
  })

  test.each([
    {
      what: 'about what has no namespace goes to default',
      object: { kind: 'Node', name: 'node-1', uid: 'node-1' },
      namespace: 'default',
      name: /^node-1\./,
    },
    {
      what: 'about a name no event can have gets one of its own',
      object: { kind: 'Role', name: 'system:thing', namespace: 'blue' },
      namespace: 'blue',
      name: /^[0-9a-f]{8}-/,
    },
  ])('$what', async ({ object, namespace, name }) => {
    const { recorder, written } = setUp()
    recorder.event(object, 'Warning', 'Odd', 'strange')
    await recorder.flushed()
    expect(written()[0]).toMatchObject({
      metadata: { namespace, name: expect.stringMatching(name) },
      involvedObject: object,
    })
  })

  test('that happens again raises the count of the first', async () => {
    const { env, server, recorder, written } = setUp()
    for (let times = 0; times < 3; times++) {
      recorder.event(pod, 'Warning', 'BackOff', 'Back-off restarting failed container')
      await env.clock.advance(10_000)
    }
    expect(written()).toMatchObject([
      { count: 3, firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:00:20Z' },
    ])
    expect(server.requests.map(request => request.method)).toEqual(['POST', 'PATCH', 'PATCH'])
    expect(server.requests.at(-1)).toMatchObject({
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
      body: { count: 3, lastTimestamp: '2026-01-01T00:00:20Z', message: 'Back-off restarting failed container' },
    })
  })

  test('that happens again after the first has expired starts anew', async () => {
    const { env, server, recorder, written } = setUp()
    recorder.event(pod, 'Warning', 'BackOff', 'again')
    await env.clock.advance(0)
    const [first] = written()
    server.remove(`/api/v1/namespaces/blue/events/${first!.metadata.name}`)
    recorder.event(pod, 'Warning', 'BackOff', 'again')
    await env.clock.advance(0)
    expect(written()).toMatchObject([{ count: 2 }])
  })

  test.each([
    { differs: 'the message', change: { message: 'other' } },
    { differs: 'the reason', change: { reason: 'Other' } },
    { differs: 'the object', change: { object: { ...pod, metadata: { ...pod.metadata, uid: '2' } } } },
    {
      differs: 'the part',
      change: { object: { kind: 'Pod', namespace: 'blue', name: 'web-0', uid: '1', fieldPath: 'spec.containers{b}' } },
    },
  ])('is another when $differs is another', async ({ change }) => {
    const { recorder, written } = setUp()
    recorder.event(pod, 'Normal', 'Reason', 'message')
    const other: { object: any; reason: string; message: string } = {
      object: pod,
      reason: 'Reason',
      message: 'message',
      ...change,
    }
    recorder.event(other.object, 'Normal', other.reason, other.message)
    await recorder.flushed()
    expect(written().map(event => event.count)).toEqual([1, 1])
  })
})

describe('a flood', () => {
  test('of similar events is combined from the tenth on', async () => {
    const { env, recorder, written } = setUp()
    for (let index = 1; index <= 12; index++) {
      recorder.event(pod, 'Warning', 'Unhealthy', `probe ${index} failed`)
      await env.clock.advance(1000)
    }
    expect(written()).toHaveLength(10)
    expect(written().at(-1)).toMatchObject({ message: '(combined from similar events): probe 12 failed', count: 3 })
  })

  test('of similar events is not combined when they come further apart than ten minutes', async () => {
    const { env, recorder, written } = setUp()
    for (let index = 1; index <= 12; index++) {
      recorder.event(pod, 'Warning', 'Unhealthy', `probe ${index} failed`)
      await env.clock.advance(600_001)
    }
    expect(written()).toHaveLength(12)
  })

  test('about one object is held to 25, then one in five minutes', async () => {
    const { env, server, recorder } = setUp()
    const burst = async (count: number) => {
      for (let index = 0; index < count; index++) recorder.event(pod, 'Warning', 'BackOff', 'again')
      await recorder.flushed()
      return server.requests.splice(0).length
    }
    expect(await burst(40)).toBe(25)
    await env.clock.advance(300_000)
    expect(await burst(5)).toBe(1)
    recorder.event({ ...pod, metadata: { ...pod.metadata, uid: '2' } }, 'Warning', 'BackOff', 'again')
    await recorder.flushed()
    expect(server.requests).toHaveLength(1)
  })
})

describe('when the server', () => {
  test('does not answer, events wait and are written later, once, in order', async () => {
    const { env, server, recorder, written } = setUp()
    server.faults = () => ({ fault: 'unreachable' })
    recorder.event(pod, 'Normal', 'First', 'one')
    recorder.event(pod, 'Normal', 'Second', 'two')
    await env.clock.advance(15_000)
    expect(written()).toEqual([])
    server.faults = () => undefined
    await env.clock.advance(10_000)
    expect(written().map(event => [event.reason, event.count])).toEqual([
      ['First', 1],
      ['Second', 1],
    ])
  })

  test('never answers, an event is given up after twelve tries', async () => {
    const { env, server, recorder } = setUp()
    server.faults = () => ({ fault: 'unreachable' })
    recorder.event(pod, 'Normal', 'First', 'one')
    await env.clock.advance(300_000)
    expect(server.requests).toHaveLength(12)
  })

  test('refuses an event, it is given up at once', async () => {
    const { env, server, recorder } = setUp()
    server.faults = () => ({ fault: 'refused', error: forbidden({ group: '', resource: 'events' }, '', 'no') })
    recorder.event(pod, 'Normal', 'First', 'one')
    await env.clock.advance(300_000)
    expect(server.requests).toHaveLength(1)
  })
})
