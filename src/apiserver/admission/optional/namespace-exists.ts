// NamespaceExists: nothing is done in a namespace that is not there.

import { notFound } from '../../../machinery/status-error.ts'
import { type AdmissionPlugin, isResource } from '../admission.ts'

export const namespaceExists: AdmissionPlugin = {
  name: 'NamespaceExists',
  handles: operation => operation !== 'CONNECT',
  validate(attributes): void {
    const { namespace, lister } = attributes
    if (namespace === '' || isResource(attributes, '', 'namespaces')) return
    if (!lister.get('namespaces', '', namespace)) throw notFound({ group: '', resource: 'namespaces' }, namespace)
  },
}
