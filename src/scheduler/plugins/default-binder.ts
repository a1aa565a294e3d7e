// Binds by asking the API server to: POST pods/binding.

import { pods } from '../../api/core/v1/pod.ts'
import type { Plugin } from '../framework.ts'
import type { FrameworkHandle } from '../framework-handle.ts'
import { failed } from '../status.ts'

export function defaultBinder({ client }: Pick<FrameworkHandle, 'client'>): Plugin {
  const resource = client.resource(pods)
  return {
    name: 'DefaultBinder',
    async bind(pod, node) {
      const binding = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { namespace: pod.namespace, name: pod.name, uid: pod.uid },
        target: { kind: 'Node', name: node },
      }
      try {
        await resource.namespace(pod.namespace).createSubresource(pod.name, 'binding', binding)
        return undefined
      } catch (error) {
        return failed(error)
      }
    },
  }
}
