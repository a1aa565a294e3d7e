import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ApiRequest } from '../../client/transport.ts'
import { virtualEnv } from '../../machinery/env/virtual-env.ts'
import { auditLog } from './log-backend.ts'
import { WebhookBackend } from './webhook-backend.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'k8ts-audit-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const failing = (_events: number, error: unknown) => {
  throw error
}

describe('the log', () => {
  const path = () => join(directory, 'logs', 'audit.log')
  const open = (env = virtualEnv(), more = {}) =>
    auditLog({ path: path(), maxAge: 0, maxBackups: 0, maxSize: 0, ...more })(env, failing)

  test('has a line for each event, for its owner only, and goes on where it ended', async () => {
    const env = virtualEnv()
    const log = open(env)
    log.write('"level":"Metadata"')
    log.write('"level":"Request"')
    await env.clock.advance(0)
    expect(readFileSync(path(), 'utf8')).toBe(
      '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata"}\n{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request"}\n',
    )
    expect(statSync(path()).mode & 0o777).toBe(0o600)
    await log.close()
    const again = open()
    again.write('"level":"None"')
    await again.close()
    expect(readFileSync(path(), 'utf8').trim().split('\n')).toHaveLength(3)
  })

  test('is put aside when it is full; old ones go', async () => {
    const env = virtualEnv()
    const log = open(env, { maxSize: 1, maxBackups: 2 })
    const large = `"x":"${'y'.repeat(700_000)}"`
    for (let hour = 0; hour < 5; hour++) {
      log.write(large)
      await env.clock.advance(3600_000)
    }
    await log.close()
    expect(readdirSync(join(directory, 'logs')).sort()).toEqual([
      'audit-2026-01-01T03-00-00.000.log',
      'audit-2026-01-01T04-00-00.000.log',
      'audit.log',
    ])
  })

  test('keeps files for as many days as it is told', async () => {
    const env = virtualEnv()
    const log = open(env, { maxSize: 1, maxAge: 1 })
    const large = `"x":"${'y'.repeat(700_000)}"`
    for (let half = 0; half < 5; half++) {
      log.write(large)
      await env.clock.advance(12 * 3600_000)
    }
    await log.close()
    const kept = readdirSync(join(directory, 'logs')).sort()
    expect(kept[0]).toBe('audit-2026-01-02T00-00-00.000.log')
  })
})

describe('the webhook', () => {
  function webhook(answers: readonly (number | Error)[] = []) {
    const env = virtualEnv({ settle: () => new Promise(resolve => setImmediate(resolve)) })
    const sent: { kind: string; items: object[] }[] = []
    let call = 0
    const lost: number[] = []
    const transport = {
      async request({ body }: ApiRequest) {
        const answer = answers[call++] ?? 200
        if (answer instanceof Error) throw answer
        if (answer < 400) sent.push(JSON.parse(Buffer.from(body as Uint8Array).toString()))
        return { status: answer, headers: {}, body: undefined }
      },
      close() {},
    }
    const backend = new WebhookBackend(env, transport, '/', events => void lost.push(events))
    return { env, backend, sent, lost }
  }

  test('gets events in a list, half a minute after the first', async () => {
    const { env, backend, sent } = webhook()
    backend.write('"level":"Metadata"')
    backend.write('"level":"Request"')
    await env.clock.advance(29_999)
    expect(sent).toEqual([])
    await env.clock.advance(1)
    expect(sent).toEqual([
      {
        kind: 'EventList',
        apiVersion: 'audit.k8s.io/v1',
        metadata: {},
        items: [{ level: 'Metadata' }, { level: 'Request' }],
      },
    ])
  })

  test('gets a full batch at once', async () => {
    const { env, backend, sent } = webhook()
    for (let count = 0; count < 401; count++) backend.write('"level":"Metadata"')
    await env.clock.advance(1)
    expect(sent.map(({ items }) => items.length)).toEqual([400])
    await env.clock.advance(30_000)
    expect(sent.map(({ items }) => items.length)).toEqual([400, 1])
  })

  test('is tried again, and events are lost when it never answers', async () => {
    const { env, backend, sent, lost } = webhook([new Error('refused'), 503, 200, 503, 503, 503, 503, 503])
    backend.write('"a":1')
    await env.clock.advance(120_000)
    expect([sent.length, lost]).toEqual([1, []])
    backend.write('"a":2')
    await env.clock.advance(600_000)
    expect([sent.length, lost]).toEqual([1, [1]])
  })

  test('gets what is left at the end', async () => {
    const { backend, sent } = webhook()
    backend.write('"a":1')
    await backend.close()
    expect(sent).toHaveLength(1)
  })
})
