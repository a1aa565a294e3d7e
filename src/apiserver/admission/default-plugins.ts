// The plugins in upstream's order (pkg/kubeapiserver/options/plugins.go), and which of them are on.

import { fieldErrorMessage } from '../../machinery/field-error.ts'
import type { AdmissionPlugin, AdmissionServices } from './admission.ts'
import { certificateApproval, certificateSigning } from './certificates/certificate-signers.ts'
import { certificateSubjectRestriction } from './certificates/certificate-subject-restriction.ts'
import { defaultIngressClass } from './default-ingress-class.ts'
import { defaultStorageClass } from './default-storage-class.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { limitRanger } from './limit-ranger.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction.ts'
import { alwaysAdmit, alwaysDeny } from './optional/always.ts'
import { alwaysPullImages } from './optional/always-pull-images.ts'
import { denyServiceExternalIPs } from './optional/deny-service-external-ips.ts'
import { extendedResourceToleration } from './optional/extended-resource-toleration.ts'
import { limitPodHardAntiAffinityTopology } from './optional/limit-pod-hard-anti-affinity-topology.ts'
import { namespaceExists } from './optional/namespace-exists.ts'
import { ownerReferencesPermissionEnforcement } from './optional/owner-references-permission-enforcement.ts'
import { podNodeSelector } from './optional/pod-node-selector.ts'
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts'
import { podSecurityConfiguration } from './pod-security/configuration.ts'
import { podSecurity } from './pod-security/pod-security.ts'
import { podTopologyLabels } from './pod-topology-labels.ts'
import { mutatingAdmissionPolicy } from './policy/mutating-admission-policy.ts'
import { validatingAdmissionPolicy } from './policy/validating-admission-policy.ts'
import { priority } from './priority.ts'
import { limitedResources } from './resource-quota/configuration.ts'
import { resourceQuota } from './resource-quota/resource-quota.ts'
import { runtimeClass } from './runtime-class.ts'
import { serviceAccount } from './service-account.ts'
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition.ts'
import { mutatingAdmissionWebhook } from './webhook/mutating-admission-webhook.ts'
import { validatingAdmissionWebhook } from './webhook/validating-admission-webhook.ts'

export interface AdmissionOptions {
  /** Besides those that are on by default: --enable-admission-plugins. */
  readonly enable?: readonly string[]
  /** --disable-admission-plugins. */
  readonly disable?: readonly string[]
  /** By the plugin's name, what --admission-control-config-file says for it. */
  readonly configurations?: Readonly<Record<string, Readonly<Record<string, any>>>>
}

interface Known {
  readonly name: string
  /** Only when asked for. */
  readonly off?: true
  make(services: AdmissionServices, configuration: Readonly<Record<string, any>> | undefined): AdmissionPlugin
}

const fixed = (plugin: AdmissionPlugin): Known => ({ name: plugin.name, make: () => plugin })
const optional = (plugin: AdmissionPlugin): Known => ({ ...fixed(plugin), off: true })

const plugins: readonly Known[] = [
  optional(alwaysAdmit),
  fixed(namespaceLifecycle),
  optional(namespaceExists),
  optional(limitPodHardAntiAffinityTopology),
  fixed(limitRanger),
  { name: 'ServiceAccount', make: ({ env }) => serviceAccount(env) },
  // Upstream has it off until the Node authorizer is on, as it is here.
  fixed(nodeRestriction),
  fixed(taintNodesByCondition),
  optional(alwaysPullImages),
  { name: 'PodSecurity', make: (_, given) => podSecurity(given && podSecurityConfiguration(given).configuration) },
  { name: 'PodNodeSelector', off: true, make: (_, given) => podNodeSelector(given?.['podNodeSelectorPluginConfig']) },
  fixed(priority),
  fixed(defaultTolerationSeconds),
  optional(extendedResourceToleration),
  fixed(defaultStorageClass),
  fixed(storageObjectInUseProtection),
  { name: 'OwnerReferencesPermissionEnforcement', off: true, make: ownerReferencesPermissionEnforcement },
  fixed(persistentVolumeClaimResize),
  fixed(runtimeClass),
  { name: 'CertificateApproval', make: ({ authorizer }) => certificateApproval(authorizer) },
  { name: 'CertificateSigning', make: ({ authorizer }) => certificateSigning(authorizer) },
  fixed(certificateSubjectRestriction),
  fixed(defaultIngressClass),
  optional(denyServiceExternalIPs),
  fixed(podTopologyLabels),
  { name: 'MutatingAdmissionPolicy', make: mutatingAdmissionPolicy },
  { name: 'MutatingAdmissionWebhook', make: mutatingAdmissionWebhook },
  { name: 'ValidatingAdmissionPolicy', make: validatingAdmissionPolicy },
  { name: 'ValidatingAdmissionWebhook', make: validatingAdmissionWebhook },
  { name: 'ResourceQuota', make: (services, given) => resourceQuota(services, given && limitedResources(given)) },
  optional(alwaysDeny),
]

export const pluginNames: readonly string[] = plugins.map(({ name }) => name)

/** What is wrong with the options, in one line; undefined when nothing is. */
export function admissionOptionsProblem({
  enable = [],
  disable = [],
  configurations = {},
}: AdmissionOptions): string | undefined {
  for (const [flag, names] of [
    ['enable-admission-plugins', enable],
    ['disable-admission-plugins', disable],
  ] as const)
    for (const name of names) if (!pluginNames.includes(name)) return `${flag} plugin "${name}" is unknown`
  const both = enable.filter(name => disable.includes(name))
  if (both.length > 0) return `[${both.join(' ')}] in enable-admission-plugins and disable-admission-plugins overlapped`
  const given = configurations['PodSecurity']
  const [error] = given ? podSecurityConfiguration(given).errors : []
  return error && `PodSecurity: ${fieldErrorMessage(error)}`
}

export function admissionPlugins(
  services: AdmissionServices,
  { enable = [], disable = [], configurations = {} }: AdmissionOptions = {},
): AdmissionPlugin[] {
  return plugins
    .filter(({ name, off }) => (off ? enable.includes(name) : !disable.includes(name)))
    .map(({ name, make }) => make(services, configurations[name]))
}

export const defaultAdmissionPlugins = (services: AdmissionServices): AdmissionPlugin[] => admissionPlugins(services)
