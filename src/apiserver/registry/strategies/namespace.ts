// Namespaces: born active with the `kubernetes` finalizer in their spec; a deletion only marks them, and the namespace
// controller finalizes them when nothing is left inside.

import {
  validateNamespace,
  validateNamespaceFinalizeUpdate,
  validateNamespaceStatusUpdate,
} from '../../../api/core/v1/config.validation.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { deepCopy } from '../../../machinery/deep-freeze.ts'
import { formatTime } from '../../../machinery/time.ts'
import { nameIsDNSLabel } from '../../../machinery/validation/names.ts'
import { withPropagation } from '../deletion-finalizers.ts'
import type { Strategy } from '../strategy.ts'

const kubernetesFinalizer = 'kubernetes'

export const namespaceStrategy: Strategy = {
  validateName: nameIsDNSLabel,
  validate: validateNamespace,
  validateUpdate: (namespace, _old, { subresource }) =>
    subresource === 'finalize' ? validateNamespaceFinalizeUpdate(namespace) : [],
  validateStatusUpdate: validateNamespaceStatusUpdate,
  prepareForCreate(namespace) {
    namespace['status'] = { phase: 'Active' }
    namespace['spec'] ??= {}
    namespace['spec'].finalizers ??= []
    const { finalizers } = namespace['spec']
    if (!finalizers.includes(kubernetesFinalizer)) finalizers.push(kubernetesFinalizer)
    namespace.metadata['labels'] = {
      ...namespace.metadata['labels'],
      'kubernetes.io/metadata.name': namespace.metadata.name ?? '',
    }
  },
  prepareForUpdate(namespace, old, { subresource }) {
    namespace['status'] = old['status']
    // Only the finalize subresource may take finalizers away.
    if (subresource !== 'finalize') namespace['spec'] = { ...namespace['spec'], finalizers: old['spec'].finalizers }
    namespace.metadata['labels'] = {
      ...namespace.metadata['labels'],
      'kubernetes.io/metadata.name': namespace.metadata.name,
    }
  },
  markForDeletion(namespace: KubeObject, { server }, propagation) {
    // Once it is finalized it goes as anything else does.
    if (namespace.metadata['deletionTimestamp'] !== undefined)
      return namespace['spec']?.finalizers?.length > 0 ? namespace : undefined
    const marked = deepCopy(namespace)
    const { metadata } = marked
    metadata['deletionTimestamp'] = formatTime(server.env.clock.now())
    if (propagation !== undefined) {
      const finalizers = withPropagation(metadata['finalizers'] ?? [], propagation)
      if (finalizers.length > 0) metadata['finalizers'] = finalizers
      else delete metadata['finalizers']
    }
    marked['status'] = { ...marked['status'], phase: 'Terminating' }
    return marked
  },
}
