import { describe, expect, test } from 'vitest'
import type { Lease } from '../api/coordination/v1/lease.ts'
import type { VirtualEnv } from '../machinery/env/virtual-env.ts'
import { MetricsRegistry } from '../machinery/metrics/metrics.ts'
import { metricsText } from '../machinery/metrics/text.ts'
import { LeaderElection, LeaderElectionMetrics, type LeaderElectionOptions } from './leader-election.ts'
import { createClient } from './rest-client.ts'
import { MemoryTransport } from './testing/memory-transport.ts'
import { settledEnv } from './testing/settled-env.ts'

function candidate(
  identity: string,
  server: MemoryTransport,
  env: VirtualEnv,
  options: Partial<LeaderElectionOptions> = {},
) {
  const abort = new AbortController()
  const log: string[] = []
  const election = new LeaderElection({
    client: createClient(server),
    env,
    namespace: 'kube-system',
    name: 'kube-scheduler',
    identity,
    lead: signal => {
      log.push('leads')
      signal.addEventListener('abort', () => log.push('ended'))
    },
    stopped: () => log.push('stopped'),
    newLeader: leader => log.push(`sees ${leader}`),
    ...options,
  })
  const running = election.run(abort.signal)
  return { election, log, running, stop: () => abort.abort(new Error('stop')) }
}

const lease = (server: MemoryTransport) => server.contents('/apis/coordination.k8s.io/v1/leases')[0] as unknown as Lease

