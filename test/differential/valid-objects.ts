// A valid object of every built-in kind that can be created, with the fields that people use.

export interface ValidObject {
  readonly object: any
  /** The resource's path below the group and version. */
  readonly resource: string
  readonly namespaced?: boolean
  /** What its status may be. */
  readonly status?: any
  /** Stored before others are tried against it; left out where only variants are created. */
  readonly title?: string
}

const labels = { app: 'web', 'app.kubernetes.io/name': 'web' }
const selector = { matchLabels: { app: 'web' } }

export const container = {
  name: 'web',
  image: 'registry.example/web:1.0',
  command: ['/web'],
  args: ['--port=$(PORT)'],
  env: [
    { name: 'PORT', value: '8080' },
    { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
    { name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'key', optional: true } } },
  ],
  envFrom: [{ prefix: 'X_', configMapRef: { name: 'settings' } }],
  ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
  resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '200m', memory: '128Mi' } },
  volumeMounts: [
    { name: 'data', mountPath: '/data' },
    { name: 'config', mountPath: '/etc/web', readOnly: true },
  ],
  livenessProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 5 },
  readinessProbe: { tcpSocket: { port: 8080 } },
  startupProbe: { exec: { command: ['true'] }, failureThreshold: 30 },
  lifecycle: { preStop: { exec: { command: ['sleep', '1'] } } },
  securityContext: { runAsNonRoot: true, runAsUser: 1000, capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } },
}

export const podSpec = {
  containers: [container],
  initContainers: [
    { name: 'init', image: 'registry.example/init:1.0' },
    { name: 'side', image: 'registry.example/side:1.0', restartPolicy: 'Always' },
  ],
  volumes: [
    { name: 'data', emptyDir: { sizeLimit: '1Gi' } },
    { name: 'config', configMap: { name: 'settings', items: [{ key: 'a', path: 'a.txt' }], defaultMode: 420 } },
    { name: 'tokens', projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'api' } }] } },
  ],
  nodeSelector: { disk: 'ssd' },
  tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'web', effect: 'NoExecute', tolerationSeconds: 60 }],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }],
      },
    },
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 1, podAffinityTerm: { labelSelector: selector, topologyKey: 'kubernetes.io/hostname' } },
      ],
    },
  },
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: selector },
  ],
  securityContext: { fsGroup: 2000, sysctls: [{ name: 'net.ipv4.ip_local_port_range', value: '1024 65000' }] },
  hostAliases: [{ ip: '10.0.0.1', hostnames: ['db.example'] }],
  dnsConfig: { nameservers: ['10.0.0.10'], searches: ['example'], options: [{ name: 'ndots', value: '2' }] },
  terminationGracePeriodSeconds: 30,
  automountServiceAccountToken: false,
}

const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'registry.example/web:1.0' }] } }
const jobTemplate = {
  metadata: { labels },
  spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'registry.example/work:1.0' }] },
}

const named = (apiVersion: string, kind: string, rest: object) => ({
  apiVersion,
  kind,
  metadata: { name: 'web', labels: { app: 'web' }, annotations: { note: 'text' } },
  ...rest,
})

const in_ = (apiVersion: string, kind: string, resource: string, rest: object, status?: object): ValidObject => ({
  object: named(apiVersion, kind, rest),
  resource,
  namespaced: true,
  status,
})
const across = (apiVersion: string, kind: string, resource: string, rest: object, status?: object): ValidObject => ({
  object: named(apiVersion, kind, rest),
  resource,
  status,
})

const condition = (type: string) => ({
  type,
  status: 'True',
  lastTransitionTime: '2020-01-02T03:04:05Z',
  reason: 'Fine',
  message: 'it is',
})

const rule = { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] }
const webhook = {
  name: 'check.example.com',
  clientConfig: { service: { namespace: 'hooks', name: 'hook', path: '/check' } },
  rules: [rule],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  matchConditions: [{ name: 'not-mine', expression: "request.userInfo.username != 'me'" }],
}

