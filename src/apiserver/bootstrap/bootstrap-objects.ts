// What exists in a cluster before anyone does anything.
//
// Comes in: the service range and where the API server listens. Goes out: the objects, in the order in which they can
// be created. The registry creates those that are missing at every start; the default roles are also brought back to
// their rules if someone has taken some away (`reconcileRole` in rbac-reconcile.ts).

import type { KubeObject } from '../../api/resource.ts'
import { apiServices } from './api-services.ts'
import { flowSchemas, priorityLevelConfigurations } from './flow-control.ts'
import { defaultClusterRoleBindings, defaultClusterRoles, defaultRoleBindings, defaultRoles } from './rbac-policy.ts'

export interface BootstrapOptions {
  /** Such as 10.96.0.0/12; two, separated by a comma, for dual stack. */
  readonly serviceCIDR: string
  /** The port of the kubernetes Service; 443 when absent. */
  readonly servicePort?: number
  /** The port the API server listens on. */
  readonly securePort: number
  /** The address of the kubernetes Service; the service range's first one when absent. */
  readonly serviceAddress?: string
  /** Milliseconds since the epoch, for the conditions that are born with the objects. */
  readonly now: number
}

export interface BootstrapObject {
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string }
  readonly object: KubeObject
}

const systemNamespaces = ['kube-system', 'kube-public', 'kube-node-lease', 'default']

export function bootstrapObjects(options: BootstrapOptions): BootstrapObject[] {
  const now = `${new Date(options.now).toISOString().slice(0, 19)}Z`
  const all = (group: string, version: string, resource: string, objects: readonly KubeObject[]): BootstrapObject[] =>
    objects.map(object => ({ resource: { group, version, resource }, object }))
  const rbac = 'rbac.authorization.k8s.io'
  const flowControl = 'flowcontrol.apiserver.k8s.io'
  return [
    ...all('', 'v1', 'namespaces', systemNamespaces.map(namespace)),
    ...all('scheduling.k8s.io', 'v1', 'priorityclasses', priorityClasses()),
    ...all(flowControl, 'v1', 'prioritylevelconfigurations', priorityLevelConfigurations()),
    ...all(flowControl, 'v1', 'flowschemas', flowSchemas(now)),
    ...all(rbac, 'v1', 'clusterroles', defaultClusterRoles()),
    ...all(rbac, 'v1', 'clusterrolebindings', defaultClusterRoleBindings()),
    ...all(rbac, 'v1', 'roles', defaultRoles()),
    ...all(rbac, 'v1', 'rolebindings', defaultRoleBindings()),
    ...all('networking.k8s.io', 'v1', 'servicecidrs', [serviceCIDR(options.serviceCIDR.split(','), now)]),
    ...all('', 'v1', 'services', [kubernetesService(options)]),
    ...all('apiregistration.k8s.io', 'v1', 'apiservices', apiServices(options.now)),
  ]
}

/** The first usable address of an IPv4 or IPv6 range: the kubernetes Service's. */
export function firstServiceAddress(serviceCIDR: string): string {
  const network = serviceCIDR.split(',')[0]!.split('/')[0]!
  if (network.includes(':')) return network.endsWith('::') ? `${network}1` : network.replace(/:0$/, ':1')
  const [a = 0, b = 0, c = 0, d = 0] = network.split('.').map(Number)
  return [a, b, c, d + 1].join('.')
}

function namespace(name: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  }
}

function priorityClasses(): KubeObject[] {
  const priorityClass = (name: string, value: number, description: string): KubeObject => ({
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name },
    value,
    description,
    preemptionPolicy: 'PreemptLowerPriority',
  })
  return [
    priorityClass(
      'system-node-critical',
      2000001000,
      'Used for system critical pods that must not be moved from their current node.',
    ),
    priorityClass(
      'system-cluster-critical',
      2000000000,
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
    ),
  ]
}

function serviceCIDR(cidrs: string[], now: string): KubeObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: 'kubernetes', finalizers: ['networking.k8s.io/service-cidr-finalizer'] },
    spec: { cidrs },
    status: {
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          lastTransitionTime: now,
          reason: '',
          message: 'Kubernetes default Service CIDR is ready',
        },
      ],
    },
  }
}

function kubernetesService(options: BootstrapOptions): KubeObject {
  const clusterIP = options.serviceAddress ?? firstServiceAddress(options.serviceCIDR)
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { component: 'apiserver', provider: 'kubernetes' },
    },
    spec: {
      ports: [{ name: 'https', protocol: 'TCP', port: options.servicePort ?? 443, targetPort: options.securePort }],
      clusterIP,
      clusterIPs: [clusterIP],
      type: 'ClusterIP',
      sessionAffinity: 'None',
      ipFamilies: [clusterIP.includes(':') ? 'IPv6' : 'IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
    },
    status: { loadBalancer: {} },
  }
}
