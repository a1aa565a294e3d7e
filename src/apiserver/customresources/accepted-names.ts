// Which of the names that a definition asks for it gets: those that no other definition of its group has already.

import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
} from '../../api/apiextensions/v1/customresourcedefinition.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { aggregateMessage } from '../../machinery/field-error.ts'
import { quote } from '../../machinery/go-text.ts'
import type { Condition } from './conditions.ts'

export interface NamesVerdict {
  readonly acceptedNames: CustomResourceDefinitionNames
  readonly condition: Condition
}

/** undefined when the names are those it has already. `others`: all definitions of the group, this one included. */
export function acceptNames(
  { spec, status }: CustomResourceDefinition,
  others: Iterable<CustomResourceDefinition>,
): NamesVerdict | undefined {
  const wanted = spec.names
  const has: Partial<CustomResourceDefinitionNames> = status?.acceptedNames ?? {}
  if (deepEqual(wanted, has)) return undefined
  const [resources, kinds] = takenNames(others)
  const conflict = (name: string | undefined, own: string | undefined, taken: ReadonlySet<string>) =>
    name && name !== own && taken.has(name) ? `${quote(name)} is already in use` : undefined
  const accepted: Record<string, unknown> = { ...has }
  let condition: Condition = {
    type: 'NamesAccepted',
    status: 'True',
    reason: 'NoConflicts',
    message: 'no conflicts found',
  }
  const decide = (field: keyof CustomResourceDefinitionNames, reason: string, problem: string | undefined) => {
    if (problem === undefined) accepted[field] = wanted[field]
    else condition = { type: 'NamesAccepted', status: 'False', reason, message: problem }
  }
  decide('plural', 'PluralConflict', conflict(wanted.plural, has.plural, resources))
  decide('singular', 'SingularConflict', conflict(wanted.singular, has.singular, resources))
  const shortConflicts = (wanted.shortNames ?? [])
    .filter(name => !has.shortNames?.includes(name))
    .flatMap(name => conflict(name, undefined, resources) ?? [])
  decide('shortNames', 'ShortNamesConflict', shortConflicts.length > 0 ? aggregateMessage(shortConflicts) : undefined)
  decide('kind', 'KindConflict', conflict(wanted.kind, has.kind, kinds))
  decide('listKind', 'ListKindConflict', conflict(wanted.listKind, has.listKind, kinds))
  accepted['categories'] = wanted.categories
  for (const field of Object.keys(accepted)) if (accepted[field] === undefined) delete accepted[field]
  return { acceptedNames: accepted as unknown as CustomResourceDefinitionNames, condition }
}

function takenNames(definitions: Iterable<CustomResourceDefinition>): [resources: Set<string>, kinds: Set<string>] {
  const resources = new Set<string>()
  const kinds = new Set<string>()
  for (const { status } of definitions) {
    const names = status?.acceptedNames
    if (!names) continue
    for (const name of [names.plural, names.singular, ...(names.shortNames ?? [])]) if (name) resources.add(name)
    for (const name of [names.kind, names.listKind]) if (name) kinds.add(name)
  }
  return [resources, kinds]
}
