// The plugins in upstream's order (pkg/kubeapiserver/options/plugins.go), and which of them are on.

import { fieldErrorMessage } from '../../machinery/field-error.ts'
import { quote } from '../../machinery/go-text.ts'
import type { AdmissionPlugin, AdmissionServices } from './admission.ts'
import { certificateApproval, certificateSigning } from './certificates/certificate-signers.ts'
import { certificateSubjectRestriction } from './certificates/certificate-subject-restriction.ts'
import { defaultIngressClass } from './default-ingress-class.ts'
import { defaultStorageClass } from './default-storage-class.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { limitRanger } from './limit-ranger.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeDeclaredFeatureValidator } from './node-declared-feature-validator.ts'
import { nodeRestriction } from './node-restriction.ts'
import { alwaysAdmit, alwaysDeny } from './optional/always.ts'
import { alwaysPullImages } from './optional/always-pull-images.ts'
import { denyServiceExternalIPs } from './optional/deny-service-external-ips.ts'
import { eventRateLimit, eventRateLimitProblem } from './optional/event-rate-limit.ts'
import { extendedResourceToleration } from './optional/extended-resource-toleration.ts'
import { imagePolicyProblem, imagePolicyWebhook } from './optional/image-policy-webhook.ts'
import { limitPodHardAntiAffinityTopology } from './optional/limit-pod-hard-anti-affinity-topology.ts'
import { namespaceAutoProvision } from './optional/namespace-auto-provision.ts'
import { namespaceExists } from './optional/namespace-exists.ts'
import { ownerReferencesPermissionEnforcement } from './optional/owner-references-permission-enforcement.ts'
import { podNodeSelector } from './optional/pod-node-selector.ts'
import { podTolerationProblem, podTolerationRestriction } from './optional/pod-toleration-restriction.ts'
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts'
import { podResizeValidator } from './pod-resize-validator.ts'
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

type Configuration = Readonly<Record<string, any>>

interface Known {
  readonly name: string
  /** Only when asked for. */
  readonly off?: true
  make(services: AdmissionServices, configuration: Configuration | undefined): AdmissionPlugin | undefined
  /** What is wrong with its configuration. */
  problem?(configuration: Configuration | undefined): string | undefined
}

const fixed = (plugin: AdmissionPlugin): Known => ({ name: plugin.name, make: () => plugin })
const optional = (plugin: AdmissionPlugin): Known => ({ ...fixed(plugin), off: true })
/** It does nothing as long as upstream's feature gate is off, as it is by default. */
const dormant = (name: string): Known => ({ name, make: () => undefined })

const plugins: readonly Known[] = [
  optional(alwaysAdmit),
  { name: 'NamespaceAutoProvision', off: true, make: namespaceAutoProvision },
  fixed(namespaceLifecycle),
  optional(namespaceExists),
  optional(limitPodHardAntiAffinityTopology),
  fixed(limitRanger),
  { name: 'ServiceAccount', make: ({ env }) => serviceAccount(env) },
  // The one that is on here and off upstream: the Node authorizer is on as well, and kubeadm says so too.
  { name: 'NodeRestriction', make: ({ authorizer }) => nodeRestriction(authorizer) },
  fixed(taintNodesByCondition),
  optional(alwaysPullImages),
  { name: 'ImagePolicyWebhook', off: true, make: imagePolicyWebhook, problem: imagePolicyProblem },
  {
    name: 'PodSecurity',
    make: ({ metrics }, given) =>
      podSecurity(metrics.podSecurity(), given && podSecurityConfiguration(given).configuration),
    problem(given) {
      const [error] = given ? podSecurityConfiguration(given).errors : []
      return error && fieldErrorMessage(error)
    },
  },
  { name: 'PodNodeSelector', off: true, make: (_, given) => podNodeSelector(given?.['podNodeSelectorPluginConfig']) },
  fixed(priority),
  fixed(defaultTolerationSeconds),
  {
    name: 'PodTolerationRestriction',
    off: true,
    make: (_, given) => podTolerationRestriction(given),
    problem: (given = {}) => podTolerationProblem(given),
  },
  {
    name: 'EventRateLimit',
    off: true,
    make: ({ env }, given) => eventRateLimit(env.clock, given),
    problem: (given = {}) => eventRateLimitProblem(given),
  },
  optional(extendedResourceToleration),
  fixed(defaultStorageClass),
  fixed(storageObjectInUseProtection),
  dormant('PodGroupProtection'),
  { name: 'OwnerReferencesPermissionEnforcement', off: true, make: ownerReferencesPermissionEnforcement },
  fixed(persistentVolumeClaimResize),
  fixed(runtimeClass),
  { name: 'CertificateApproval', make: ({ authorizer }) => certificateApproval(authorizer) },
  { name: 'CertificateSigning', make: ({ authorizer }) => certificateSigning(authorizer) },
  dormant('ClusterTrustBundleAttest'),
  fixed(certificateSubjectRestriction),
  fixed(defaultIngressClass),
  optional(denyServiceExternalIPs),
  fixed(podTopologyLabels),
  dormant('PodGroupWorkloadExists'),
  fixed(nodeDeclaredFeatureValidator),
  dormant('JobValidation'),
  fixed(podResizeValidator),
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
  for (const { name, problem } of enabled({ enable, disable })) {
    const found = problem?.(configurations[name])
    if (found !== undefined)
      return `failed to initialize admission: couldn't init admission plugin ${quote(name)}: ${found}`
  }
  return undefined
}

const enabled = ({ enable = [], disable = [] }: AdmissionOptions): Known[] =>
  plugins.filter(({ name, off }) => (off ? enable.includes(name) : !disable.includes(name)))

export function admissionPlugins(services: AdmissionServices, options: AdmissionOptions = {}): AdmissionPlugin[] {
  return enabled(options).flatMap(({ name, make }) => make(services, options.configurations?.[name]) ?? [])
}

export const defaultAdmissionPlugins = (services: AdmissionServices): AdmissionPlugin[] => admissionPlugins(services)
