import { expect, test } from 'vitest'
import type { Pod, PodStatus } from '../api/core/v1/pod.ts'
import { createClient } from '../client/rest-client.ts'
import { MemoryTransport } from '../client/testing/memory-transport.ts'
import { settledEnv } from '../client/testing/settled-env.ts'
import type { ApiRequest, ApiResponse, Transport } from '../client/transport.ts'
import { StatusManager } from './status-manager.ts'
import { testPod } from './testing/node-bench.ts'

/** An API server that answers when it is told to. */
function setUp() {
  const env = settledEnv()
  const asked: string[] = []
  let answers: (() => void)[] = []
  const transport = {
    request(request: ApiRequest) {
      const { metadata, status } = (request.body ?? {}) as Pod
      const name = request.path.split('/')[6]
      asked.push(request.method === 'PATCH' ? `${name} ${status.phase ?? '-'}` : `${request.method} ${name}`)
      return new Promise<ApiResponse>(resolve =>
        answers.push(() => resolve({ status: 200, headers: {}, body: { metadata, status } })),
      )
    },
  } as unknown as Transport
  const statuses = new StatusManager(createClient(transport), env)
  const say = (name: string, phase: string, pod = testPod(name)) => statuses.set(pod, { phase } as PodStatus)
  const answer = async () => {
    const now = answers
    answers = []
    for (const each of now) each()
    await env.clock.advance(0)
  }
  return { env, statuses, asked, say, answer }
}

test('of what a pod has been while it waited for its turn, only the last is sent', async () => {
  const { asked, say, answer } = setUp()
  for (const name of ['a', 'b', 'c', 'd']) say(name, 'Pending-1')
  for (const phase of ['Pending-2', 'Running']) for (const name of ['a', 'c']) say(name, phase)
  const sent = ['a Pending-1', 'b Pending-1']
  expect(asked).toEqual(sent)
  await answer()
  sent.push('c Running', 'd Pending-1')
  expect(asked).toEqual(sent)
  await answer()
  sent.push('a Running')
  expect(asked).toEqual(sent)
  await answer()
  expect(asked).toEqual(sent)
})

test('the same again is not sent', async () => {
  const { asked, say, answer } = setUp()
  say('a', 'Running')
  await answer()
  say('a', 'Running')
  await answer()
  expect(asked).toEqual(['a Running'])
})

test('a pod of which nothing is left is deleted after its last word', async () => {
  const { statuses, asked, say, answer } = setUp()
  const going = testPod('a', {}, { deletionTimestamp: '2026-01-01T00:00:30Z' })
  say('a', 'Running', going)
  say('a', 'Succeeded', going)
  statuses.finish(going)
  await answer()
  expect(asked).toEqual(['a Running', 'a Succeeded'])
  await answer()
  expect(asked.slice(2)).toEqual(['DELETE a'])
  await answer()
  expect(statuses.get(going.metadata.uid!)).toBeUndefined()
})

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
