// kubectl get.

import { resourcePath } from '../client/rest-client.ts'
import type { ApiRequest, WatchEvent } from '../client/transport.ts'
import { isNotFound, statusErrorFrom } from '../machinery/status-error.ts'
import { ask, bodyOf, type Kubectl, KubectlError } from './kubectl.ts'
import { type ObjectFormat, objectText } from './object-text.ts'
import { type Target, targetsOf } from './objects.ts'
import { kindName } from './rest-mapper.ts'
import { renderTable, type Table } from './table.ts'

export interface GetOptions {
  readonly allNamespaces?: boolean
  readonly output?: string
  readonly selector?: string
  readonly fieldSelector?: string
  readonly watch?: boolean
  readonly watchOnly?: boolean
  readonly noHeaders?: boolean
  readonly showLabels?: boolean
  readonly showKind?: boolean
  readonly showManagedFields?: boolean
  readonly ignoreNotFound?: boolean
  readonly chunkSize?: number
  /** Ends a watch. */
  readonly signal?: AbortSignal
}

const asTable = {
  accept:
    'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json',
}

export async function get(to: Kubectl, args: readonly string[], options: GetOptions): Promise<void> {
  const { output = '' } = options
  if (!['', 'wide', 'name', 'json', 'yaml'].includes(output))
    throw new KubectlError(
      `unable to match a printer suitable for the output format "${output}", allowed formats are: json,name,wide,yaml`,
    )
  const targets = await targetsOf(to, args)
  if (targets.some(({ names }) => names.length > 0)) {
    if (options.allNamespaces) throw new KubectlError('a resource cannot be retrieved by name across all namespaces')
    if (options.selector) throw new KubectlError('name cannot be provided when a selector is specified')
  }
  if (options.watch || options.watchOnly) return watch(to, targets, options)
  if (output === 'json' || output === 'yaml') return printObjects(to, targets, options, output)
  return printTables(to, targets, options)
}

/** One for each name, or one for the collection. */
function requestsFor(to: Kubectl, { mapping, names }: Target, options: GetOptions): ApiRequest[] {
  const namespace = options.allNamespaces ? undefined : to.namespace
  if (names.length === 0) {
    const query = { labelSelector: options.selector, fieldSelector: options.fieldSelector }
    return [{ method: 'GET', path: resourcePath(mapping, namespace), query }]
  }
  return names.map(name => ({ method: 'GET', path: resourcePath(mapping, namespace, name) }))
}

async function printObjects(
  to: Kubectl,
  targets: readonly Target[],
  options: GetOptions,
  format: ObjectFormat,
): Promise<void> {
  const items: unknown[] = []
  for (const target of targets)
    for (const request of requestsFor(to, target, options)) {
      const found = await orNothing(options, ask(to, request))
      if (!found) continue
      if (target.names.length > 0) items.push(found)
      else {
        const { group, version, kind } = target.mapping
        const types = { apiVersion: group ? `${group}/${version}` : version, kind }
        items.push(...(found.items ?? []).map((item: object) => ({ ...types, ...item })))
      }
    }
  const single = targets.length === 1 && targets[0]!.names.length === 1
  if (single && items.length === 0) return
  const shown = single ? items[0] : { apiVersion: 'v1', kind: 'List', items, metadata: { resourceVersion: '' } }
  to.stdout(objectText(shown, format, options))
}

async function printTables(to: Kubectl, targets: readonly Target[], options: GetOptions): Promise<void> {
  const kinds = new Set(targets.map(({ mapping }) => kindName(mapping)))
  const printed: string[] = []
  for (const of of kinds) {
    const alike = targets.filter(({ mapping }) => kindName(mapping) === of)
    const table = await tableOf(to, alike, options)
    if (!table.rows?.length) continue
    const kind = kindName(alike[0]!.mapping)
    if (options.output === 'name')
      printed.push(table.rows.map(({ object }) => `${kind}/${object?.metadata?.name}\n`).join(''))
    else
      printed.push(
        renderTable(table, {
          ...options,
          wide: options.output === 'wide',
          withNamespace: options.allNamespaces && alike[0]!.mapping.namespaced,
          kind: kinds.size > 1 || options.showKind ? kind : undefined,
        }),
      )
  }
  to.stdout(printed.join(options.output === 'name' ? '' : '\n'))
  if (printed.length > 0 || options.ignoreNotFound || options.output === 'name') return
  const where = options.allNamespaces || !targets.some(({ mapping }) => mapping.namespaced)
  to.stderr(where ? 'No resources found\n' : `No resources found in ${to.namespace} namespace.\n`)
}

