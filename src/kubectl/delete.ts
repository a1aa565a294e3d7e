// kubectl delete: asks for it, and waits until it is done.

import { resourcePath } from '../client/rest-client.ts'
import type { Clock } from '../machinery/env/env.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { ask, type Kubectl, KubectlError } from './kubectl.ts'
import type { Manifest } from './manifests.ts'
import { locate, targetsOf } from './objects.ts'
import { kindName } from './rest-mapper.ts'

export interface DeleteOptions {
  readonly all?: boolean
  readonly allNamespaces?: boolean
  readonly selector?: string
  readonly fieldSelector?: string
  readonly gracePeriod?: number
  readonly now?: boolean
  readonly force?: boolean
  readonly cascade?: 'background' | 'foreground' | 'orphan'
  readonly ignoreNotFound?: boolean
  readonly wait?: boolean
  readonly dryRun?: boolean
  readonly output?: string
  readonly clock: Pick<Clock, 'sleep'>
}

interface Doomed {
  readonly path: string
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}

const policies = { background: 'Background', foreground: 'Foreground', orphan: 'Orphan' } as const
const pollMs = 500

export async function deleteObjects(
  to: Kubectl,
  what: { readonly args: readonly string[]; readonly manifests?: readonly Manifest[] },
  options: DeleteOptions,
): Promise<void> {
  const doomed = what.manifests ? await inManifests(to, what.manifests) : await named(to, what.args, options)
  // What was selected may be gone by now; what was named should have been there.
  const forgiving = options.ignoreNotFound || options.all || options.selector !== undefined
  const gracePeriodSeconds = options.force ? 0 : options.now ? 1 : options.gracePeriod
  const body = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: policies[options.cascade ?? 'background'],
    gracePeriodSeconds: gracePeriodSeconds !== undefined && gracePeriodSeconds >= 0 ? gracePeriodSeconds : undefined,
    dryRun: options.dryRun ? ['All'] : undefined,
  }
  if (options.force)
    to.stderr(
      'Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.\n',
    )
  const waiting: (Doomed & { readonly uid?: string })[] = []
  for (const one of doomed) {
    let answer: any
    try {
      answer = await ask(to, { method: 'DELETE', path: one.path, body })
    } catch (error) {
      if (forgiving && isNotFound(error)) continue
      throw error
    }
    const how = options.force ? ' force deleted' : ' deleted'
    const where = one.namespace ? ` from ${one.namespace} namespace` : ''
    if (options.output === 'name') to.stdout(`${one.kind}/${one.name}\n`)
    else to.stdout(`${one.kind} "${one.name}"${how}${where}${options.dryRun ? ' (server dry run)' : ''}\n`)
    waiting.push({ ...one, uid: answer?.details?.uid ?? answer?.metadata?.uid })
  }
  if (doomed.length === 0 && !options.ignoreNotFound) to.stdout('No resources found\n')
  if ((options.wait ?? !options.force) && !options.dryRun) for (const one of waiting) await gone(to, one, options.clock)
}

async function inManifests(to: Kubectl, manifests: readonly Manifest[]): Promise<Doomed[]> {
  const found: Doomed[] = []
  for (const manifest of manifests) {
    const { object, path, mapping } = await locate(to, manifest)
    const { name = '', namespace } = object.metadata
    found.push({ path, kind: kindName(mapping), name, namespace })
  }
  return found
}

async function named(to: Kubectl, args: readonly string[], options: DeleteOptions): Promise<Doomed[]> {
  const found: Doomed[] = []
  for (const { mapping, names } of await targetsOf(to, args)) {
    const kind = kindName(mapping)
    const doom = (name: string, within: string | undefined) => {
      const namespace = mapping.namespaced ? within : undefined
      found.push({ kind, name, namespace, path: resourcePath(mapping, namespace, name) })
    }
    if (names.length > 0) {
      if (options.selector || options.all)
        throw new KubectlError('name cannot be provided when a selector is specified')
      for (const name of names) doom(name, to.namespace)
      continue
    }
    if (!options.all && !options.selector && !options.fieldSelector)
      throw new KubectlError('resource(s) were provided, but no name was specified')
    if (!mapping.verbs.includes('delete')) continue
    const list = await ask<{ items?: Manifest[] }>(to, {
      method: 'GET',
      path: resourcePath(mapping, options.allNamespaces ? undefined : to.namespace),
      query: { labelSelector: options.selector, fieldSelector: options.fieldSelector },
    })
    for (const { metadata } of list.items ?? []) doom(metadata.name!, metadata.namespace)
  }
  return found
}

/** Until it is not there any more, or another of its name is. */
async function gone(to: Kubectl, { path, uid }: { path: string; uid?: string }, clock: Pick<Clock, 'sleep'>) {
  for (;;) {
    try {
      const object = await ask<Manifest>(to, { method: 'GET', path })
      if (uid !== undefined && object.metadata.uid !== uid) return
    } catch (error) {
      if (isNotFound(error)) return
      throw error
    }
    await clock.sleep(pollMs)
  }
}
