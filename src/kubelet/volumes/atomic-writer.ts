// Makes a volume's files change all at once, as containers that watch them expect.
//
// The files are written into a new directory `..<time>.<random>`; the symlink `..data` is swapped to it with one rename;
// every name at the top is a symlink into `..data`. A reader sees the old files or the new ones, never a mixture.

import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Env } from '../../machinery/env/env.ts'
import type { Payload } from './volume-host.ts'

const dataName = '..data'
const newDataName = '..data_tmp'

export interface Owner {
  readonly uid?: number
  readonly gid?: number
}

/** Throws for a path that would leave the volume or hide in its own bookkeeping. */
export function validatePayloadPath(path: string): void {
  if (path === '') throw new Error('invalid path: must not be empty')
  if (path.startsWith('/')) throw new Error(`invalid path: must be relative path: ${path}`)
  const parts = path.split('/')
  if (parts.includes('..')) throw new Error(`invalid path: must not contain '..': ${path}`)
  if (parts[0]!.startsWith('..')) throw new Error(`invalid path: must not start with '..': ${path}`)
  if (Buffer.byteLength(path) > 4096) throw new Error('invalid path: must be less than or equal to 4096 characters')
  for (const part of parts)
    if (Buffer.byteLength(part) > 255)
      throw new Error(`invalid path: must be less than or equal to 255 characters: ${part}`)
}

/** True when anything changed. The directory must be there. */
export async function writeAtomically(
  directory: string,
  payload: Payload,
  owner: Owner,
  env: Pick<Env, 'clock' | 'random'>,
): Promise<boolean> {
  for (const path of payload.keys()) validatePayloadPath(path)
  const dataPath = join(directory, dataName)
  const current = await readlink(dataPath).catch(() => undefined)
  if (current !== undefined && (await holdsPayload(join(directory, current), payload))) {
    await linkTopNames(directory, payload)
    return false
  }
  const next = newDirectoryName(env)
  const nextPath = join(directory, next)
  await mkdir(nextPath)
  await chmod(nextPath, 0o755)
  await writeFiles(nextPath, payload, owner)
  await rm(join(directory, newDataName), { force: true })
  await symlink(next, join(directory, newDataName))
  await rename(join(directory, newDataName), dataPath)
  await linkTopNames(directory, payload)
  if (current !== undefined) await rm(join(directory, current), { recursive: true, force: true })
  return true
}

function newDirectoryName(env: Pick<Env, 'clock' | 'random'>): string {
  const now = new Date(env.clock.now()).toISOString()
  const stamp = now.slice(0, 19).replace(/[-:T]/g, '_')
  const random = Math.floor(env.random.next() * 4_294_967_296)
  return `..${stamp}.${random}`
}

async function writeFiles(root: string, payload: Payload, owner: Owner): Promise<void> {
  for (const [path, { data, mode }] of payload) {
    const full = join(root, path)
    await mkdir(dirname(full), { recursive: true, mode: 0o755 })
    await writeFile(full, data, { mode })
    // The process's umask may have taken bits away.
    await chmod(full, mode)
    if (owner.uid !== undefined || owner.gid !== undefined)
      await chown(full, owner.uid ?? -1 >>> 0, owner.gid ?? -1 >>> 0)
  }
}

async function holdsPayload(root: string, payload: Payload): Promise<boolean> {
  const present = await filesBelow(root, '').catch(() => undefined)
  if (!present || present.length !== payload.size) return false
  for (const path of present) {
    const wanted = payload.get(path)
    if (!wanted) return false
    const stat = await lstat(join(root, path))
    if ((stat.mode & 0o777) !== (wanted.mode & 0o777) || stat.size !== wanted.data.byteLength) return false
    if (Buffer.compare(await readFile(join(root, path)), wanted.data) !== 0) return false
  }
  return true
}

async function filesBelow(root: string, prefix: string): Promise<string[]> {
  const files: string[] = []
  for (const entry of await readdir(join(root, prefix), { withFileTypes: true })) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`
    if (entry.isDirectory()) files.push(...(await filesBelow(root, path)))
    else files.push(path)
  }
  return files
}

/** Links every name at the payload's top into ..data, and removes the links that lead nowhere now. */
async function linkTopNames(directory: string, payload: Payload): Promise<void> {
  const wanted = new Set([...payload.keys()].map(path => path.split('/')[0]!))
  for (const name of await readdir(directory)) {
    if (name.startsWith('..')) continue
    if (wanted.has(name)) wanted.delete(name)
    else await rm(join(directory, name), { force: true, recursive: true })
  }
  for (const name of wanted) await symlink(join(dataName, name), join(directory, name))
}
