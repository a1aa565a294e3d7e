// Where the `kubernetes` Service leads: the API server publishes its own address and port, as Endpoints and as an
// EndpointSlice, and corrects them at every start (upstream: the control plane's endpoint reconciler).

import { isIPv6 } from 'node:net'
import { endpoints } from '../../api/core/v1/endpoints.ts'
import { endpointSlices } from '../../api/discovery/v1/endpointslice.ts'
import type { KubeObject, ResourceDeclaration } from '../../api/resource.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { formatTime } from '../../machinery/time.ts'
import { apiServerManager, manageCreated } from '../registry/field-management/field-manager.ts'
import type { ServerContext } from '../server-context.ts'

export async function publishKubernetesEndpoints(server: ServerContext, address: string, port: number): Promise<void> {
  const ports = [{ name: 'https', port, protocol: 'TCP' }]
  const name = { name: 'kubernetes', namespace: 'default' }
  await Promise.all([
    publish(server, endpoints, {
      kind: 'Endpoints',
      apiVersion: 'v1',
      metadata: { ...name, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
      subsets: [{ addresses: [{ ip: address }], ports }],
    }),
    publish(server, endpointSlices, {
      kind: 'EndpointSlice',
      apiVersion: 'discovery.k8s.io/v1',
      metadata: { ...name, labels: { 'kubernetes.io/service-name': 'kubernetes' }, generation: 1 },
      addressType: isIPv6(address) ? 'IPv6' : 'IPv4',
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports,
    }),
  ])
}

async function publish(server: ServerContext, of: ResourceDeclaration, wanted: KubeObject): Promise<void> {
  const resource = server.registry.find(of.group, of.version, of.resource)!
  const storage = resource.storage!
  const key = storage.key('default', 'kubernetes')
  for (;;) {
    const stored = storage.cache.get(key)
    const { metadata, ...content } = wanted
    if (stored) {
      const current = stored.object
      if (Object.entries(content).every(([field, value]) => deepEqual(current[field], value))) return
      const result = await storage.put(
        key,
        { ...current, ...content, metadata: { ...current.metadata } },
        stored.revision,
      )
      if (result.committed) return
      continue
    }
    const { clock, random } = server.env
    const given = { uid: random.uuid(), creationTimestamp: formatTime(clock.now()) }
    const created: KubeObject = { ...content, metadata: { ...metadata, ...given } }
    manageCreated(server, resource, apiServerManager, created)
    const result = await storage.put(key, created, 0)
    if (result.committed) return
  }
}
