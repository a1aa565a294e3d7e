// The user's own kubeconfig: `$KUBECONFIG`, or ~/.kube/config. A cluster's context is merged into it as kind and
// minikube do, and taken out again.
//
// The file is the user's: entries of other clusters, fields we don't know, comments and order stay; it is replaced whole
// or not at all, under the same lock file that kubectl takes; and a file that cannot be understood is left as it is.

import { closeSync, existsSync, mkdirSync, openSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Document, isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml'
import type { Env } from '../../machinery/env/env.ts'
import { replaceFile } from '../replace-file.ts'
import { type Kubeconfig, kubeconfigText } from './kubeconfig.ts'
import { KubeconfigError } from './user-kubeconfig-path.ts'

/** How long another program's lock is waited for. */
const lockPatience = 3000
const lockInterval = 50

/** Adds the entries of the kubeconfig (replacing those of the same names) and makes its context the current one. */
export function mergeIntoUserKubeconfig(env: Env, path: string, kubeconfig: Kubeconfig): Promise<void> {
  return changeFile(env, path, text => {
    if (text === undefined || text.trim() === '') return kubeconfigText(kubeconfig)
    const document = parse(path, text)
    for (const list of ['clusters', 'contexts', 'users'] as const)
      for (const entry of kubeconfig[list]) replaceEntry(document, path, list, entry)
    if (!document.has('apiVersion')) document.set('apiVersion', 'v1')
    if (!document.has('kind')) document.set('kind', 'Config')
    document.set('current-context', kubeconfig['current-context'])
    return document.toString({ lineWidth: 0 })
  })
}

/** Takes out what `mergeIntoUserKubeconfig` put in under this name. */
export async function removeFromUserKubeconfig(env: Env, path: string, name: string, user = name): Promise<void> {
  if (!existsSync(path)) return
  await changeFile(env, path, text => {
    if (text === undefined || text.trim() === '') return undefined
    const document = parse(path, text)
    const removed = [
      removeEntry(document, path, 'clusters', name),
      removeEntry(document, path, 'contexts', name),
      removeEntry(document, path, 'users', user),
    ]
    if (document.get('current-context') === name) document.set('current-context', '')
    else if (!removed.includes(true)) return undefined
    return document.toString({ lineWidth: 0 })
  })
}

function parse(path: string, text: string): Document<YAMLMap> {
  const document = parseDocument(text)
  const damaged = (why: string) => new KubeconfigError(`${path} is left as it is: ${why}`)
  const [error] = document.errors
  if (error) throw damaged(`it is not valid YAML: ${error.message.split('\n')[0]!.replace(/:$/, '')}`)
  if (document.contents === null) document.contents = new Document({}).contents as never
  if (!isMap(document.contents)) throw damaged('it is not a kubeconfig')
  const kind = document.get('kind')
  if (kind !== undefined && kind !== 'Config') throw damaged(`it is a ${kind}, not a Config`)
  return document as unknown as Document<YAMLMap>
}

/** The list, made if it is not there; null counts as not there, as Go writes empty lists so. */
function listOf(document: Document<YAMLMap>, path: string, name: string): YAMLSeq {
  const list = document.get(name)
  if (isSeq(list)) return list
  if (list !== undefined && list !== null) throw new KubeconfigError(`${path} is left as it is: ${name} is not a list`)
  const made = document.createNode([]) as YAMLSeq
  document.set(name, made)
  return made
}

function entryIndex(list: YAMLSeq, name: string): number {
  return list.items.findIndex(item => isMap(item) && item.get('name') === name)
}

function replaceEntry(document: Document<YAMLMap>, path: string, listName: string, entry: { name: string }): void {
  const list = listOf(document, path, listName)
  const node = document.createNode(entry)
  const index = entryIndex(list, entry.name)
  if (list.items.length === 0) list.flow = false
  if (index < 0) list.items.push(node)
  else list.items[index] = node
}

function removeEntry(document: Document<YAMLMap>, path: string, listName: string, name: string): boolean {
  const list = listOf(document, path, listName)
  const index = entryIndex(list, name)
  if (index < 0) return false
  list.items.splice(index, 1)
  return true
}

async function changeFile(
  env: Env,
  path: string,
  change: (text: string | undefined) => string | undefined,
): Promise<void> {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  } catch (error) {
    throw new KubeconfigError(`${dirname(path)} cannot be made: ${(error as Error).message}`)
  }
  const lock = `${path}.lock`
  await takeLock(env, lock)
  try {
    // A symbolic link stays one: what it points to is replaced.
    const target = existsSync(path) ? realpathSync(path) : path
    const changed = change(readIfExists(target))
    if (changed !== undefined) {
      const mode = existsSync(target) ? statSync(target).mode & 0o777 : 0o600
      replaceFile(target, changed, { mode })
    }
  } catch (error) {
    if (error instanceof KubeconfigError) throw error
    throw new KubeconfigError(`${path} cannot be changed: ${(error as Error).message}`)
  } finally {
    rmSync(lock, { force: true })
  }
}

async function takeLock(env: Env, lock: string): Promise<void> {
  for (let waited = 0; ; waited += lockInterval) {
    try {
      closeSync(openSync(lock, 'wx', 0o600))
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
        throw new KubeconfigError(`${lock} cannot be made: ${(error as Error).message}`)
      if (waited >= lockPatience)
        throw new KubeconfigError(
          `${lock} exists: another program is changing the file, or one died doing so; remove it then`,
        )
    }
    await env.clock.sleep(lockInterval)
  }
}

function readIfExists(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
