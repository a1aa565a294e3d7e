import { beforeEach, describe, expect, test } from 'vitest'
import type { EventRecorder } from '../client/event-recorder.ts'
import { settledEnv } from '../client/testing/settled-env.ts'
import { ImageManager } from './images.ts'
import { PodEvents } from './pod-events.ts'
import type { ContainerRuntime } from './runtime/container-runtime.ts'
import { RuntimeError } from './runtime/container-runtime.ts'
import { testPod } from './testing/node-bench.ts'

const env = settledEnv()
let present: Set<string>
let pulls: object[]
let failure: RuntimeError | undefined
let said: string[]
let manager: ImageManager

beforeEach(() => {
  present = new Set(['here:1'])
  pulls = []
  failure = undefined
  said = []
  const runtime = {
    imageStatus: async ({ image }: any) => ({
      image: present.has(image.image) ? { id: `sha256:${image.image}`, size: 1234 } : undefined,
      info: {},
    }),
    pullImage: async (request: any) => {
      pulls.push(request.auth?.username ?? null)
      await env.clock.sleep(1500)
      if (failure) throw failure
      present.add(request.image.image)
      return { imageRef: request.image.image }
    },
  } as unknown as ContainerRuntime
  const recorder = {
    event: (_about: unknown, type: string, reason: string, message: string) =>
      said.push(`${type} ${reason} ${message}`),
  } as unknown as EventRecorder
  manager = new ImageManager(runtime, env, new PodEvents(recorder))
})

async function ensure(image: string, imagePullPolicy: string, credentials: object[] = []): Promise<string> {
  const pod = testPod('p', { containers: [{ image, imagePullPolicy }] })
  const result = manager
    .ensure({ pod, container: pod.spec.containers[0]!, sandbox: {}, credentials: async () => credentials })
    .then(
      ({ ref }) => ref,
      error => `${error.reason}: ${error.message}`,
    )
  await env.clock.advance(2000)
  return result
}

describe('by policy', () => {
  test.each([
    ['here:1', 'IfNotPresent', 0],
    ['here:1', 'Never', 0],
    ['here:1', 'Always', 1],
    ['there:1', 'IfNotPresent', 1],
    ['there:1', 'Always', 1],
  ])('%s, %s: %i pulls', async (image, policy, count) => {
    expect(await ensure(image, policy)).toBe(`sha256:${image}`)
    expect(pulls).toHaveLength(count)
  })

  test('Never, and not there', async () => {
    expect(await ensure('there:1', 'Never')).toBe(
      'ErrImageNeverPull: Container image "there:1" is not present with pull policy of Never',
    )
    expect(said).toEqual([
      'Warning ErrImageNeverPull Container image "there:1" is not present with pull policy of Never',
    ])
  })

  test('a name that is none', async () => {
    expect(await ensure('Not A Name', 'Always')).toMatch(
      /^InvalidImageName: Failed to apply default image tag "Not A Name": /,
    )
    expect(said[0]).toMatch(/^Warning InspectFailed Failed to apply default image tag "Not A Name"/)
  })
})

test('events tell of a pull', async () => {
  await ensure('there', 'IfNotPresent')
  await ensure('there', 'IfNotPresent')
  expect(said).toEqual([
    'Normal Pulling Pulling image "there"',
    'Normal Pulled Successfully pulled image "there" in 1.5s (1.5s including waiting). Image size: 1234 bytes.',
    'Normal Pulled Container image "there" already present on machine and can be accessed by the pod',
  ])
})

test('after a failure it backs off, and says why', async () => {
  failure = new RuntimeError('NotFound', 'no such image')
  expect(await ensure('bad:1', 'Always')).toBe('ErrImagePull: rpc error: code = NotFound desc = no such image')
  expect(await ensure('bad:1', 'Always')).toBe(
    'ImagePullBackOff: Back-off pulling image "bad:1": ErrImagePull: rpc error: code = NotFound desc = no such image',
  )
  expect(said).toEqual([
    'Normal Pulling Pulling image "bad:1"',
    'Warning Failed Failed to pull image "bad:1": rpc error: code = NotFound desc = no such image',
    'Normal BackOff Back-off pulling image "bad:1"',
  ])
  await env.clock.advance(10_000)
  failure = undefined
  expect(await ensure('bad:1', 'Always')).toBe('sha256:bad:1')
  expect(pulls).toHaveLength(2)
})

test('credentials are tried one after the other', async () => {
  failure = new RuntimeError('Unknown', 'denied')
  const pod = testPod('p', { containers: [{ image: 'private:1', imagePullPolicy: 'Always' }] })
  const credentials = async () => [{ username: 'first' }, { username: 'second' }]
  const result = manager.ensure({ pod, container: pod.spec.containers[0]!, sandbox: {}, credentials }).catch(() => {})
  await env.clock.advance(5000)
  await result
  expect(pulls).toEqual(['first', 'second'])
})
