// Where upstream's internal types are unlike what is declared: whatever is not said here has the declared fields, in
// their order, by the declared names with a capital letter.

/** Words that are written in capitals where they begin a name. */
export const initials =
  /^(?:api|aws|ca|cel|cidr|csi|dns|fc|fs|gce|gid|gmsa|grpc|http|id|ip|iqn|iscsi|json|nfs|os|qos|rbd|se|ssl|tcp|tls|ttl|tty|uid|url|wwid)(?=[A-Z]|s?$)/

/** By the last three parts of the definition's name: which field is called what. */
export const renamed: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'apiextensions.v1.JSONSchemaProps': {
    $schema: 'Schema',
    $ref: 'Ref',
    'x-kubernetes-preserve-unknown-fields': 'XPreserveUnknownFields',
    'x-kubernetes-embedded-resource': 'XEmbeddedResource',
    'x-kubernetes-int-or-string': 'XIntOrString',
    'x-kubernetes-list-map-keys': 'XListMapKeys',
    'x-kubernetes-list-type': 'XListType',
    'x-kubernetes-map-type': 'XMapType',
    'x-kubernetes-validations': 'XValidations',
  },
  'apiextensions.v1.WebhookConversion': { clientConfig: 'WebhookClientConfig' },
  'core.v1.AzureDiskVolumeSource': { diskURI: 'DataDiskURI' },
  'core.v1.ContainerStatus': { lastState: 'LastTerminationState' },
  'core.v1.Event': { reportingComponent: 'ReportingController' },
  'core.v1.GCEPersistentDiskVolumeSource': { pdName: 'PDName' },
  'core.v1.GlusterfsPersistentVolumeSource': { endpoints: 'EndpointsName' },
  'core.v1.GlusterfsVolumeSource': { endpoints: 'EndpointsName' },
  'core.v1.ISCSIPersistentVolumeSource': {
    chapAuthDiscovery: 'DiscoveryCHAPAuth',
    chapAuthSession: 'SessionCHAPAuth',
  },
  'core.v1.ISCSIVolumeSource': { chapAuthDiscovery: 'DiscoveryCHAPAuth', chapAuthSession: 'SessionCHAPAuth' },
  'core.v1.NodeSpec': { externalID: 'DoNotUseExternalID' },
  'core.v1.PersistentVolumeSource': { cephfs: 'CephFS', storageos: 'StorageOS' },
  'core.v1.PersistentVolumeSpec': { cephfs: 'CephFS', storageos: 'StorageOS' },
  'core.v1.RBDPersistentVolumeSource': {
    monitors: 'CephMonitors',
    image: 'RBDImage',
    pool: 'RBDPool',
    user: 'RadosUser',
  },
  'core.v1.RBDVolumeSource': { monitors: 'CephMonitors', image: 'RBDImage', pool: 'RBDPool', user: 'RadosUser' },
  'core.v1.Volume': { cephfs: 'CephFS', storageos: 'StorageOS' },
  'resource.v1.DeviceAttribute': {
    int: 'IntValue',
    bool: 'BoolValue',
    string: 'StringValue',
    version: 'VersionValue',
    ints: 'IntValues',
    bools: 'BoolValues',
    strings: 'StringValues',
    versions: 'VersionValues',
  },
}

const persistentVolumeSource =
  'gcePersistentDisk awsElasticBlockStore hostPath glusterfs nfs rbd quobyte iscsi flexVolume cinder cephfs fc flocker azureFile vsphereVolume azureDisk photonPersistentDisk portworxVolume scaleIO local storageos csi'

