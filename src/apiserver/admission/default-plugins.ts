// The plugins that are on by default, in upstream's order (pkg/kubeapiserver/options/plugins.go).

import type { AdmissionPlugin, AdmissionServices } from './admission.ts'
import { defaultIngressClass } from './default-ingress-class.ts'
import { defaultStorageClass } from './default-storage-class.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { limitRanger } from './limit-ranger.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction.ts'
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts'
import { podSecurity } from './pod-security/pod-security.ts'
import { mutatingAdmissionPolicy } from './policy/mutating-admission-policy.ts'
import { validatingAdmissionPolicy } from './policy/validating-admission-policy.ts'
import { priority } from './priority.ts'
import { resourceQuota } from './resource-quota/resource-quota.ts'
import { runtimeClass } from './runtime-class.ts'
import { serviceAccount } from './service-account.ts'
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition.ts'
import { mutatingAdmissionWebhook } from './webhook/mutating-admission-webhook.ts'
import { validatingAdmissionWebhook } from './webhook/validating-admission-webhook.ts'

export function defaultAdmissionPlugins(services: AdmissionServices): AdmissionPlugin[] {
  return [
    namespaceLifecycle,
    limitRanger,
    serviceAccount(services.env),
    nodeRestriction,
    taintNodesByCondition,
    podSecurity(),
    priority,
    defaultTolerationSeconds,
    defaultStorageClass,
    storageObjectInUseProtection,
    persistentVolumeClaimResize,
    runtimeClass,
    defaultIngressClass,
    mutatingAdmissionPolicy(services),
    mutatingAdmissionWebhook(services),
    validatingAdmissionPolicy(services),
    validatingAdmissionWebhook(services),
    resourceQuota(services),
  ]
}
