// NamespaceAutoProvision: what is created in a namespace that is not there brings the namespace with it.

import { alreadyExists, StatusError } from '../../../machinery/status-error.ts'
import { type AdmissionPlugin, type AdmissionServices, isResource, refusal } from '../admission.ts'

export const namespaceAutoProvision = ({ createNamespace }: AdmissionServices): AdmissionPlugin => ({
  name: 'NamespaceAutoProvision',
  handles: operation => operation === 'CREATE',
  admit(attributes): void | Promise<void> {
    const { namespace, lister, dryRun } = attributes
    if (dryRun || namespace === '' || isResource(attributes, '', 'namespaces')) return
    if (lister.get('namespaces', '', namespace)) return
    return createNamespace(namespace).catch((error: unknown) => {
      if (error instanceof StatusError && error.reason === exists) return
      throw refusal(attributes, (error as Error).message)
    })
  },
})

const exists = alreadyExists({ group: '', resource: 'namespaces' }, '').reason
