import { expect, test } from 'vitest'
import { virtualEnv } from '../../machinery/env/virtual-env.ts'
import { admissionOptionsProblem, admissionPlugins, pluginNames } from './default-plugins.ts'
import { services } from './testing/admission-cluster.ts'

/** Upstream's AllOrderedPlugins, and which of them are on by default. */
const upstream: readonly [name: string, state: 'on' | 'off' | 'dormant'][] = [
  ['AlwaysAdmit', 'off'],
  ['NamespaceAutoProvision', 'off'],
  ['NamespaceLifecycle', 'on'],
  ['NamespaceExists', 'off'],
  ['LimitPodHardAntiAffinityTopology', 'off'],
  ['LimitRanger', 'on'],
  ['ServiceAccount', 'on'],
  // Off upstream; whoever has the Node authorizer (as kubeadm does) turns it on.
  ['NodeRestriction', 'on'],
  ['TaintNodesByCondition', 'on'],
  ['AlwaysPullImages', 'off'],
  ['ImagePolicyWebhook', 'off'],
  ['PodSecurity', 'on'],
  ['PodNodeSelector', 'off'],
  ['Priority', 'on'],
  ['DefaultTolerationSeconds', 'on'],
  ['PodTolerationRestriction', 'off'],
  ['EventRateLimit', 'off'],
  ['ExtendedResourceToleration', 'off'],
  ['DefaultStorageClass', 'on'],
  ['StorageObjectInUseProtection', 'on'],
  ['PodGroupProtection', 'dormant'],
  ['OwnerReferencesPermissionEnforcement', 'off'],
  ['PersistentVolumeClaimResize', 'on'],
  ['RuntimeClass', 'on'],
  ['CertificateApproval', 'on'],
  ['CertificateSigning', 'on'],
  ['ClusterTrustBundleAttest', 'dormant'],
  ['CertificateSubjectRestriction', 'on'],
  ['DefaultIngressClass', 'on'],
  ['DenyServiceExternalIPs', 'off'],
  ['PodTopologyLabels', 'on'],
  ['PodGroupWorkloadExists', 'dormant'],
  ['NodeDeclaredFeatureValidator', 'on'],
  ['JobValidation', 'dormant'],
  ['PodResizeValidator', 'on'],
  ['MutatingAdmissionPolicy', 'on'],
  ['MutatingAdmissionWebhook', 'on'],
  ['ValidatingAdmissionPolicy', 'on'],
  ['ValidatingAdmissionWebhook', 'on'],
  ['ResourceQuota', 'on'],
  ['AlwaysDeny', 'off'],
]

test('the plugins are upstream’s, in its order', () => {
  expect(pluginNames).toEqual(upstream.map(([name]) => name))
})

test('those that are on by default are', () => {
  const on = upstream.flatMap(([name, state]) => (state === 'on' ? [name] : []))
  expect(admissionPlugins(services(virtualEnv())).map(({ name }) => name)).toEqual(on)
})

test.each(upstream)('%s, which is %s, can be turned on and off', (name, state) => {
  const configurations = { EventRateLimit: { limits: [{ type: 'Server', qps: 1, burst: 1 }] }, ImagePolicyWebhook: {} }
  const names = (options: object) =>
    admissionPlugins(services(virtualEnv()), { configurations, ...options }).map(plugin => plugin.name)
  expect(names({ enable: [name] }).includes(name)).toBe(state !== 'dormant')
  expect(names({ disable: [name] })).not.toContain(name)
})

test.each<[string, object]>([
  ['enable-admission-plugins plugin "Nosuch" is unknown', { enable: ['Nosuch'] }],
  ['disable-admission-plugins plugin "Nosuch" is unknown', { disable: ['Nosuch'] }],
  [
    '[Priority] in enable-admission-plugins and disable-admission-plugins overlapped',
    { enable: ['Priority'], disable: ['Priority'] },
  ],
  [
    'failed to initialize admission: couldn\'t init admission plugin "EventRateLimit": limits: Invalid value: null: must not be empty',
    { enable: ['EventRateLimit'] },
  ],
  [
    'failed to initialize admission: couldn\'t init admission plugin "EventRateLimit": [limits[0].type: Unsupported value: "Pod": supported values: "Server", "Namespace", "User", "SourceAndObject", limits[0].burst: Invalid value: 0: must be positive, limits[0].qps: Invalid value: -1: must be positive, limits[0].cacheSize: Invalid value: -5: must not be negative]',
    {
      enable: ['EventRateLimit'],
      configurations: { EventRateLimit: { limits: [{ type: 'Pod', qps: -1, cacheSize: -5 }] } },
    },
  ],
  [
    'failed to initialize admission: couldn\'t init admission plugin "ImagePolicyWebhook": no config specified',
    { enable: ['ImagePolicyWebhook'] },
  ],
  [
    'failed to initialize admission: couldn\'t init admission plugin "ImagePolicyWebhook": valid value is between 1s and 30m0s, got 2h0m0s',
    { enable: ['ImagePolicyWebhook'], configurations: { ImagePolicyWebhook: { imagePolicy: { allowTTL: 7200 } } } },
  ],
  [
    'failed to initialize admission: couldn\'t init admission plugin "PodTolerationRestriction": invalid config: [podtolerationrestriction.default[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"]',
    {
      enable: ['PodTolerationRestriction'],
      configurations: { PodTolerationRestriction: { default: [{ operator: 'Equal' }] } },
    },
  ],
])('%s', (problem, options) => {
  expect(admissionOptionsProblem(options)).toBe(problem)
})

test('plugins that are not on are not asked about their configuration', () => {
  expect(admissionOptionsProblem({ configurations: { EventRateLimit: {} } })).toBeUndefined()
})
