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
import { selinuxWarningController } from './selinux-warning/selinux-warning-controller.ts'
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
    {
      name: 'serviceaccount-controller',
      queue: 'serviceaccount',
      alias: 'serviceaccount',
      serviceAccount: 'service-account-controller',
    },
    serviceAccountController,
  ),
  managed(
    {
      name: 'root-ca-certificate-publisher-controller',
      queue: 'root_ca_cert_publisher',
      alias: 'root-ca-cert-publisher',
      serviceAccount: 'root-ca-cert-publisher',
    },
    rootCACertificatePublisher,
  ),
  managed(
    {
      name: 'deployment-controller',
      queue: 'deployment',
      alias: 'deployment',
      serviceAccount: 'deployment-controller',
    },
    deploymentController,
  ),
  managed(
    {
      name: 'replicaset-controller',
      queue: 'replicaset',
      alias: 'replicaset',
      serviceAccount: 'replicaset-controller',
    },
    replicaSetController,
  ),
  managed(
    {
      name: 'replicationcontroller-controller',
      queue: 'replicationmanager',
      alias: 'replicationcontroller',
      serviceAccount: 'replication-controller',
    },
    replicationControllerController,
  ),
  managed(
    { name: 'namespace-controller', queue: 'namespace', alias: 'namespace', serviceAccount: 'namespace-controller' },
    namespaceController,
  ),
  garbageCollector,
  managed(
    {
      name: 'endpointslice-controller',
      queue: 'endpoint_slice',
      alias: 'endpointslice',
      serviceAccount: 'endpointslice-controller',
      eventSource: 'endpoint-slice-controller',
    },
    endpointSliceController,
  ),
  managed(
    { name: 'endpoints-controller', queue: 'endpoint', alias: 'endpoint', serviceAccount: 'endpoint-controller' },
    endpointsController,
  ),
  managed(
    {
      name: 'node-lifecycle-controller',
      queue: 'node_lifecycle_controller',
      alias: 'nodelifecycle',
      serviceAccount: 'node-controller',
    },
    nodeLifecycleController,
  ),
  managed(
    {
      name: 'taint-eviction-controller',
      queue: 'noexec_taint_pod',
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
      queue: 'ClusterRoleAggregator',
      alias: 'clusterrole-aggregation',
      serviceAccount: 'clusterrole-aggregation-controller',
    },
    clusterRoleAggregationController,
  ),
  managed({ name: 'job-controller', queue: 'job', alias: 'job', serviceAccount: 'job-controller' }, jobController),
  managed(
    { name: 'cronjob-controller', queue: 'cronjob', alias: 'cronjob', serviceAccount: 'cronjob-controller' },
    cronJobController,
  ),
  managed(
    {
      name: 'ttl-after-finished-controller',
      queue: 'ttl_jobs_to_delete',
      alias: 'ttl-after-finished',
      serviceAccount: 'ttl-after-finished-controller',
    },
    ttlAfterFinishedController,
  ),
  managed(
    {
      name: 'daemonset-controller',
      queue: 'daemonset',
      alias: 'daemonset',
      serviceAccount: 'daemon-set-controller',
      eventSource: 'daemonset-controller',
    },
    daemonSetController,
  ),
  managed(
    {
      name: 'statefulset-controller',
      queue: 'statefulset',
      alias: 'statefulset',
      serviceAccount: 'statefulset-controller',
    },
    statefulSetController,
  ),
  managed(
    {
      name: 'validatingadmissionpolicy-status-controller',
      queue: 'validatingadmissionpolicy-status',
      serviceAccount: 'validatingadmissionpolicy-status-controller',
    },
    validatingAdmissionPolicyStatusController,
  ),
  disruptionController,
  managed(
    {
      name: 'resourcequota-controller',
      queue: 'resourcequota_primary',
      alias: 'resourcequota',
      serviceAccount: 'resourcequota-controller',
    },
    resourceQuotaController,
  ),
  managed(
    {
      name: 'horizontal-pod-autoscaler-controller',
      queue: 'horizontalpodautoscaler',
      alias: 'horizontalpodautoscaling',
      serviceAccount: 'horizontal-pod-autoscaler',
    },
    horizontalPodAutoscalerController,
  ),
  managed(
    {
      name: 'endpointslice-mirroring-controller',
      queue: 'endpoint_slice_mirroring',
      alias: 'endpointslicemirroring',
      serviceAccount: 'endpointslicemirroring-controller',
      eventSource: 'endpoint-slice-mirroring-controller',
    },
    endpointSliceMirroringController,
  ),
  managed(
    // Service accounts have no tokens before it has run: it works as the manager itself.
    { name: 'serviceaccount-token-controller', queue: 'serviceaccount_tokens_service', alias: 'serviceaccount-token' },
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
      queue: 'certificate',
      alias: 'csrapproving',
      serviceAccount: 'certificate-controller',
    },
    certificateApprovingController,
  ),
  managed(
    {
      name: 'certificatesigningrequest-signing-controller',
      queue: 'certificate',
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
      queue: 'bootstrap_signer_queue',
      alias: 'bootstrapsigner',
      serviceAccount: 'bootstrap-signer',
      disabledByDefault: true,
    },
    bootstrapSignerController,
  ),
  managed(
    {
      name: 'token-cleaner-controller',
      queue: 'token_cleaner',
      alias: 'tokencleaner',
      serviceAccount: 'token-cleaner',
      disabledByDefault: true,
    },
    tokenCleanerController,
  ),
  managed(
    { name: 'service-cidr-controller', queue: 'ipaddresses', serviceAccount: 'service-cidrs-controller' },
    serviceCIDRController,
  ),
  // For clusters of one machine: elsewhere load balancers are a cloud's.
  managed(
    { name: 'service-lb-controller', alias: 'service', serviceAccount: 'service-controller', disabledByDefault: true },
    serviceLBController,
  ),
  managed(
    {
      name: 'node-ipam-controller',
      queue: 'cidrallocator_node',
      alias: 'nodeipam',
      serviceAccount: 'node-controller',
      eventSource: 'cidrAllocator',
    },
    nodeIPAMController,
  ),
  managed(
    { name: 'ttl-controller', queue: 'ttlcontroller', alias: 'ttl', serviceAccount: 'ttl-controller' },
    ttlController,
  ),
  managed(
    {
      name: 'persistentvolume-binder-controller',
      queue: 'claims',
      alias: 'persistentvolume-binder',
      serviceAccount: 'persistent-volume-binder',
      eventSource: 'persistentvolume-controller',
    },
    persistentVolumeBinder,
  ),
  managed(
    {
      name: 'persistentvolumeclaim-protection-controller',
      queue: 'pvcprotection',
      alias: 'pvc-protection',
      serviceAccount: 'pvc-protection-controller',
    },
    persistentVolumeClaimProtectionController,
  ),
  managed(
    {
      name: 'persistentvolume-protection-controller',
      queue: 'pvprotection',
      alias: 'pv-protection',
      serviceAccount: 'pv-protection-controller',
    },
    persistentVolumeProtectionController,
  ),
  managed(
    {
      name: 'volumeattributesclass-protection-controller',
      queue: 'vacprotection',
      serviceAccount: 'volumeattributesclass-protection-controller',
    },
    volumeAttributesClassProtectionController,
  ),
  managed(
    {
      name: 'ephemeral-volume-controller',
      queue: 'ephemeral_volume',
      alias: 'ephemeral-volume',
      serviceAccount: 'ephemeral-volume-controller',
      eventSource: 'ephemeral_volume',
    },
    ephemeralVolumeController,
  ),
  managed(
    {
      name: 'persistentvolume-attach-detach-controller',
      queue: 'pvcs',
      alias: 'attachdetach',
      serviceAccount: 'attachdetach-controller',
    },
    attachDetachController,
  ),
  managed(
    {
      name: 'persistentvolume-expander-controller',
      queue: 'volume_expand',
      alias: 'persistentvolume-expander',
      serviceAccount: 'expand-controller',
      eventSource: 'volume_expand',
    },
    persistentVolumeExpander,
  ),
  managed(
    {
      name: 'resourceclaim-controller',
      queue: 'resource_claim',
      alias: 'resource-claim-controller',
      serviceAccount: 'resource-claim-controller',
      eventSource: 'resource_claim',
    },
    resourceClaimController,
  ),
  managed(
    {
      name: 'selinux-warning-controller',
      queue: 'selinux_warning',
      serviceAccount: 'selinux-warning-controller',
      eventSource: 'selinux_warning',
      disabledByDefault: true,
    },
    selinuxWarningController,
  ),
  managed(
    {
      name: 'device-taint-eviction-controller',
      queue: 'device-taint-eviction-controller',
      serviceAccount: 'device-taint-eviction-controller',
    },
    deviceTaintEvictionController,
  ),
]
