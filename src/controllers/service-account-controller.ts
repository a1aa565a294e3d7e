// Gives every active namespace its ServiceAccount `default`, and gives it again when somebody deletes it.

import { namespaces } from '../api/core/v1/namespace.ts'
import { serviceAccounts } from '../api/core/v1/serviceaccount.ts'
import { controller, watch } from '../client/controller.ts'
import { keyFor } from '../client/object-key.ts'
import { hasStatusCause, isAlreadyExists } from '../machinery/status-error.ts'

const name = 'default'

export const serviceAccountController = controller({
  name: 'serviceaccount-controller',
  reconciles: namespaces,
  watches: [
    watch(serviceAccounts, {
      keys: ({ before, after }) =>
        !after && before?.metadata.name === name && before.metadata.namespace ? [before.metadata.namespace] : [],
    }),
  ],
  async reconcile(namespace, { client, lister }) {
    if (lister(namespaces).get(namespace)?.status.phase !== 'Active') return
    if (lister(serviceAccounts).get(keyFor(namespace, name))) return
    try {
      await client.resource(serviceAccounts).namespace(namespace).create({ metadata: { name, namespace } })
    } catch (error) {
      if (!isAlreadyExists(error) && !hasStatusCause(error, 'NamespaceTerminating')) throw error
    }
  },
})