const certificateRequest =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlJQ1V6Q0NBVHNDQVFBd0RqRU1NQW9HQTFVRUF3d0RkMlZpTUlJQklqQU5CZ2txaGtpRzl3MEJBUUVGQUFPQwpBUThBTUlJQkNnS0NBUUVBazJSNnYvT0Q0WXh4VHdXakVhUzJXR2hvbHV0UkFDbVVhNFZGc28rcjBySE13eFRTCjRqU09HYU5DcStybERYVmt3V2NOdXdma2ljbVlrNWlWNTlPVmt2d1ZBUkQyVlA3MzhnR3RraGhleEM0cWh3M1YKRHE2ZkxNenF0T0dhbXBvRjgzaEpKWWtYS01WTTlvM0M1UVVDQ3F4RFYzSmQ1aXFWYlhrRUJUU2UxbmVIb213SgphL3M3cmF6YXlVcG42OUkvSXU4TDFvYndOdnBDR0RxTk8wMUpQczNrNk1YYmFYME1kVDhJWGxTbVdON0dWZ2FICkJPS21jMGNOTUhORWRvTHVSN2VQT1F5S0lqWVQzOEhCZzhuQ0ZhUS9NaTJKYlNsL3VicnRvUVlWZUR4KzljTE8KOTRHWHBFek55ZVgzVlRJSE5WR0pBUWFYdlY2MkcrSWk2WXhkWlFJREFRQUJvQUF3RFFZSktvWklodmNOQVFFTApCUUFEZ2dFQkFGeEV5aE1NTjJEbGQ3MjdBTlFYbHg0ZXhHVlE3ZVFGM0haaFhVS1ZQWmRBTTB4L2RScE1tY29zCnl6UldBdldlUVhJQkFrb2tBSFhkbFRwRW9Cc1JQbVIzMWZLeE1mRjZnS2h4cGxYQk1uaFpPcVB2N0MydVpCZ1MKUDVFOCtHR3BoSXJXcTZkeE9tN0RGM2dZVzh0YStlOVVRd3p3RWVqNW5Fb0k3RVArdDlWZzBNK1RZY0pJbnFxUwpuakZNQzlDT3NPVzBzMU1xYkd2Rm8rWXhOYmNyajFyTHJzT2xQSkMrbit1WHBnQUVjdUpzRUlBWGU5WE85UFRFCjc1OTRTVTNPaHBrWmx1TU1ybC9aSElRdDNXdlNqbytlQmhWNEZxZk8yS3J3YVJyUE1GZ2FWYmRCL0Z2bm1waXIKU1pheTdXL2V3Y0JpbEJ4RlI1V2ErNFdlZVhVeHhiQT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg=='

