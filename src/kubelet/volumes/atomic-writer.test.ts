import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { virtualEnv } from '../../machinery/env/virtual-env.ts'
import { validatePayloadPath, writeAtomically } from './atomic-writer.ts'

const env = virtualEnv()
let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'atomic-writer-'))
})

afterEach(() => rm(directory, { recursive: true }))

const payload = (files: Record<string, string | [text: string, mode: number]>) =>
  new Map(
    Object.entries(files).map(([path, file]) => {
      const [text, mode] = typeof file === 'string' ? [file, 0o644] : file
      return [path, { data: Buffer.from(text), mode }]
    }),
  )
const write = (files: Parameters<typeof payload>[0]) => writeAtomically(directory, payload(files), {}, env)
const read = (path: string) => readFile(join(directory, path), 'utf8')
const visible = async () => (await readdir(directory)).filter(name => !name.startsWith('..')).sort()

describe('writing', () => {
  test('files appear as links into ..data', async () => {
    expect(await write({ a: '1', 'dir/b': '2' })).toBe(true)
    expect(await visible()).toEqual(['a', 'dir'])
    expect(await readlink(join(directory, 'a'))).toBe('..data/a')
    expect(await readlink(join(directory, '..data'))).toMatch(/^\.\.2026_01_01_00_00_00\.\d+$/)
    expect([await read('a'), await read('dir/b')]).toEqual(['1', '2'])
  })

  test('what is the same is left alone', async () => {
    await write({ a: '1' })
    const before = await readlink(join(directory, '..data'))
    expect(await write({ a: '1' })).toBe(false)
    expect(await readlink(join(directory, '..data'))).toBe(before)
  })

  test.each<[string, Parameters<typeof payload>[0]]>([
    ['another content', { a: '2', b: 'x' }],
    ['another mode', { a: ['1', 0o600], b: 'x' }],
    ['one less', { a: '1' }],
    ['one more', { a: '1', b: 'x', c: 'y' }],
    ['other names', { d: '1' }],
    ['nothing left', {}],
  ])('%s replaces everything at once', async (_, files) => {
    await write({ a: '1', b: 'x' })
    const before = await readlink(join(directory, '..data'))
    expect(await write(files)).toBe(true)
    expect(await visible()).toEqual(Object.keys(files).sort())
    for (const [path, { data }] of payload(files)) expect(await read(path)).toBe(data.toString())
    // The old directory is gone, and nothing temporary stays.
    expect(await readlink(join(directory, '..data'))).not.toBe(before)
    expect((await readdir(directory)).filter(name => name.startsWith('..'))).toHaveLength(2)
  })

  test('modes are as asked for, whatever the umask', async () => {
    await write({ a: ['1', 0o666], b: ['2', 0o400] })
    const mode = async (path: string) => (await stat(join(directory, path))).mode & 0o777
    expect([await mode('a'), await mode('b')]).toEqual([0o666, 0o400])
  })
})

test('a reader that holds ..data open sees one state', async () => {
  await write({ a: '1', b: '1' })
  const old = join(directory, await readlink(join(directory, '..data')))
  await write({ a: '2', b: '2' })
  expect([await read('a'), await read('b')]).toEqual(['2', '2'])
  await expect(stat(old)).rejects.toThrow('ENOENT')
})

test.each([
  ['', 'must not be empty'],
  ['/etc/passwd', 'must be relative path'],
  ['a/../b', "must not contain '..'"],
  ['..data', "must not start with '..'"],
  ['..x/a', "must not start with '..'"],
  ['x'.repeat(256), 'less than or equal to 255'],
])('the path %j is refused', (path, message) => expect(() => validatePayloadPath(path)).toThrow(message))
