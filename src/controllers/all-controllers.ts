// Every controller there is, in the order they are started: what a new cluster waits for comes first.

import { attachDetachController } from './attach-detach/attach-detach-controller.ts'
import { bootstrapSignerController } from './bootstrap-token/bootstrap-signer-controller.ts'
import { tokenCleanerController } from './bootstrap-token/token-cleaner-controller.ts'
import { certificateApprovingController } from './certificates/approving-controller.ts'
import { certificateCleanerController } from './certificates/cleaner-controller.ts'
import { certificateSigningController } from './certificates/signing-controller.ts'
import { clusterRoleAggregationController } from './cluster-role-aggregation-controller.ts'
import { cronJobController } from './cronjob/cronjob-controller.ts'
import { daemonSetController } from './daemonset/daemonset-controller.ts'
import { deploymentController } from './deployment/deployment-controller.ts'
import { deviceTaintEvictionController } from './device-taint-eviction/device-taint-eviction-controller.ts'
import { disruptionController } from './disruption/disruption-controller.ts'
import { endpointsController } from './endpoints/endpoints-controller.ts'
import { endpointSliceController } from './endpoints/endpointslice-controller.ts'
import { endpointSliceMirroringController } from './endpoints/endpointslice-mirroring-controller.ts'
import { ephemeralVolumeController } from './ephemeral-volume/ephemeral-volume-controller.ts'
import { garbageCollector } from './garbage-collector/garbage-collector.ts'
import { jobController } from './job/job-controller.ts'
import { type ManagedController, managed } from './managed-controller.ts'
import { namespaceController } from './namespace/namespace-controller.ts'
import { nodeIPAMController } from './node-ipam/node-ipam-controller.ts'
import { nodeLifecycleController } from './node-lifecycle/node-lifecycle-controller.ts'
import { persistentVolumeExpander } from './persistentvolume/expander-controller.ts'
import { persistentVolumeBinder } from './persistentvolume/persistentvolume-binder.ts'
import {
  persistentVolumeClaimProtectionController,
  persistentVolumeProtectionController,
  volumeAttributesClassProtectionController,
} from './persistentvolume/protection-controllers.ts'
import { podGarbageCollector } from './pod-garbage-collector.ts'
import { horizontalPodAutoscalerController } from './podautoscaler/horizontal-pod-autoscaler-controller.ts'
import { replicaSetController, replicationControllerController } from './replicaset/replicaset-controller.ts'
import { resourceClaimController } from './resource-claim/resource-claim-controller.ts'
import { resourceQuotaController } from './resourcequota/resource-quota-controller.ts'
import { rootCACertificatePublisher } from './root-ca-certificate-publisher.ts'
import { serviceAccountController } from './service-account-controller.ts'
import { serviceCIDRController } from './service-cidr/service-cidr-controller.ts'
import { serviceLBController } from './service-lb/service-lb-controller.ts'
import { legacyTokenCleaner } from './serviceaccount-token/legacy-token-cleaner.ts'
import { serviceAccountTokenController } from './serviceaccount-token/serviceaccount-token-controller.ts'
import { statefulSetController } from './statefulset/statefulset-controller.ts'
import { taintEvictionController } from './taint-eviction/taint-eviction-controller.ts'
import { ttlAfterFinishedController } from './ttl-after-finished-controller.ts'
import { ttlController } from './ttl-controller.ts'
import { validatingAdmissionPolicyStatusController } from './validatingadmissionpolicy-status-controller.ts'

