// Table: the columns kubectl prints, made by the server. Ages are part of the cells, so rows are made at each call.

import type { TablePrinter } from '../../../api/columns.ts'
import type { KubeObject, ResourceDeclaration } from '../../../api/resource.ts'
import { quote } from '../../../machinery/go-text.ts'
import { goJson } from '../../../machinery/json/write.ts'
import { badRequest } from '../../../machinery/status-error.ts'
import { json } from '../../serving/media-type.ts'
import type { StoredObject } from '../../watchcache/stored-object.ts'
import { servedAs, servedObject } from '../versions.ts'
import type { Representation } from './form.ts'
import { jsonEvent } from './json-form.ts'
import { metadataOf } from './partial-metadata-form.ts'

const policies = ['None', 'Metadata', 'Object', '']

/** `includeObject` of the query; throws the 400 of what is none. */
export function checkIncludeObject(value: string): void {
  if (policies.includes(value)) return
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${quote(value)}: must be 'Metadata', 'Object', 'None', or empty`,
  )
}

export function tableRepresentation(
  declaration: ResourceDeclaration,
  printer: TablePrinter,
  version: string,
  include: string,
  now: () => number,
): Representation {
  const apiVersion = `meta.k8s.io/${version}`
  const partial = (metadata: KubeObject['metadata']) => ({ kind: 'PartialObjectMetadata', apiVersion, metadata })
  const row = (stored: StoredObject) => {
    const object = servedObject(declaration, stored)
    const included =
      include === 'None' ? null : include === 'Object' ? object : partial(metadataOf(declaration, stored))
    const printed = printer.prints === 'stored' ? stored.object : object
    const cells = printer.cells(printed, now())
    const conditions = printer.conditions?.(printed)
    return conditions ? { cells, conditions, object: included } : { cells, object: included }
  }
  const definitions = printer.columns.map(column => ({ format: '', priority: 0, ...column }))
  const table = (rows: unknown[], metadata: unknown, withColumns: boolean) =>
    Buffer.from(
      `${goJson({
        kind: 'Table',
        apiVersion,
        metadata,
        columnDefinitions: withColumns ? definitions : null,
        rows,
      })}\n`,
    )
  const form = (id: string, withColumns: boolean): Representation => ({
    id: `${id}:${servedAs(declaration)}:${version}:${include}`,
    contentType: json,
    watchContentType: json,
    object: stored => table([row(stored)], { resourceVersion: stored.object.metadata.resourceVersion }, withColumns),
    list(items, meta) {
      const { compare } = printer
      const ordered = compare ? items.toSorted((a, b) => compare(a.object, b.object)) : items
      return [table(ordered.map(row), meta, withColumns)]
    },
    event(type, stored) {
      const metadata = { resourceVersion: String(stored.revision) }
      return jsonEvent(type, table([row(stored)], metadata, withColumns).subarray(0, -1))
    },
    specialEvent(type, object) {
      if (type === 'ERROR') return jsonEvent(type, Buffer.from(goJson(object)))
      const { resourceVersion, annotations } = object.metadata as Record<string, unknown>
      // Clients find the end of the initial events by the row's object (KEP-3157).
      const rows = annotations ? [{ cells: [], object: partial(object.metadata) }] : []
      return jsonEvent(type, table(rows, { resourceVersion }, withColumns).subarray(0, -1))
    },
  })
  return { ...form('table', true), later: form('rows', false) }
}
