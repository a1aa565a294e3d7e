// NamespaceLifecycle: nothing is written into a namespace that doesn't exist, nothing is created in one that is going,
// and the three namespaces that every cluster needs stay.

import { failure, forbidden, notFound } from '../../machinery/status-error.ts'
import { type AdmissionAttributes, type AdmissionPlugin, isResource, refusal } from './admission.ts'

const immortal = new Set(['default', 'kube-system', 'kube-public'])

export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  handles: operation => operation !== 'CONNECT',
  admit(attributes: AdmissionAttributes): void {
    const { operation, namespace, name } = attributes
    if (isResource(attributes, '', 'namespaces')) {
      if (operation === 'DELETE' && immortal.has(name))
        throw forbidden(attributes.resource, name, 'this namespace may not be deleted')
      return
    }
    if (namespace === '' || operation === 'DELETE') return
    // Whether a namespace exists is not for an access review to give away.
    if (isResource(attributes, 'authorization.k8s.io', 'localsubjectaccessreviews')) return
    const found = attributes.lister.get('namespaces', '', namespace)
    if (found === undefined) throw notFound({ group: '', resource: 'namespaces' }, namespace)
    if (operation === 'CREATE' && found['status']?.phase === 'Terminating') {
      const { status } = refusal(
        attributes,
        `unable to create new content in namespace ${namespace} because it is being terminated`,
      )
      throw failure(status.code, status.reason, status.message, {
        ...status.details,
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: `namespace ${namespace} is being terminated`,
            field: 'metadata.namespace',
          },
        ],
      })
    }
  },
}
