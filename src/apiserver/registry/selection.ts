// Which objects a LIST or WATCH is about: label and field selectors over stored objects.

import { fieldLabelProblem } from '../../api/field-labels.ts'
import type { KubeObject, ResourceDeclaration } from '../../api/resource.ts'
import { parseFieldSelector } from '../../machinery/fields.ts'
import { parseLabelSelector } from '../../machinery/labels.ts'
import { badRequest } from '../../machinery/status-error.ts'
import type { RequestContext } from '../request.ts'
import type { StoredObject } from '../watchcache/stored-object.ts'
import type { WatchedField } from '../watchcache/watchers.ts'
import { servedAs, servedObject } from './versions.ts'

export interface Selection {
  /** Names the selection, so that watchers of the same one share their batches. */
  readonly id: string
  readonly everything: boolean
  /** A field that has one value in every object it matches. */
  readonly field?: WatchedField
  matches(stored: StoredObject): boolean
}

const everything: Selection = { id: '', everything: true, matches: () => true }

/** `name`: the one object that the path names (the older watches of one object). Throws a 400. */
export function selectionOf(request: RequestContext, declaration: ResourceDeclaration, name = ''): Selection {
  const { query } = request
  const labelText = query.size === 0 ? '' : (query.get('labelSelector') ?? '')
  const fieldText = query.size === 0 ? '' : (query.get('fieldSelector') ?? '')
  if (labelText === '' && fieldText === '' && name === '') return everything
  const labels = parseOrRefuse(() => parseLabelSelector(labelText))
  const fields = parseOrRefuse(() => parseFieldSelector(fieldText))
  for (const { field } of fields.terms) {
    const problem = fieldLabelProblem(declaration, field)
    if (problem) throw badRequest(problem)
  }
  if (name !== '' && !fields.empty && fields.requiredValue('metadata.name') !== name)
    throw badRequest("fieldSelector metadata.name doesn't match requested name")
  if (labels.empty && fields.empty && name === '') return everything
  const value = (object: KubeObject, field: string): string => {
    if (field === 'metadata.name') return object.metadata.name ?? ''
    if (field === 'metadata.namespace') return object.metadata.namespace ?? ''
    return declaration.selectableFields![field]!(object)
  }
  const required = name === '' ? fields.terms.find(({ operator }) => operator === '=') : metadataName(name)
  const field = required && !declaration.custom ? watchedField(declaration, required, value) : undefined
  return {
    ...(field && { field }),
    id: `${labelText}\n${fieldText}\n${name}`,
    everything: false,
    matches(stored) {
      const object = fields.empty && !declaration.custom ? stored.object : servedObject(declaration, stored)
      if (name !== '' && object.metadata.name !== name) return false
      if (!labels.empty && !labels.matches(object.metadata['labels'] ?? {})) return false
      return fields.empty || fields.matches(field => value(object, field))
    },
  }
}

const metadataName = (value: string) => ({ field: 'metadata.name', value })

function watchedField(
  declaration: ResourceDeclaration,
  { field, value }: { readonly field: string; readonly value: string },
  read: (object: KubeObject, field: string) => string,
): WatchedField {
  return {
    name: `${servedAs(declaration)} ${field}`,
    value,
    of: stored => read(servedObject(declaration, stored), field),
  }
}

function parseOrRefuse<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw badRequest((error as Error).message)
  }
}