/** The rows of all of them, in pieces as large as is good for the server. */
async function tableOf(to: Kubectl, targets: readonly Target[], options: GetOptions): Promise<Table> {
  let whole: Table = {}
  for (const target of targets)
    for (const request of requestsFor(to, target, options)) {
      const isList = target.names.length === 0
      let more: string | undefined
      do {
        const limit = isList ? String(options.chunkSize ?? 500) : undefined
        const query = { ...request.query, limit, continue: more }
        const part = await orNothing(options, ask<Table>(to, { ...request, query, headers: asTable }))
        if (!part) break
        whole = {
          columnDefinitions: whole.columnDefinitions ?? part.columnDefinitions,
          rows: [...(whole.rows ?? []), ...(part.rows ?? [])],
          metadata: part.metadata,
        }
        more = part.metadata?.continue || undefined
      } while (more)
    }
  return whole
}

async function orNothing<T>(options: GetOptions, found: Promise<T>): Promise<T | undefined> {
  try {
    return await found
  } catch (error) {
    if (options.ignoreNotFound && isNotFound(error)) return undefined
    throw error
  }
}

/** What there is, then every change, one row each. */
async function watch(to: Kubectl, targets: readonly Target[], options: GetOptions): Promise<void> {
  const [target] = targets
  if (!target || targets.length > 1 || target.names.length > 1)
    throw new KubectlError('you may only specify a single resource type')
  const { mapping, names } = target
  const format = options.output === 'json' || options.output === 'yaml' ? options.output : undefined
  const namespace = options.allNamespaces ? undefined : to.namespace
  const fieldSelector = names[0] ? `metadata.name=${names[0]}` : options.fieldSelector
  const path = resourcePath(mapping, namespace)
  const query = { labelSelector: options.selector, fieldSelector }
  const list = await ask<Table>(to, { method: 'GET', path, query, headers: asTable })
  let header = !options.noHeaders
  let columns = list.columnDefinitions
  const print = (table: Table) => {
    columns = table.columnDefinitions ?? columns
    if (!table.rows?.length) return
    if (options.output === 'name')
      return to.stdout(table.rows.map(({ object }) => `${kindName(mapping)}/${object?.metadata?.name}\n`).join(''))
    const withNamespace = options.allNamespaces && mapping.namespaced
    const wide = options.output === 'wide'
    to.stdout(
      renderTable({ ...table, columnDefinitions: columns }, { ...options, wide, withNamespace, noHeaders: !header }),
    )
    header = false
  }
  if (!options.watchOnly && !format) print(list)
  const request: ApiRequest = {
    method: 'GET',
    path,
    query: {
      ...query,
      watch: 'true',
      resourceVersion: format && !options.watchOnly ? '0' : list.metadata?.resourceVersion,
    },
    headers: format ? undefined : asTable,
    signal: options.signal,
  }
  await new Promise<void>((resolve, reject) => {
    const event = ({ type, object }: WatchEvent) => {
      if (type === 'BOOKMARK') return
      if (type === 'ERROR') return reject(statusErrorFrom(object as object))
      if (format) to.stdout(`${format === 'yaml' ? '---\n' : ''}${objectText(object, format, options)}`)
      else print(object as Table)
    }
    const end = (error?: Error) => (error && !options.signal?.aborted ? reject(error) : resolve())
    to.transport
      .watch(request, { event, end })
      .then(({ response }) => bodyOf(request, response))
      .catch(reject)
  })
}
