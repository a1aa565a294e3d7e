// Our HTTP/2 against h2spec, which sends what the RFCs say of frames, streams, windows and compressed headers, and more
// that they forbid.

import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { reader, TestServer } from '../../src/apiserver/serving/http2/testing.ts'
import { describe, run, runOrThrow } from './environment/process.ts'

const sources = new URL('../http2', import.meta.url).pathname
const built = join(process.env['K8TS_E2E_CACHE'] ?? '/var/cache/k8ts-e2e', 'http2')

let server: TestServer

beforeAll(async () => {
  await runOrThrow('bash', [join(sources, 'build.sh'), built], { timeout: 300_000 })
  server = await TestServer.start()
})

afterAll(() => server.stop())

test('h2spec is content with every answer', async () => {
  server.limits = { maxConcurrentStreams: 100 }
  server.handle = async stream => {
    const length = await stream.body(reader).then(
      ({ length }) => length,
      () => 0,
    )
    // A mistake that follows a request is to be noticed before it is answered.
    for (let turn = 0; turn < 50; turn++) await setImmediate()
    stream.respond(200, { 'content-type': 'text/plain' }, [Buffer.from(`${length} octets`)])
  }
  const result = await run(join(built, 'bin/h2spec'), ['-h', '127.0.0.1', '-p', String(server.port), '-o', '5'], {
    timeout: 120_000,
  })
  expect(result.code, describe(result)).toBe(0)
  expect(result.stdout).toContain('145 tests, 145 passed, 0 skipped, 0 failed')
})
