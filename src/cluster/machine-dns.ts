// The DNS of the cluster's pods, served from this machine, where nodes are real.
//
// Comes in: the control plane. Goes out: a DNS server on the machine's address, and the Service kube-dns before it, at
// the address that kubeadm would give it, so that pods find it where they expect it. Whoever runs a DNS of their own
// gives that Service a selector: then it is left alone, and pods ask theirs.

import { type Service, services } from '../api/core/v1/service.ts'
import { clusterRoles } from '../api/rbac/v1/clusterrole.ts'
import { clusterRoleBindings } from '../api/rbac/v1/clusterrolebinding.ts'
import type { ResourceClient } from '../client/client.ts'
import { ClusterDns } from '../dns/cluster-dns.ts'
import { addressInCIDR, formatIP, parseCIDR } from '../machinery/ip.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { applyObject } from './apply-manifest.ts'
import type { ControlPlane } from './control-plane.ts'
import { createUnlessThere } from './create-unless-there.ts'

export interface MachineDns {
  /** What goes into pods' resolv.conf. */
  readonly servers: readonly string[]
  stop(): Promise<void>
}

export interface MachineDnsOptions {
  readonly serviceCIDR: string
  /** Where it listens: an address that pods can reach. */
  readonly address: string
}

const namespace = 'kube-system'
const serviceName = 'kube-dns'
const serviceAccount = 'coredns'
/** kubeadm gives it the tenth address of the range. */
const offset = 10

export async function startMachineDns(plane: ControlPlane, options: MachineDnsOptions): Promise<MachineDns> {
  const admin = plane.client()
  const inNamespace = admin.resource(services).namespace(namespace)
  const { spec } = await serviceIn(inNamespace, options.serviceCIDR)
  const servers = (spec.clusterIPs ?? []).filter(address => address !== 'None')
  if (Object.keys(spec.selector ?? {}).length > 0) return { servers, stop: async () => {} }

  await createUnlessThere(() => admin.resource(clusterRoles).create(role))
  await createUnlessThere(() => admin.resource(clusterRoleBindings).create(roleBinding))
  const dns = new ClusterDns({
    env: plane.env,
    client: plane.controllerClient(serviceAccount),
    listen: { address: options.address, port: 0 },
  })
  await dns.start()
  try {
    await applyObject(admin, endpoints(options.address, dns.port))
  } catch (error) {
    await dns.stop()
    throw error
  }
  return { servers, stop: () => dns.stop() }
}

/** Looked for first: to make it again would be refused because of its address, before its name. */
async function serviceIn(inNamespace: ResourceClient<Service>, serviceCIDR: string): Promise<Service> {
  try {
    return await inNamespace.get(serviceName)
  } catch (error) {
    if (!isNotFound(error)) throw error
    return inNamespace.create(service(serviceCIDR))
  }
}

function service(serviceCIDR: string): Pick<Service, 'metadata' | 'spec'> {
  const address = addressInCIDR(parseCIDR(serviceCIDR)!, offset)
  return {
    metadata: {
      name: serviceName,
      namespace,
      labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
    },
    spec: {
      ...(address && { clusterIP: formatIP(address.bytes) }),
      ports: [
        { name: 'dns', port: 53, targetPort: 53, protocol: 'UDP' },
        { name: 'dns-tcp', port: 53, targetPort: 53, protocol: 'TCP' },
      ],
    },
  }
}

/** Its port is another each time. */
const endpoints = (address: string, port: number) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: serviceName,
    namespace,
    labels: { 'kubernetes.io/service-name': serviceName, 'endpointslice.kubernetes.io/managed-by': 'k8ts.dev' },
  },
  addressType: address.includes(':') ? 'IPv6' : 'IPv4',
  endpoints: [{ addresses: [address], conditions: { ready: true } }],
  ports: [
    { name: 'dns', port, protocol: 'UDP' },
    { name: 'dns-tcp', port, protocol: 'TCP' },
  ],
})

/** As kubeadm's, less what it does not read. */
const role = {
  metadata: { name: 'system:coredns' },
  rules: [
    { apiGroups: [''], resources: ['services', 'namespaces'], verbs: ['list', 'watch'] },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
  ],
}

const roleBinding = {
  metadata: { name: 'system:coredns' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:coredns' },
  subjects: [{ kind: 'ServiceAccount', name: serviceAccount, namespace }],
}