/** Types that have their fields in another order, or not all of them. */
export const ordered: Readonly<Record<string, string>> = {
  'admissionregistration.v1.ValidatingAdmissionPolicySpec':
    'paramKind matchConstraints validations matchConditions failurePolicy auditAnnotations variables',
  'apiextensions.v1.JSONSchemaProps':
    'id $schema $ref description type nullable format title default maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems minItems uniqueItems multipleOf enum maxProperties minProperties required items allOf oneOf anyOf not properties additionalProperties patternProperties dependencies additionalItems definitions externalDocs example x-kubernetes-preserve-unknown-fields x-kubernetes-embedded-resource x-kubernetes-int-or-string x-kubernetes-list-map-keys x-kubernetes-list-type x-kubernetes-map-type x-kubernetes-validations',
  'autoscaling.v2.ContainerResourceMetricSource': 'name container target',
  'autoscaling.v2.ContainerResourceMetricStatus': 'name container current',
  'batch.v1.JobSpec':
    'parallelism completions podFailurePolicy successPolicy activeDeadlineSeconds backoffLimit backoffLimitPerIndex maxFailedIndexes selector manualSelector template ttlSecondsAfterFinished completionMode suspend podReplacementPolicy managedBy',
  'batch.v1.JobStatus':
    'conditions startTime completionTime active terminating ready succeeded failed completedIndexes failedIndexes uncountedTerminatedPods',
  'core.v1.NodeSpec': 'podCIDRs providerID unschedulable taints configSource externalID',
  'core.v1.PersistentVolumeSource': persistentVolumeSource,
  'core.v1.PersistentVolumeSpec': `capacity ${persistentVolumeSource} accessModes claimRef persistentVolumeReclaimPolicy storageClassName mountOptions volumeMode nodeAffinity volumeAttributesClassName`,
  'core.v1.PodSecurityContext':
    'seLinuxOptions windowsOptions runAsUser runAsGroup runAsNonRoot supplementalGroups supplementalGroupsPolicy fsGroup fsGroupChangePolicy sysctls seccompProfile appArmorProfile seLinuxChangePolicy',
  'core.v1.PodSpec':
    'volumes initContainers containers ephemeralContainers restartPolicy terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy nodeSelector serviceAccountName automountServiceAccountToken nodeName securityContext imagePullSecrets hostname subdomain setHostnameAsFQDN affinity schedulerName tolerations hostAliases priorityClassName priority preemptionPolicy dnsConfig readinessGates runtimeClassName overhead enableServiceLinks topologySpreadConstraints os schedulingGates resourceClaims resources hostnameOverride schedulingGroup',
  'core.v1.PodStatus':
    'observedGeneration phase conditions message reason nominatedNodeName hostIP hostIPs podIPs startTime qosClass initContainerStatuses containerStatuses ephemeralContainerStatuses resize resourceClaimStatuses extendedResourceClaimStatus allocatedResources resources nodeAllocatableResourceClaimStatuses',
  'core.v1.Secret': 'metadata immutable data type',
  'core.v1.ServiceSpec':
    'type ports selector clusterIP clusterIPs ipFamilies ipFamilyPolicy externalName externalIPs loadBalancerIP sessionAffinity sessionAffinityConfig loadBalancerSourceRanges externalTrafficPolicy healthCheckNodePort publishNotReadyAddresses allocateLoadBalancerNodePorts loadBalancerClass internalTrafficPolicy trafficDistribution',
  'core.v1.Volume':
    'name hostPath emptyDir gcePersistentDisk awsElasticBlockStore gitRepo secret nfs iscsi glusterfs persistentVolumeClaim rbd quobyte flexVolume cinder cephfs flocker downwardAPI fc azureFile configMap vsphereVolume azureDisk photonPersistentDisk projected portworxVolume scaleIO storageos csi ephemeral image',
  'storage.v1.CSIDriverSpec':
    'attachRequired fsGroupPolicy podInfoOnMount volumeLifecycleModes storageCapacity tokenRequests requiresRepublish seLinuxMount nodeAllocatableUpdatePeriodSeconds serviceAccountTokenInSecrets preventPodSchedulingIfMissing',
}

/** Of a pod's spec: these stand at the head of its security context. */
export const inSecurityContext = ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace', 'hostUsers']
