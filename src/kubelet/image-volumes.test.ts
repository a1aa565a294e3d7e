import { afterEach, beforeEach, expect, test } from 'vitest'
import { RuntimeError } from './runtime/container-runtime.ts'
import type { CreateContainerRequest } from './runtime/cri/container-requests.ts'
import { NodeBench, testPod } from './testing/node-bench.ts'

let bench: NodeBench
let created: CreateContainerRequest[]

beforeEach(async () => {
  bench = new NodeBench()
  created = []
  const create = bench.runtime.createContainer
  bench.runtime.createContainer = (request, options) => {
    created.push(request)
    return create(request, options)
  }
  const pull = bench.runtime.pullImage
  bench.runtime.pullImage = (request, options) =>
    request.image?.image?.startsWith('gone')
      ? Promise.reject(new RuntimeError('NotFound', 'not found'))
      : pull(request, options)
  await bench.start()
})

afterEach(() => bench.stop())

const podWith = (reference: string, mount = {}) =>
  testPod('web', {
    containers: [
      { name: 'web', image: 'nginx:1.27', volumeMounts: [{ name: 'data', mountPath: '/data', ...mount }] },
      { name: 'other', image: 'nginx:1.27' },
    ],
    volumes: [{ name: 'data', image: { reference, pullPolicy: 'IfNotPresent' } }],
  })

test('is pulled, and mounted by the runtime, read-only', async () => {
  bench.create(podWith('example.com/data:1', { subPath: 'public' }))
  await bench.advance(5)
  expect(bench.pod('web')!.status.phase).toBe('Running')
  const [mount, ...others] = created[0]!.config!.mounts!.filter(({ image }) => image)
  expect(others).toEqual([])
  expect(mount).toMatchObject({
    containerPath: '/data',
    readonly: true,
    image: { image: expect.stringMatching(/^sha256:/), userSpecifiedImage: 'example.com/data:1' },
    imageSubPath: 'public',
  })
  expect(mount!.hostPath).toBeUndefined()
  expect(created[1]!.config!.mounts!.filter(({ image }) => image)).toEqual([])
  expect(bench.events()).toContain('Pulling: Pulling image "example.com/data:1"')
})

test('that cannot be had holds up the containers that mount it, and they say why', async () => {
  bench.create(podWith('gone.example.com/data:1'))
  await bench.advance(8)
  const states = Object.fromEntries(bench.pod('web')!.status.containerStatuses!.map(({ name, state }) => [name, state]))
  expect(states['other']!.running).toBeDefined()
  expect(states['web']!.waiting).toEqual({
    reason: 'ImagePullBackOff',
    message:
      'Back-off pulling image "gone.example.com/data:1": ErrImagePull: rpc error: code = NotFound desc = not found',
  })
  expect(bench.events()).toContain('Failed: Error: ErrImagePull')
})