describe('leader election', () => {
  test('gives the lease to the first, as upstream writes it', async () => {
    const [server, env] = [new MemoryTransport(), settledEnv()]
    const a = candidate('a', server, env)
    await env.clock.advance(0)
    expect(a.log).toEqual(['sees a', 'leads'])
    expect(lease(server)).toMatchObject({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'kube-scheduler', namespace: 'kube-system' },
      spec: {
        holderIdentity: 'a',
        leaseDurationSeconds: 15,
        acquireTime: '2026-01-01T00:00:00.000000Z',
        renewTime: '2026-01-01T00:00:00.000000Z',
        leaseTransitions: 0,
      },
    })
  })

  test('renews every two seconds, without looking first', async () => {
    const [server, env] = [new MemoryTransport(), settledEnv()]
    candidate('a', server, env)
    await env.clock.advance(0)
    server.requests.length = 0
    await env.clock.advance(20_000)
    expect(server.requests.map(request => request.method)).toEqual(Array(10).fill('PUT'))
    expect(lease(server).spec).toMatchObject({
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:20.000000Z',
      leaseTransitions: 0,
    })
  })

  test('lets nobody else lead while the leader renews', async () => {
    const [server, env] = [new MemoryTransport(), settledEnv()]
    candidate('a', server, env)
    await env.clock.advance(0)
    const b = candidate('b', server, env)
    await env.clock.advance(600_000)
    expect(b.log).toEqual(['sees a'])
  })

  test('ends a leader that cannot renew for ten seconds, before anybody else may take over', async () => {
    const [server, env] = [new MemoryTransport(), settledEnv()]
    const a = candidate('a', server, env)
    await env.clock.advance(0)
    const b = candidate('b', server, env)
    await env.clock.advance(4000)
    // a's writes are lost; b can read and write.
    server.faults = request =>
      (request.body as Lease | undefined)?.spec?.holderIdentity === 'a' ? { fault: 'unreachable' } : undefined
    const cutAt = env.clock.monotonic()
    let endedAt = 0
    let tookOverAt = 0
    while (tookOverAt === 0 && env.clock.monotonic() - cutAt < 60_000) {
      await env.clock.advance(100)
      if (endedAt === 0 && a.log.includes('ended')) endedAt = env.clock.monotonic()
      if (b.log.includes('leads')) tookOverAt = env.clock.monotonic()
    }
    expect(endedAt - cutAt).toBeGreaterThanOrEqual(8000)
    expect(endedAt - cutAt).toBeLessThanOrEqual(12_500)
    expect(tookOverAt).toBeGreaterThan(endedAt)
    expect(tookOverAt - cutAt).toBeLessThanOrEqual(20_000)
    expect(lease(server).spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 })
    await a.running
    expect(a.log).toEqual(['sees a', 'leads', 'ended', 'stopped'])
  })

  test('ends a leader whose renewal gets no answer at all', async () => {
    const [server, env] = [new MemoryTransport(), settledEnv()]
    let silent = false
    const transport = {
      ...bind(server),
      request: (request: any) => (silent ? new Promise<never>(() => {}) : server.request(request)),
    }
    const a = candidate('a', server, env, { client: createClient(transport) })
    await env.clock.advance(0)
    silent = true
    await env.clock.advance(12_500)
    expect(a.log).toContain('ended')
  })

  test.each([
    { releaseOnStop: true, waitsAtMost: 5000 },
    { releaseOnStop: false, waitsAtMost: 20_000 },
  ])('hands over when the leader is stopped (release: $releaseOnStop)', async ({ releaseOnStop, waitsAtMost }) => {
    const [server, env] = [new MemoryTransport(), settledEnv()]
    const a = candidate('a', server, env, { releaseOnStop })
    await env.clock.advance(0)
    const b = candidate('b', server, env)
    await env.clock.advance(3000)
    a.stop()
    await env.clock.advance(0)
    expect(a.log.slice(-2)).toEqual(['ended', 'stopped'])
    expect(lease(server).spec.holderIdentity).toBe(releaseOnStop ? '' : 'a')
    await env.clock.advance(waitsAtMost)
    expect(b.log).toContain('leads')
  })

  test('counts whether it leads, and says when its lease is long overdue', async () => {
    const [server, env, registry] = [new MemoryTransport(), settledEnv(), new MetricsRegistry()]
    const leads = () => /^leader_election_master_status\{name="kube-scheduler"\} (.)$/m.exec(metricsText(registry))?.[1]
    const a = candidate('a', server, env, { metrics: new LeaderElectionMetrics(registry) })
    expect(leads()).toBe('0')
    await env.clock.advance(0)
    expect([leads(), a.election.problem(20_000)]).toEqual(['1', undefined])
    server.faults = () => ({ fault: 'unreachable' })
    await env.clock.advance(60_000)
    expect(leads()).toBe('0')
    expect(a.election.problem(20_000)).toBe('failed election to renew leadership on lease kube-scheduler')
  })

  test('stops although the server never answers', async () => {
    const [server, env] = [new MemoryTransport(), settledEnv()]
    const transport = { ...bind(server), request: () => new Promise<never>(() => {}) }
    const a = candidate('a', server, env, { client: createClient(transport) })
    await env.clock.advance(1000)
    a.stop()
    await a.running
    expect(a.log).toEqual(['stopped'])
  })

  test('records who became leader', async () => {
    const [server, env] = [new MemoryTransport(), settledEnv()]
    const recorded: string[] = []
    candidate('a', server, env, {
      events: {
        event: (object: any, type, reason, message) => recorded.push([object.kind, type, reason, message].join(' ')),
        annotatedEvent() {},
      },
    })
    await env.clock.advance(0)
    expect(recorded).toEqual(['Lease Normal LeaderElection a became leader'])
  })

  test('two at once: one wins', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const [server, env] = [new MemoryTransport(), settledEnv({ seed })]
      const all = ['a', 'b', 'c'].map(identity => candidate(identity, server, env))
      await env.clock.advance(30_000)
      expect(all.filter(({ log }) => log.includes('leads') && !log.includes('ended'))).toHaveLength(1)
    }
  })
})

function bind(server: MemoryTransport) {
  return {
    request: server.request.bind(server),
    watch: server.watch.bind(server),
    stream: server.stream.bind(server),
    upgrade: server.upgrade.bind(server),
    close: server.close.bind(server),
  }
}
