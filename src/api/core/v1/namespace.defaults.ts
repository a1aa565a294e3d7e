import { defaulter } from '../../defaulter.ts'
import { Namespace } from './namespace.ts'

export const namespaceDefaults = [
  // Its own name, as a label for selectors; a generated name is labelled when it is known.
  defaulter(Namespace, ({ metadata }) => {
    if (metadata.name) metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name }
  }),
]
