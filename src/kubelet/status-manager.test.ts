import { expect, test } from 'vitest'
import { createClient } from '../client/rest-client.ts'
import { MemoryTransport } from '../client/testing/memory-transport.ts'
import { settledEnv } from '../client/testing/settled-env.ts'
import type { ApiRequest } from '../client/transport.ts'
import { StatusManager } from './status-manager.ts'
import { testPod } from './testing/node-bench.ts'

test('what is refused of a pod that has been forgotten meanwhile is not said again', async () => {
  const env = settledEnv()
  const requests: ApiRequest[] = []
  let forget = () => {}
  class Refusing extends MemoryTransport {
    override async request(request: ApiRequest) {
      requests.push(request)
      forget()
      return { status: 403, headers: {}, body: { kind: 'Status', code: 403, reason: 'Forbidden', message: 'no' } }
    }
  }
  const statuses = new StatusManager(createClient(new Refusing()), env)
  statuses.set(testPod('web'), { phase: 'Running' })
  await env.clock.advance(3500)
  const tried = requests.filter(({ method }) => method === 'PATCH').length
  expect(tried).toBe(4)
  forget = () => statuses.forget('uid-of-web')
  await env.clock.advance(10_000)
  expect(requests.filter(({ method }) => method === 'PATCH')).toHaveLength(tried + 1)
})
