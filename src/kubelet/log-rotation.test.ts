import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { virtualEnv } from '../machinery/env/virtual-env.ts'
import { LogRotation } from './log-rotation.ts'
import type { ContainerRuntime } from './runtime/container-runtime.ts'

const env = virtualEnv()
let directory: string
let path: string
let reopened: number
let refuse: boolean
let rotation: LogRotation

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'log-rotation-'))
  path = join(directory, '0.log')
  reopened = 0
  refuse = false
  const runtime = {
    listContainers: async () => ({ containers: [{ id: 'c' }] }),
    containerStatus: async () => ({ status: { logPath: path } }),
    reopenContainerLog: async () => {
      if (refuse) throw new Error('refused')
      reopened++
      await writeFile(path, '')
      return {}
    },
  } as unknown as ContainerRuntime
  rotation = new LogRotation({ env, runtime, maxBytes: 10, maxFiles: 4 })
})

afterEach(() => rm(directory, { recursive: true }))

const files = async () => (await readdir(directory)).sort()

test('a log that is small enough is left alone', async () => {
  await writeFile(path, 'short')
  await rotation.rotate()
  expect(await files()).toEqual(['0.log'])
  expect(reopened).toBe(0)
})

test('a large one is moved aside; older ones are compressed, the oldest go', async () => {
  for (const text of ['first log line', 'second log line', 'third log line', 'fourth log line']) {
    await writeFile(path, text)
    await rotation.rotate()
    await env.clock.advance(60_000)
  }
  expect(reopened).toBe(4)
  expect(await files()).toEqual([
    '0.log',
    '0.log.20260101-000100.gz',
    '0.log.20260101-000200.gz',
    '0.log.20260101-000300',
  ])
  const read = (name: string) => readFile(join(directory, name))
  expect(gunzipSync(await read('0.log.20260101-000200.gz')).toString()).toBe('third log line')
  expect((await read('0.log.20260101-000300')).toString()).toBe('fourth log line')
})

test('a runtime that does not reopen it keeps its log', async () => {
  await writeFile(path, 'a long log line')
  refuse = true
  await rotation.rotate()
  expect(await files()).toEqual(['0.log'])
  expect(await readFile(path, 'utf8')).toBe('a long log line')
})