export const allControllers: readonly ManagedController[] = [
  managed(
    { name: 'serviceaccount-controller', alias: 'serviceaccount', serviceAccount: 'service-account-controller' },
    serviceAccountController,
  ),
  managed(
    {
      name: 'root-ca-certificate-publisher-controller',
      alias: 'root-ca-cert-publisher',
      serviceAccount: 'root-ca-cert-publisher',
    },
    rootCACertificatePublisher,
  ),
  managed(
    { name: 'deployment-controller', alias: 'deployment', serviceAccount: 'deployment-controller' },
    deploymentController,
  ),
  managed(
    { name: 'replicaset-controller', alias: 'replicaset', serviceAccount: 'replicaset-controller' },
    replicaSetController,
  ),
  managed(
    {
      name: 'replicationcontroller-controller',
      alias: 'replicationcontroller',
      serviceAccount: 'replication-controller',
    },
    replicationControllerController,
  ),
  managed(
    { name: 'namespace-controller', alias: 'namespace', serviceAccount: 'namespace-controller' },
    namespaceController,
  ),
  garbageCollector,
  managed(
    {
      name: 'endpointslice-controller',
      alias: 'endpointslice',
      serviceAccount: 'endpointslice-controller',
      eventSource: 'endpoint-slice-controller',
    },
    endpointSliceController,
  ),
  managed(
    { name: 'endpoints-controller', alias: 'endpoint', serviceAccount: 'endpoint-controller' },
    endpointsController,
  ),
  managed(
    { name: 'node-lifecycle-controller', alias: 'nodelifecycle', serviceAccount: 'node-controller' },
    nodeLifecycleController,
  ),
  managed(
    {
      name: 'taint-eviction-controller',
      serviceAccount: 'node-controller',
      eventSource: 'taint-eviction-controller',
    },
    taintEvictionController,
  ),
  managed(
    { name: 'pod-garbage-collector-controller', alias: 'podgc', serviceAccount: 'pod-garbage-collector' },
    podGarbageCollector,
  ),
  managed(
    {
      name: 'clusterrole-aggregation-controller',
      alias: 'clusterrole-aggregation',
      serviceAccount: 'clusterrole-aggregation-controller',
    },
    clusterRoleAggregationController,
  ),
  managed({ name: 'job-controller', alias: 'job', serviceAccount: 'job-controller' }, jobController),
  managed({ name: 'cronjob-controller', alias: 'cronjob', serviceAccount: 'cronjob-controller' }, cronJobController),
  managed(
    {
      name: 'ttl-after-finished-controller',
      alias: 'ttl-after-finished',
      serviceAccount: 'ttl-after-finished-controller',
    },
    ttlAfterFinishedController,
  ),
  managed(
    {
      name: 'daemonset-controller',
      alias: 'daemonset',
      serviceAccount: 'daemon-set-controller',
      eventSource: 'daemonset-controller',
    },
    daemonSetController,
  ),
  managed(
    { name: 'statefulset-controller', alias: 'statefulset', serviceAccount: 'statefulset-controller' },
    statefulSetController,
  ),
  managed(
    {
      name: 'validatingadmissionpolicy-status-controller',
      serviceAccount: 'validatingadmissionpolicy-status-controller',
    },
    validatingAdmissionPolicyStatusController,
  ),
  disruptionController,
  managed(
    { name: 'resourcequota-controller', alias: 'resourcequota', serviceAccount: 'resourcequota-controller' },
    resourceQuotaController,
  ),
  managed(
    {
      name: 'horizontal-pod-autoscaler-controller',
      alias: 'horizontalpodautoscaling',
      serviceAccount: 'horizontal-pod-autoscaler',
    },
    horizontalPodAutoscalerController,
  ),
  managed(
    {
      name: 'endpointslice-mirroring-controller',
      alias: 'endpointslicemirroring',
      serviceAccount: 'endpointslicemirroring-controller',
      eventSource: 'endpoint-slice-mirroring-controller',
    },
    endpointSliceMirroringController,
  ),
  managed(
    // Service accounts have no tokens before it has run: it works as the manager itself.
    { name: 'serviceaccount-token-controller', alias: 'serviceaccount-token' },
    serviceAccountTokenController,
  ),
  managed(
    {
      name: 'legacy-serviceaccount-token-cleaner-controller',
      alias: 'legacy-service-account-token-cleaner',
      serviceAccount: 'legacy-service-account-token-cleaner',
    },
    legacyTokenCleaner,
  ),
  managed(
    {
      name: 'certificatesigningrequest-approving-controller',
      alias: 'csrapproving',
      serviceAccount: 'certificate-controller',
    },
    certificateApprovingController,
  ),
  managed(
    {
      name: 'certificatesigningrequest-signing-controller',
      alias: 'csrsigning',
      serviceAccount: 'certificate-controller',
    },
    certificateSigningController,
  ),
  managed(
    {
      name: 'certificatesigningrequest-cleaner-controller',
      alias: 'csrcleaner',
      serviceAccount: 'certificate-controller',
    },
    certificateCleanerController,
  ),
  managed(
    {
      name: 'bootstrap-signer-controller',
      alias: 'bootstrapsigner',
      serviceAccount: 'bootstrap-signer',
      disabledByDefault: true,
    },
    bootstrapSignerController,
  ),
  managed(
    {
      name: 'token-cleaner-controller',
      alias: 'tokencleaner',
      serviceAccount: 'token-cleaner',
      disabledByDefault: true,
    },
    tokenCleanerController,
  ),
  managed({ name: 'service-cidr-controller', serviceAccount: 'service-cidrs-controller' }, serviceCIDRController),
  // For clusters of one machine: elsewhere load balancers are a cloud's.
  managed(
    { name: 'service-lb-controller', alias: 'service', serviceAccount: 'service-controller', disabledByDefault: true },
    serviceLBController,
  ),
  managed(
    {
      name: 'node-ipam-controller',
      alias: 'nodeipam',
      serviceAccount: 'node-controller',
      eventSource: 'cidrAllocator',
    },
    nodeIPAMController,
  ),
  managed({ name: 'ttl-controller', alias: 'ttl', serviceAccount: 'ttl-controller' }, ttlController),
  managed(
    {
      name: 'persistentvolume-binder-controller',
      alias: 'persistentvolume-binder',
      serviceAccount: 'persistent-volume-binder',
      eventSource: 'persistentvolume-controller',
    },
    persistentVolumeBinder,
  ),
  managed(
    {
      name: 'persistentvolumeclaim-protection-controller',
      alias: 'pvc-protection',
      serviceAccount: 'pvc-protection-controller',
    },
    persistentVolumeClaimProtectionController,
  ),
  managed(
    {
      name: 'persistentvolume-protection-controller',
      alias: 'pv-protection',
      serviceAccount: 'pv-protection-controller',
    },
    persistentVolumeProtectionController,
  ),
  managed(
    {
      name: 'volumeattributesclass-protection-controller',
      serviceAccount: 'volumeattributesclass-protection-controller',
    },
    volumeAttributesClassProtectionController,
  ),
  managed(
    {
      name: 'ephemeral-volume-controller',
      alias: 'ephemeral-volume',
      serviceAccount: 'ephemeral-volume-controller',
      eventSource: 'ephemeral_volume',
    },
    ephemeralVolumeController,
  ),
  managed(
    {
      name: 'persistentvolume-attach-detach-controller',
      alias: 'attachdetach',
      serviceAccount: 'attachdetach-controller',
    },
    attachDetachController,
  ),
  managed(
    {
      name: 'persistentvolume-expander-controller',
      alias: 'persistentvolume-expander',
      serviceAccount: 'expand-controller',
      eventSource: 'volume_expand',
    },
    persistentVolumeExpander,
  ),
  managed(
    {
      name: 'resourceclaim-controller',
      alias: 'resource-claim-controller',
      serviceAccount: 'resource-claim-controller',
      eventSource: 'resource_claim',
    },
    resourceClaimController,
  ),
  managed(
    { name: 'device-taint-eviction-controller', serviceAccount: 'device-taint-eviction-controller' },
    deviceTaintEvictionController,
  ),
]
