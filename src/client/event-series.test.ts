import { describe, expect, test } from 'vitest'
import type { Event } from '../api/events/v1/event.ts'
import { ComponentSeriesEventRecorder } from './event-series.ts'
import { createClient } from './rest-client.ts'
import { MemoryTransport } from './testing/memory-transport.ts'
import { settledEnv } from './testing/settled-env.ts'

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-0', namespace: 'blue', uid: '1', resourceVersion: '7' },
}
const minute = 60_000

function setUp() {
  const env = settledEnv()
  const server = new MemoryTransport()
  const recorder = new ComponentSeriesEventRecorder(createClient(server), env, {
    name: 'default-scheduler',
    instance: 'default-scheduler-host',
  })
  const fail = () => recorder.eventf(pod, undefined, 'Warning', 'FailedScheduling', 'Scheduling', 'no nodes available')
  const written = () => server.contents('/apis/events.k8s.io/v1/events') as unknown as Event[]
  return { env, server, recorder, fail, written }
}

describe('an event in the events.k8s.io form', () => {
  test('is written as the scheduler writes it', async () => {
    const { recorder, fail, written } = setUp()
    fail()
    await recorder.flushed()
    expect(written()).toEqual([
      {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: {
          name: expect.stringMatching(/^web-0\.[0-9a-f]{16}$/),
          namespace: 'blue',
          uid: expect.any(String),
          resourceVersion: expect.any(String),
        },
        eventTime: '2026-01-01T00:00:00.000000Z',
        reportingController: 'default-scheduler',
        reportingInstance: 'default-scheduler-host',
        action: 'Scheduling',
        reason: 'FailedScheduling',
        regarding: { kind: 'Pod', namespace: 'blue', name: 'web-0', uid: '1', apiVersion: 'v1', resourceVersion: '7' },
        note: 'no nodes available',
        type: 'Warning',
      },
    ])
  })

  test('that happens again becomes a series, written at its start and its end', async () => {
    const { env, server, fail, written } = setUp()
    fail()
    await env.clock.advance(minute)
    fail()
    await env.clock.advance(0)
    expect(written()).toMatchObject([{ series: { count: 2, lastObservedTime: '2026-01-01T00:01:00.000000Z' } }])
    for (let times = 0; times < 3; times++) fail()
    await env.clock.advance(minute)
    expect(server.requests).toHaveLength(2)
    await env.clock.advance(15 * minute)
    expect(written()).toMatchObject([{ series: { count: 5, lastObservedTime: '2026-01-01T00:01:00.000000Z' } }])
    expect(server.requests).toHaveLength(3)
    fail()
    await env.clock.advance(0)
    expect(written()).toHaveLength(2)
  })

  test('whose series goes on is written every half hour', async () => {
    const { env, server, fail } = setUp()
    for (let times = 0; times < 31; times++) {
      fail()
      await env.clock.advance(minute)
    }
    expect(server.requests.map(request => request.method)).toEqual(['POST', 'PATCH', 'PATCH'])
    expect(server.requests.at(-1)?.body).toMatchObject({ series: { count: 30 } })
  })

  test('whose object is gone from the server is written whole', async () => {
    const { env, server, fail, written } = setUp()
    fail()
    await env.clock.advance(0)
    server.remove(`/apis/events.k8s.io/v1/namespaces/blue/events/${written()[0]!.metadata.name}`)
    fail()
    await env.clock.advance(0)
    expect(written()).toMatchObject([{ series: { count: 2 } }])
  })

  test.each([
    { note: 'a'.repeat(1024), length: 1024 },
    { note: 'a'.repeat(1025), length: 1024 },
    { note: 'é'.repeat(600), length: 1023 },
  ])('has a note of at most 1024 bytes, cut between characters', async ({ note, length }) => {
    const { recorder, written } = setUp()
    recorder.eventf(pod, undefined, 'Normal', 'R', 'A', note)
    await recorder.flushed()
    const kept = written()[0]!.note!
    expect(Buffer.byteLength(kept)).toBe(length)
    expect(kept).not.toContain('\uFFFD')
  })
})