export const validObjects: readonly ValidObject[] = [
  in_('v1', 'ConfigMap', 'configmaps', { data: { a: '1' }, binaryData: { b: 'YQ==' } }),
  in_('v1', 'Secret', 'secrets', { type: 'Opaque', data: { a: 'YQ==' }, stringData: { b: 'text' } }),
  {
    ...in_('v1', 'Secret', 'secrets', {
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': 'eyJhdXRocyI6e319' },
    }),
    title: 'Secret (docker)',
  },
  {
    ...in_('v1', 'Secret', 'secrets', { type: 'kubernetes.io/tls', data: { 'tls.crt': '', 'tls.key': '' } }),
    title: 'Secret (tls)',
  },
  in_('v1', 'ServiceAccount', 'serviceaccounts', {
    secrets: [{ name: 's' }],
    imagePullSecrets: [{ name: 'p' }],
    automountServiceAccountToken: true,
  }),
  in_(
    'v1',
    'Pod',
    'pods',
    { spec: podSpec },
    {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2020-01-02T03:04:05Z' }],
      podIP: '10.1.1.1',
      podIPs: [{ ip: '10.1.1.1' }],
      hostIP: '10.2.2.2',
      hostIPs: [{ ip: '10.2.2.2' }],
      startTime: '2020-01-02T03:04:05Z',
      containerStatuses: [
        {
          name: 'web',
          image: 'registry.example/web:1.0',
          imageID: 'id',
          containerID: 'containerd://1',
          ready: true,
          started: true,
          restartCount: 1,
          state: { running: { startedAt: '2020-01-02T03:04:05Z' } },
          lastState: { terminated: { exitCode: 1, reason: 'Error', containerID: 'containerd://0' } },
        },
      ],
      qosClass: 'Burstable',
    },
  ),
  {
    ...in_('v1', 'Pod', 'pods', {
      spec: {
        os: { name: 'linux' },
        hostNetwork: true,
        restartPolicy: 'OnFailure',
        resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } },
        resourceClaims: [{ name: 'gpu', resourceClaimName: 'claim' }],
        schedulingGates: [{ name: 'example.com/gate' }],
        readinessGates: [{ conditionType: 'example.com/ready' }],
        imagePullSecrets: [{ name: 'pull' }],
        priorityClassName: 'system-node-critical',
        containers: [
          {
            name: 'web',
            image: 'web',
            resources: {
              claims: [{ name: 'gpu' }],
              limits: { 'example.com/device': '1', 'hugepages-2Mi': '4Mi', cpu: '1', memory: '1Gi' },
            },
            volumeDevices: [{ name: 'block', devicePath: '/dev/block' }],
            ports: [{ containerPort: 80, hostPort: 80 }],
            terminationMessagePolicy: 'FallbackToLogsOnError',
            stdin: true,
            workingDir: '/',
            resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }],
            lifecycle: {
              postStart: { httpGet: { port: 80, scheme: 'HTTPS', httpHeaders: [{ name: 'X-A', value: 'b' }] } },
            },
            livenessProbe: { grpc: { port: 80, service: 'health' }, terminationGracePeriodSeconds: 5 },
            securityContext: {
              privileged: true,
              seccompProfile: { type: 'RuntimeDefault' },
              appArmorProfile: { type: 'Localhost', localhostProfile: 'p' },
              procMount: 'Default',
            },
          },
        ],
        volumes: [
          { name: 'block', persistentVolumeClaim: { claimName: 'block' } },
          { name: 'secret', secret: { secretName: 's', items: [{ key: 'a', path: 'a', mode: 256 }] } },
          { name: 'down', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
          { name: 'host', hostPath: { path: '/tmp', type: 'Directory' } },
          {
            name: 'own',
            ephemeral: {
              volumeClaimTemplate: {
                spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
              },
            },
          },
          { name: 'csi', csi: { driver: 'csi.example.com', volumeAttributes: { a: 'b' } } },
          { name: 'image', image: { reference: 'registry.example/data:1', pullPolicy: 'IfNotPresent' } },
          { name: 'nfs', nfs: { server: 'nfs.example', path: '/x' } },
          { name: 'iscsi', iscsi: { targetPortal: '1.2.3.4', iqn: 'iqn.2001-04.com.example:storage.disk1', lun: 0 } },
        ],
      },
    }),
    title: 'Pod (other fields)',
  },
  in_('v1', 'PodTemplate', 'podtemplates', { template }),
  in_(
    'v1',
    'ReplicationController',
    'replicationcontrollers',
    { spec: { replicas: 2, selector: labels, template } },
    {
      replicas: 2,
      readyReplicas: 1,
      availableReplicas: 1,
      fullyLabeledReplicas: 2,
      observedGeneration: 1,
      conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'r' }],
    },
  ),
  in_(
    'v1',
    'Service',
    'services',
    {
      spec: {
        type: 'NodePort',
        selector: { app: 'web' },
        ports: [
          { name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' },
          { name: 'dns', port: 53, protocol: 'UDP', appProtocol: 'example.com/dns' },
        ],
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 100 } },
        externalIPs: ['80.1.2.3'],
      },
    },
    {
      loadBalancer: { ingress: [{ ip: '1.2.3.4', ipMode: 'VIP', ports: [{ port: 80, protocol: 'TCP' }] }] },
      conditions: [condition('Ready')],
    },
  ),
  {
    ...in_('v1', 'Service', 'services', {
      spec: {
        type: 'LoadBalancer',
        ports: [{ port: 80 }],
        loadBalancerSourceRanges: ['10.0.0.0/8'],
        loadBalancerClass: 'example.com/lb',
        externalTrafficPolicy: 'Local',
        internalTrafficPolicy: 'Cluster',
        allocateLoadBalancerNodePorts: false,
        ipFamilyPolicy: 'PreferDualStack',
        trafficDistribution: 'PreferClose',
        publishNotReadyAddresses: true,
      },
    }),
    title: 'Service (load balancer)',
  },
  {
    ...in_('v1', 'Service', 'services', {
      spec: { clusterIP: 'None', ports: [{ port: 80 }], selector: { app: 'web' } },
    }),
    title: 'Service (headless)',
  },
  {
    ...in_('v1', 'Service', 'services', { spec: { type: 'ExternalName', externalName: 'db.example.com' } }),
    title: 'Service (external name)',
  },
  in_('v1', 'Endpoints', 'endpoints', {
    subsets: [
      {
        addresses: [{ ip: '10.1.1.1', hostname: 'a', nodeName: 'n', targetRef: { kind: 'Pod', name: 'p' } }],
        notReadyAddresses: [{ ip: '10.1.1.2' }],
        ports: [{ name: 'http', port: 80, protocol: 'TCP', appProtocol: 'http' }],
      },
    ],
  }),
  in_('v1', 'Event', 'events', {
    involvedObject: { apiVersion: 'v1', kind: 'Pod', name: 'web', namespace: 'NAMESPACE' },
    reason: 'Started',
    message: 'it started',
    source: { component: 'kubelet' },
    type: 'Normal',
    count: 1,
    firstTimestamp: '2020-01-02T03:04:05Z',
    lastTimestamp: '2020-01-02T03:04:05Z',
  }),
  in_('v1', 'LimitRange', 'limitranges', {
    spec: {
      limits: [
        {
          type: 'Container',
          max: { cpu: '2', memory: '1Gi' },
          min: { cpu: '1m', memory: '1Mi' },
          default: { cpu: '1', memory: '512Mi' },
          defaultRequest: { cpu: '10m', memory: '64Mi' },
          maxLimitRequestRatio: { cpu: '100' },
        },
        { type: 'Pod', max: { cpu: '4' } },
        { type: 'PersistentVolumeClaim', max: { storage: '10Gi' } },
      ],
    },
  }),
  in_(
    'v1',
    'ResourceQuota',
    'resourcequotas',
    {
      spec: {
        hard: { 'requests.cpu': '1', pods: '10', 'count/deployments.apps': '5' },
        scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] },
      },
    },
    { hard: { pods: '10' }, used: { pods: '1' } },
  ),
  in_(
    'v1',
    'PersistentVolumeClaim',
    'persistentvolumeclaims',
    {
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        storageClassName: 'fast',
        volumeMode: 'Filesystem',
        selector,
        volumeName: 'pv',
      },
    },
    {
      phase: 'Bound',
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      conditions: [{ type: 'Resizing', status: 'True' }],
      allocatedResources: { storage: '1Gi' },
      allocatedResourceStatuses: { storage: 'ControllerResizeInProgress' },
    },
  ),
  across(
    'v1',
    'PersistentVolume',
    'persistentvolumes',
    {
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        storageClassName: 'fast',
        volumeMode: 'Filesystem',
        mountOptions: ['ro'],
        claimRef: { namespace: 'default', name: 'c' },
        hostPath: { path: '/tmp/x', type: 'DirectoryOrCreate' },
        nodeAffinity: {
          required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }] },
        },
      },
    },
    { phase: 'Bound', message: 'm', reason: 'r' },
  ),
  {
    ...across('v1', 'PersistentVolume', 'persistentvolumes', {
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteMany'],
        csi: {
          driver: 'csi.example.com',
          volumeHandle: 'h',
          fsType: 'ext4',
          volumeAttributes: { a: 'b' },
          nodePublishSecretRef: { name: 's', namespace: 'n' },
        },
      },
    }),
    title: 'PersistentVolume (CSI)',
  },
  across('v1', 'Namespace', 'namespaces', { spec: { finalizers: ['kubernetes'] } }, { phase: 'Active' }),
  across(
    'v1',
    'Node',
    'nodes',
    {
      spec: {
        podCIDR: '10.1.0.0/24',
        podCIDRs: ['10.1.0.0/24'],
        providerID: 'cloud://1',
        taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }],
        unschedulable: true,
      },
    },
    {
      capacity: { cpu: '4', memory: '8Gi', pods: '110' },
      allocatable: { cpu: '4' },
      conditions: [{ type: 'Ready', status: 'True', reason: 'r' }],
      addresses: [{ type: 'InternalIP', address: '10.2.2.2' }],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: { kubeletVersion: 'v1.36.3', containerRuntimeVersion: 'containerd://2', osImage: 'os' },
      images: [{ names: ['a'], sizeBytes: 5 }],
      volumesInUse: ['v'],
      volumesAttached: [{ name: 'v', devicePath: '/d' }],
    },
  ),
  in_(
    'apps/v1',
    'Deployment',
    'deployments',
    {
      spec: {
        replicas: 3,
        selector,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 1 } },
        minReadySeconds: 1,
        revisionHistoryLimit: 5,
        progressDeadlineSeconds: 100,
        template,
      },
    },
    {
      replicas: 3,
      readyReplicas: 2,
      availableReplicas: 2,
      unavailableReplicas: 1,
      updatedReplicas: 3,
      observedGeneration: 1,
      collisionCount: 1,
      conditions: [{ type: 'Available', status: 'True', reason: 'r' }],
    },
  ),
  in_(
    'apps/v1',
    'ReplicaSet',
    'replicasets',
    { spec: { replicas: 2, selector, minReadySeconds: 1, template } },
    {
      replicas: 2,
      readyReplicas: 1,
      availableReplicas: 1,
      fullyLabeledReplicas: 2,
      observedGeneration: 1,
    },
  ),
  in_(
    'apps/v1',
    'StatefulSet',
    'statefulsets',
    {
      spec: {
        replicas: 2,
        serviceName: 'web',
        selector,
        podManagementPolicy: 'OrderedReady',
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' },
        ordinals: { start: 1 },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
        template,
      },
    },
    {
      replicas: 2,
      readyReplicas: 1,
      currentReplicas: 1,
      updatedReplicas: 1,
      currentRevision: 'a',
      updateRevision: 'b',
      collisionCount: 1,
    },
  ),
  in_(
    'apps/v1',
    'DaemonSet',
    'daemonsets',
    {
      spec: { selector, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '10%' } }, template },
    },
    {
      currentNumberScheduled: 1,
      numberMisscheduled: 0,
      desiredNumberScheduled: 1,
      numberReady: 1,
      observedGeneration: 1,
    },
  ),
  in_('apps/v1', 'ControllerRevision', 'controllerrevisions', { data: { a: 1 }, revision: 1 }),
  in_(
    'batch/v1',
    'Job',
    'jobs',
    {
      spec: {
        parallelism: 2,
        completions: 4,
        completionMode: 'Indexed',
        backoffLimit: 3,
        backoffLimitPerIndex: 1,
        maxFailedIndexes: 2,
        activeDeadlineSeconds: 100,
        ttlSecondsAfterFinished: 10,
        suspend: false,
        podReplacementPolicy: 'Failed',
        podFailurePolicy: {
          rules: [
            { action: 'FailJob', onExitCodes: { containerName: 'work', operator: 'In', values: [42] } },
            { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          ],
        },
        successPolicy: { rules: [{ succeededIndexes: '0-1', succeededCount: 1 }] },
        template: jobTemplate,
      },
    },
    {
      active: 1,
      ready: 1,
      succeeded: 0,
      failed: 0,
      startTime: '2020-01-02T03:04:05Z',
      completedIndexes: '',
      uncountedTerminatedPods: {},
    },
  ),
  in_(
    'batch/v1',
    'CronJob',
    'cronjobs',
    {
      spec: {
        schedule: '*/5 * * * *',
        timeZone: 'Europe/Berlin',
        concurrencyPolicy: 'Forbid',
        startingDeadlineSeconds: 30,
        successfulJobsHistoryLimit: 1,
        failedJobsHistoryLimit: 1,
        suspend: true,
        jobTemplate: { metadata: { labels }, spec: { template: jobTemplate } },
      },
    },
    {
      active: [{ kind: 'Job', name: 'j' }],
      lastScheduleTime: '2020-01-02T03:04:05Z',
      lastSuccessfulTime: '2020-01-02T03:04:05Z',
    },
  ),
  in_(
    'autoscaling/v2',
    'HorizontalPodAutoscaler',
    'horizontalpodautoscalers',
    {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        minReplicas: 1,
        maxReplicas: 5,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
          {
            type: 'Pods',
            pods: { metric: { name: 'rps', selector }, target: { type: 'AverageValue', averageValue: '10' } },
          },
          {
            type: 'Object',
            object: {
              describedObject: { apiVersion: 'v1', kind: 'Service', name: 's' },
              metric: { name: 'hits' },
              target: { type: 'Value', value: '10' },
            },
          },
          { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '5' } } },
          {
            type: 'ContainerResource',
            containerResource: { name: 'cpu', container: 'web', target: { type: 'AverageValue', averageValue: '1' } },
          },
        ],
        behavior: {
          scaleDown: {
            stabilizationWindowSeconds: 60,
            selectPolicy: 'Max',
            policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }],
          },
        },
      },
    },
    {
      currentReplicas: 1,
      desiredReplicas: 2,
      currentMetrics: [
        { type: 'Resource', resource: { name: 'cpu', current: { averageValue: '1', averageUtilization: 5 } } },
      ],
      conditions: [condition('AbleToScale')],
    },
  ),
  in_(
    'autoscaling/v1',
    'HorizontalPodAutoscaler',
    'horizontalpodautoscalers',
    {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        minReplicas: 1,
        maxReplicas: 5,
        targetCPUUtilizationPercentage: 50,
      },
    },
    { currentReplicas: 1, desiredReplicas: 2 },
  ),
  in_(
    'policy/v1',
    'PodDisruptionBudget',
    'poddisruptionbudgets',
    {
      spec: { minAvailable: 1, selector, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
    },
    {
      disruptionsAllowed: 1,
      currentHealthy: 1,
      desiredHealthy: 1,
      expectedPods: 1,
      conditions: [condition('DisruptionAllowed')],
    },
  ),
  in_(
    'networking.k8s.io/v1',
    'Ingress',
    'ingresses',
    {
      spec: {
        ingressClassName: 'nginx',
        defaultBackend: { service: { name: 'web', port: { number: 80 } } },
        tls: [{ hosts: ['web.example'], secretName: 'cert' }],
        rules: [
          {
            host: 'web.example',
            http: {
              paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { name: 'http' } } } }],
            },
          },
        ],
      },
    },
    { loadBalancer: { ingress: [{ ip: '1.2.3.4', hostname: 'h', ports: [{ port: 80, protocol: 'TCP' }] }] } },
  ),
  across('networking.k8s.io/v1', 'IngressClass', 'ingressclasses', {
    spec: { controller: 'example.com/ingress', parameters: { apiGroup: 'example.com', kind: 'P', name: 'p' } },
  }),
  in_('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', {
    spec: {
      podSelector: selector,
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          from: [{ namespaceSelector: {}, podSelector: selector }],
          ports: [{ protocol: 'TCP', port: 80, endPort: 90 }],
        },
      ],
      egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }], ports: [{ port: 'dns' }] }],
    },
  }),
  {
    ...across('networking.k8s.io/v1', 'IPAddress', 'ipaddresses', {
      spec: { parentRef: { resource: 'services', namespace: 'default', name: 'web' } },
    }),
    title: 'IPAddress',
  },
  across(
    'networking.k8s.io/v1',
    'ServiceCIDR',
    'servicecidrs',
    { spec: { cidrs: ['10.200.0.0/24'] } },
    { conditions: [condition('Ready')] },
  ),
  in_('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', {
    addressType: 'IPv4',
    endpoints: [
      {
        addresses: ['10.1.1.1'],
        conditions: { ready: true, serving: true, terminating: false },
        hostname: 'a',
        nodeName: 'n',
        zone: 'z',
        hints: { forZones: [{ name: 'z' }] },
        targetRef: { kind: 'Pod', name: 'p' },
      },
    ],
    ports: [{ name: 'http', port: 80, protocol: 'TCP', appProtocol: 'http' }],
  }),
  in_('events.k8s.io/v1', 'Event', 'events', {
    eventTime: '2020-01-02T03:04:05.000006Z',
    reportingController: 'example.com/c',
    reportingInstance: 'c-1',
    action: 'Act',
    reason: 'Because',
    type: 'Normal',
    regarding: { apiVersion: 'v1', kind: 'Pod', name: 'web', namespace: 'NAMESPACE' },
    note: 'text',
    series: { count: 2, lastObservedTime: '2020-01-02T03:04:05.000006Z' },
  }),
  in_('coordination.k8s.io/v1', 'Lease', 'leases', {
    spec: {
      holderIdentity: 'me',
      leaseDurationSeconds: 10,
      acquireTime: '2020-01-02T03:04:05.000006Z',
      renewTime: '2020-01-02T03:04:05.000006Z',
      leaseTransitions: 1,
    },
  }),
  in_('rbac.authorization.k8s.io/v1', 'Role', 'roles', {
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'], resourceNames: ['a'] }],
  }),
  in_('rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings', {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
    subjects: [
      { kind: 'User', name: 'u', apiGroup: 'rbac.authorization.k8s.io' },
      { kind: 'ServiceAccount', name: 's', namespace: 'n' },
    ],
  }),
  across('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', {
    rules: [{ nonResourceURLs: ['/healthz'], verbs: ['get'] }],
    aggregationRule: { clusterRoleSelectors: [selector] },
  }),
  across('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings', {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'r' },
    subjects: [{ kind: 'Group', name: 'g', apiGroup: 'rbac.authorization.k8s.io' }],
  }),
  across('storage.k8s.io/v1', 'StorageClass', 'storageclasses', {
    provisioner: 'csi.example.com',
    parameters: { a: 'b' },
    reclaimPolicy: 'Delete',
    mountOptions: ['ro'],
    allowVolumeExpansion: true,
    volumeBindingMode: 'WaitForFirstConsumer',
    allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['a'] }] }],
  }),
  across('storage.k8s.io/v1', 'CSIDriver', 'csidrivers', {
    spec: {
      attachRequired: true,
      podInfoOnMount: true,
      volumeLifecycleModes: ['Persistent'],
      fsGroupPolicy: 'File',
      tokenRequests: [{ audience: 'a', expirationSeconds: 3600 }],
      requiresRepublish: true,
      storageCapacity: true,
      seLinuxMount: true,
    },
  }),
  across('storage.k8s.io/v1', 'CSINode', 'csinodes', {
    spec: { drivers: [{ name: 'csi.example.com', nodeID: 'n', topologyKeys: ['zone'], allocatable: { count: 5 } }] },
  }),
  in_('storage.k8s.io/v1', 'CSIStorageCapacity', 'csistoragecapacities', {
    storageClassName: 'fast',
    capacity: '10Gi',
    maximumVolumeSize: '1Gi',
    nodeTopology: selector,
  }),
  across(
    'storage.k8s.io/v1',
    'VolumeAttachment',
    'volumeattachments',
    {
      spec: { attacher: 'csi.example.com', nodeName: 'n', source: { persistentVolumeName: 'pv' } },
    },
    { attached: true, attachmentMetadata: { a: 'b' }, attachError: { message: 'm', time: '2020-01-02T03:04:05Z' } },
  ),
  across('storage.k8s.io/v1', 'VolumeAttributesClass', 'volumeattributesclasses', {
    driverName: 'csi.example.com',
    parameters: { a: 'b' },
  }),
  across('scheduling.k8s.io/v1', 'PriorityClass', 'priorityclasses', {
    value: 100,
    description: 'text',
    preemptionPolicy: 'Never',
    globalDefault: false,
  }),
  across('node.k8s.io/v1', 'RuntimeClass', 'runtimeclasses', {
    handler: 'runc',
    overhead: { podFixed: { cpu: '10m' } },
    scheduling: { nodeSelector: { a: 'b' }, tolerations: [{ key: 'k', operator: 'Exists' }] },
  }),
  across('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'validatingwebhookconfigurations', {
    webhooks: [{ ...webhook, failurePolicy: 'Ignore', timeoutSeconds: 5, namespaceSelector: selector }],
  }),
  across('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', 'mutatingwebhookconfigurations', {
    webhooks: [{ ...webhook, reinvocationPolicy: 'IfNeeded', matchPolicy: 'Exact', objectSelector: selector }],
  }),
  across(
    'admissionregistration.k8s.io/v1',
    'ValidatingAdmissionPolicy',
    'validatingadmissionpolicies',
    {
      spec: {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        matchConstraints: { resourceRules: [rule], namespaceSelector: selector },
        matchConditions: [{ name: 'c', expression: 'true' }],
        variables: [{ name: 'n', expression: 'object.spec.replicas' }],
        validations: [
          { expression: 'variables.n < 5', message: 'too many', reason: 'Invalid', messageExpression: "'no'" },
        ],
        auditAnnotations: [{ key: 'k', valueExpression: "'v'" }],
        failurePolicy: 'Fail',
      },
    },
    { observedGeneration: 1, conditions: [condition('Fine')] },
  ),
  across('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings', {
    spec: {
      policyName: 'p',
      paramRef: { name: 'c', namespace: 'default', parameterNotFoundAction: 'Deny' },
      matchResources: { objectSelector: selector },
      validationActions: ['Deny'],
    },
  }),
  across('admissionregistration.k8s.io/v1', 'MutatingAdmissionPolicy', 'mutatingadmissionpolicies', {
    spec: {
      matchConstraints: { resourceRules: [rule] },
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: { expression: "Object{metadata: Object.metadata{labels: {'a': 'b'}}}" },
        },
      ],
      variables: [{ name: 'n', expression: '1' }],
      reinvocationPolicy: 'Never',
      failurePolicy: 'Fail',
    },
  }),
  across('admissionregistration.k8s.io/v1', 'MutatingAdmissionPolicyBinding', 'mutatingadmissionpolicybindings', {
    spec: { policyName: 'p', matchResources: { objectSelector: selector } },
  }),
  across(
    'certificates.k8s.io/v1',
    'CertificateSigningRequest',
    'certificatesigningrequests',
    {
      spec: {
        request: certificateRequest,
        signerName: 'example.com/signer',
        expirationSeconds: 3600,
        usages: ['digital signature', 'client auth'],
      },
    },
    { conditions: [{ type: 'Approved', status: 'True', reason: 'r' }] },
  ),
  across(
    'flowcontrol.apiserver.k8s.io/v1',
    'FlowSchema',
    'flowschemas',
    {
      spec: {
        priorityLevelConfiguration: { name: 'workload-low' },
        matchingPrecedence: 500,
        distinguisherMethod: { type: 'ByUser' },
        rules: [
          {
            subjects: [
              { kind: 'User', user: { name: 'u' } },
              { kind: 'ServiceAccount', serviceAccount: { namespace: 'n', name: '*' } },
            ],
            resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], namespaces: ['n'] }],
            nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['/healthz'] }],
          },
        ],
      },
    },
    { conditions: [{ type: 'Dangling', status: 'False', reason: 'r' }] },
  ),
  across(
    'flowcontrol.apiserver.k8s.io/v1',
    'PriorityLevelConfiguration',
    'prioritylevelconfigurations',
    {
      spec: {
        type: 'Limited',
        limited: {
          nominalConcurrencyShares: 10,
          lendablePercent: 50,
          borrowingLimitPercent: 10,
          limitResponse: { type: 'Queue', queuing: { queues: 16, handSize: 4, queueLengthLimit: 10 } },
        },
      },
    },
    { conditions: [{ type: 'Fine', status: 'True' }] },
  ),
  in_(
    'resource.k8s.io/v1',
    'ResourceClaim',
    'resourceclaims',
    {
      spec: {
        devices: {
          requests: [
            {
              name: 'gpu',
              exactly: {
                deviceClassName: 'gpu.example.com',
                allocationMode: 'ExactCount',
                count: 1,
                selectors: [{ cel: { expression: "device.driver == 'gpu.example.com'" } }],
                tolerations: [{ key: 'k', operator: 'Exists', effect: 'NoSchedule' }],
              },
            },
            { name: 'any', firstAvailable: [{ name: 'a', deviceClassName: 'gpu.example.com' }] },
          ],
          constraints: [{ requests: ['gpu'], matchAttribute: 'gpu.example.com/model' }],
          config: [{ requests: ['gpu'], opaque: { driver: 'gpu.example.com', parameters: { a: 1 } } }],
        },
      },
    },
    {
      allocation: {
        devices: { results: [{ request: 'gpu', driver: 'gpu.example.com', pool: 'p', device: 'd' }] },
        nodeSelector: {
          nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] }],
        },
      },
      reservedFor: [{ resource: 'pods', name: 'web', uid: 'u' }],
    },
  ),
  in_('resource.k8s.io/v1', 'ResourceClaimTemplate', 'resourceclaimtemplates', {
    spec: {
      metadata: { labels },
      spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.example.com' } }] } },
    },
  }),
  across('resource.k8s.io/v1', 'DeviceClass', 'deviceclasses', {
    spec: {
      selectors: [{ cel: { expression: "device.driver == 'gpu.example.com'" } }],
      config: [{ opaque: { driver: 'gpu.example.com', parameters: { a: 1 } } }],
      extendedResourceName: 'example.com/gpu',
    },
  }),
  across('resource.k8s.io/v1', 'ResourceSlice', 'resourceslices', {
    spec: {
      driver: 'gpu.example.com',
      nodeName: 'n',
      pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
      devices: [
        {
          name: 'd',
          attributes: { model: { string: 'x' }, count: { int: 1 }, 'gpu.example.com/v': { version: '1.0.0' } },
          capacity: { memory: { value: '1Gi' } },
          taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }],
        },
      ],
    },
  }),
  across(
    'apiregistration.k8s.io/v1',
    'APIService',
    'apiservices',
    {
      metadata: { name: 'v1.things.example.com' },
      spec: {
        group: 'things.example.com',
        version: 'v1',
        groupPriorityMinimum: 1000,
        versionPriority: 15,
        service: { namespace: 'default', name: 'api', port: 443 },
        insecureSkipTLSVerify: true,
      },
    },
    { conditions: [{ type: 'Available', status: 'False', reason: 'r' }] },
  ),
  across(
    'apiextensions.k8s.io/v1',
    'CustomResourceDefinition',
    'customresourcedefinitions',
    {
      metadata: { name: 'things.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'things', singular: 'thing', kind: 'Thing', shortNames: ['th'], categories: ['all'] },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: {
                  spec: { type: 'object', properties: { size: { type: 'integer', minimum: 0 } } },
                  status: { type: 'object' },
                },
              },
            },
            subresources: { status: {}, scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' } },
            additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
            selectableFields: [{ jsonPath: '.spec.size' }],
          },
        ],
        conversion: { strategy: 'None' },
      },
    },
    {
      conditions: [{ type: 'Established', status: 'True' }],
      storedVersions: ['v1'],
      acceptedNames: { plural: 'things', kind: 'Thing' },
    },
  ),
]
