// Which fields a `fieldSelector` may name, and what upstream says of any other: each kind with selectable fields of its
// own has its own words.

import { quote } from '../machinery/go-text.ts'
import { apiVersionOf, groupResource, type ResourceDeclaration } from './resource.ts'

const particular: Readonly<Record<string, (field: string, of: ResourceDeclaration) => string>> = {
  'jobs.batch': field => `field label ${quote(field)} not supported for Job`,
  'resourceslices.resource.k8s.io': (field, of) =>
    `field label not supported for ${apiVersionOf(of)}, Kind=${of.kind}: ${field}`,
}

/** undefined when the field may be selected by. */
export function fieldLabelProblem(declaration: ResourceDeclaration, field: string): string | undefined {
  const { selectableFields, namespaced } = declaration
  if (field === 'metadata.name' || (field === 'metadata.namespace' && namespaced)) return undefined
  if (selectableFields === undefined) {
    // A cluster-wide object has the namespace ''.
    if (field === 'metadata.namespace') return undefined
    return `${quote(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`
  }
  if (Object.hasOwn(selectableFields, field)) return undefined
  return particular[groupResource(declaration)]?.(field, declaration) ?? `field label not supported: ${field}`
}
