// What the other tests stand on: that the programs are the ones they are taken for.

import { expect, test } from 'vitest'
import { Containerd } from './environment/containerd.ts'
import { type TestImage, testImages } from './environment/images.ts'
import { Kubectl } from './environment/kubectl.ts'
import { run } from './environment/process.ts'
import { inTerminal } from './environment/terminal.ts'

test.each([
  ['1.36', 'v1.36.'],
  ['1.20', 'v1.20.'],
] as const)('kubectl %s is what it is called', async (version, gitVersion) => {
  const kubectl = new Kubectl('/dev/null', '/nonexistent', version)
  const { clientVersion } = JSON.parse(await kubectl.output('version', '--client', '-o', 'json'))
  expect(clientVersion.gitVersion.startsWith(gitVersion)).toBe(true)
})

test('a program in a terminal has one, reads what is typed and gives its exit code', async () => {
  const child = inTerminal('sh', ['-c', 'test -t 0 && echo \'it is\' a terminal; read line; echo "read $line"; exit 3'])
  await child.says(/it is a terminal/)
  child.write('typed\r')
  await child.says(/read typed/)
  expect((await child.exited()).code).toBe(3)
})

test('containerd leaves nothing behind: no process, no mount, no bridge', async () => {
  const hello: TestImage = { name: 'example.com/hello:1', entrypoint: ['echo', 'hello'], user: '1000' }
  const containerd = await Containerd.start({ podCidr: '10.244.9.0/24', images: [...testImages, hello] })
  const runtime = await containerd.connect()
  const { image } = await runtime.imageStatus({ image: { image: hello.name } })
  expect(image?.uid).toEqual({ value: 1000 })
  await runtime.runPodSandbox({
    config: {
      metadata: { name: 'left', namespace: 'default', uid: 'c9a4d4f1-61b1-4b8e-8a3e-8a4e3f6d1a55' },
      linux: { securityContext: { namespaceOptions: { pid: 'CONTAINER' } } },
    },
  })
  runtime.close()
  const traces = async () => [
    (await run('ps', ['-eo', 'args'])).stdout,
    (await run('cat', ['/proc/self/mounts'])).stdout,
    (await run('ip', ['-brief', 'address'])).stdout,
  ]
  const marks = [containerd.directory, containerd.directory, '10.244.9.1']
  const left = async () => (await traces()).map((trace, index) => trace.includes(marks[index]!))
  expect(await left()).toEqual([true, true, true])
  await containerd.stop()
  expect(await left()).toEqual([false, false, false])
})
