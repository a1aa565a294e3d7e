import { defaulter } from '../../defaulter.ts'
import { CustomResourceDefinition } from './customresourcedefinition.ts'

export const customResourceDefinitionDefaults = [
  defaulter(CustomResourceDefinition, ({ spec, status }) => {
    spec.names.singular ||= spec.names.kind.toLowerCase()
    if (spec.names.kind) spec.names.listKind ||= `${spec.names.kind}List`
    if ((status.storedVersions?.length ?? 0) > 0) return
    const stored = spec.versions?.find(version => version.storage)
    if (stored) status.storedVersions = [stored.name]
  }),
]
