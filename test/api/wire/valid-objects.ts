// A small valid object of every kind that can be created: what a fuzzer must begin with to get past the door, and what
// kubectl is tried with.

const meta = { name: 'a' }
const labels = { app: 'a' }
const selector = { matchLabels: labels }
const container = {
  name: 'c',
  image: 'registry/i:1',
  ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }],
  env: [
    { name: 'A', value: '$(B)' },
    { name: 'B', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'C', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
  ],
  resources: { requests: { cpu: '100m', memory: '1Gi' }, limits: { cpu: '1' } },
  livenessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 5 },
  volumeMounts: [{ name: 'v', mountPath: '/v', subPath: 'x' }],
  securityContext: { runAsUser: 1, capabilities: { add: ['NET_ADMIN'] } },
}
const podSpec = {
  containers: [container],
  initContainers: [{ name: 'i', image: 'i', restartPolicy: 'Always' }],
  volumes: [
    { name: 'v', emptyDir: { sizeLimit: '1Gi' } },
    { name: 'p', projected: { sources: [{ configMap: { name: 'm', items: [{ key: 'k', path: 'p' }] } }] } },
  ],
  tolerations: [{ key: 'k', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 }],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'k', operator: 'In', values: ['v'] }] }],
      },
    },
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 1, podAffinityTerm: { topologyKey: 'zone', labelSelector: selector } },
      ],
    },
  },
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: selector },
  ],
  dnsConfig: { nameservers: ['1.2.3.4'], options: [{ name: 'ndots', value: '2' }] },
  hostAliases: [{ ip: '1.2.3.4', hostnames: ['h'] }],
  securityContext: { fsGroup: 1, sysctls: [{ name: 'kernel.shm_rmid_forced', value: '1' }] },
}
const template = { metadata: { labels }, spec: podSpec }
const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }
// Nothing of the kind is there: nobody else's requests are judged.
const rule = { operations: ['CREATE'], apiGroups: ['example.com'], apiVersions: ['*'], resources: ['nothings'] }
const webhook = {
  name: 'a.example.com',
  clientConfig: { url: 'https://example.com/x' },
  rules: [rule],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
}
/** Of CN=a, made with openssl. */
const certificateRequest = `-----BEGIN CERTIFICATE REQUEST-----
MIHFMG4CAQAwDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
BMwvRgiB6CDwsVXGC9T8pHsqKAuEK4snJKdnuq1jaAEpWXkpiQGr3JY4Z3tvqmsx
8XZYAj1EM5beKxQ7ueDJVF2gADAKBggqhkjOPQQDAgNHADBEAiAzDCrnPJkVyI1L
Hxig2U4rw8wnzrMzwPix6hy9IP9MkAIgP8IgzQQSG4CAOJjzereZAM84/0IygStN
3BkPOpKGsn0=
-----END CERTIFICATE REQUEST-----
`
const subject = { kind: 'User', name: 'u', apiGroup: 'rbac.authorization.k8s.io' }

/** By resource, as `deployments.apps`. */
export const validObjects: Readonly<Record<string, object>> = {
  pods: { metadata: { ...meta, labels }, spec: podSpec },
  podtemplates: { metadata: meta, template },
  configmaps: { metadata: meta, data: { k: 'v' }, binaryData: { b: 'aGk=' } },
  secrets: { metadata: meta, type: 'Opaque', stringData: { k: 'v' } },
  services: {
    metadata: meta,
    spec: {
      type: 'LoadBalancer',
      selector: labels,
      ports: [{ name: 'http', port: 80, targetPort: 'http', nodePort: 30001 }],
      loadBalancerSourceRanges: ['10.0.0.0/8'],
      sessionAffinity: 'ClientIP',
    },
  },
  endpoints: { metadata: meta, subsets: [{ addresses: [{ ip: '1.2.3.4' }], ports: [{ port: 80 }] }] },
  events: { metadata: meta, involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' }, reason: 'R' },
  'events.events.k8s.io': {
    metadata: meta,
    regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
    reason: 'R',
    action: 'A',
    type: 'Normal',
    eventTime: '2026-01-02T03:04:05.000000Z',
    reportingController: 'x.io/c',
    reportingInstance: 'i',
  },
  namespaces: { metadata: meta },
  nodes: {
    metadata: meta,
    spec: { podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24'], taints: [{ key: 'k', effect: 'NoSchedule' }] },
    status: { capacity: { cpu: '1' }, addresses: [{ type: 'InternalIP', address: '1.2.3.4' }] },
  },
  persistentvolumes: {
    metadata: meta,
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } },
  },
  persistentvolumeclaims: { metadata: meta, spec: claim },
  replicationcontrollers: { metadata: meta, spec: { replicas: 1, selector: labels, template } },
  resourcequotas: { metadata: meta, spec: { hard: { pods: '1' }, scopes: ['BestEffort'] } },
  limitranges: { metadata: meta, spec: { limits: [{ type: 'Container', default: { cpu: '1' }, max: { cpu: '2' } }] } },
  serviceaccounts: { metadata: meta, secrets: [{ name: 's' }] },
  'deployments.apps': { metadata: meta, spec: { replicas: 1, selector, template, strategy: { type: 'Recreate' } } },
  'replicasets.apps': { metadata: meta, spec: { replicas: 1, selector, template } },
  'daemonsets.apps': { metadata: meta, spec: { selector, template } },
  'statefulsets.apps': {
    metadata: meta,
    spec: { serviceName: 's', selector, template, volumeClaimTemplates: [{ metadata: { name: 'v' }, spec: claim }] },
  },
  'controllerrevisions.apps': { metadata: meta, data: { a: 1 }, revision: 1 },
  'jobs.batch': {
    metadata: meta,
    spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } }, completions: 2 },
  },
  'cronjobs.batch': {
    metadata: meta,
    spec: {
      schedule: '*/5 * * * *',
      timeZone: 'Etc/UTC',
      jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } },
    },
  },
  'horizontalpodautoscalers.autoscaling': {
    metadata: { ...meta, annotations: { 'autoscaling.alpha.kubernetes.io/metrics': '[{"type":"Resource"}]' } },
    spec: { scaleTargetRef: target, minReplicas: 1, maxReplicas: 3 },
  },
  'poddisruptionbudgets.policy': { metadata: meta, spec: { minAvailable: '50%', selector } },
  'ingresses.networking.k8s.io': {
    metadata: meta,
    spec: {
      rules: [
        {
          host: 'a.example.com',
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 80 } } } }],
          },
        },
      ],
      tls: [{ hosts: ['a.example.com'], secretName: 's' }],
    },
  },
  'ingressclasses.networking.k8s.io': { metadata: meta, spec: { controller: 'example.com/c' } },
  'networkpolicies.networking.k8s.io': {
    metadata: meta,
    spec: {
      podSelector: selector,
      ingress: [
        { from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }], ports: [{ port: 80, endPort: 90 }] },
      ],
      policyTypes: ['Ingress'],
    },
  },
  'ipaddresses.networking.k8s.io': {
    metadata: { name: '10.1.2.3' },
    spec: { parentRef: { resource: 'services', name: 's', namespace: 'default' } },
  },
  'servicecidrs.networking.k8s.io': { metadata: meta, spec: { cidrs: ['10.9.0.0/24'] } },
  'roles.rbac.authorization.k8s.io': {
    metadata: meta,
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  },
  'clusterroles.rbac.authorization.k8s.io': {
    metadata: meta,
    rules: [{ nonResourceURLs: ['/x'], verbs: ['get'] }],
    aggregationRule: { clusterRoleSelectors: [selector] },
  },
  'rolebindings.rbac.authorization.k8s.io': {
    metadata: meta,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
    subjects: [subject],
  },
  'clusterrolebindings.rbac.authorization.k8s.io': {
    metadata: meta,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'r' },
    subjects: [subject],
  },
  'storageclasses.storage.k8s.io': { metadata: meta, provisioner: 'example.com/p', parameters: { a: 'b' } },
  'csidrivers.storage.k8s.io': { metadata: meta, spec: { attachRequired: false } },
  'csinodes.storage.k8s.io': { metadata: meta, spec: { drivers: [{ name: 'd', nodeID: 'n', topologyKeys: ['k'] }] } },
  'csistoragecapacities.storage.k8s.io': { metadata: meta, storageClassName: 'c', capacity: '1Gi', nodeTopology: {} },
  'volumeattributesclasses.storage.k8s.io': {
    metadata: meta,
    driverName: 'example.com',
    parameters: { iops: '5' },
  },
  'volumeattachments.storage.k8s.io': {
    metadata: meta,
    spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'p' } },
  },
  'priorityclasses.scheduling.k8s.io': { metadata: meta, value: 5 },
  'leases.coordination.k8s.io': { metadata: meta, spec: { holderIdentity: 'h', leaseDurationSeconds: 5 } },
  'runtimeclasses.node.k8s.io': { metadata: meta, handler: 'h', overhead: { podFixed: { cpu: '1m' } } },
  'endpointslices.discovery.k8s.io': {
    metadata: meta,
    addressType: 'IPv4',
    endpoints: [{ addresses: ['1.2.3.4'], conditions: { ready: true } }],
    ports: [{ name: '', port: 80 }],
  },
  'certificatesigningrequests.certificates.k8s.io': {
    metadata: meta,
    spec: {
      request: Buffer.from(certificateRequest).toString('base64'),
      signerName: 'example.com/s',
      usages: ['client auth'],
    },
  },
  'flowschemas.flowcontrol.apiserver.k8s.io': {
    metadata: meta,
    spec: {
      priorityLevelConfiguration: { name: 'global-default' },
      matchingPrecedence: 5,
      rules: [
        {
          subjects: [{ kind: 'Group', group: { name: 'g' } }],
          resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] }],
        },
      ],
    },
  },
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': {
    metadata: meta,
    spec: { type: 'Limited', limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' } } },
  },
  'validatingwebhookconfigurations.admissionregistration.k8s.io': { metadata: meta, webhooks: [webhook] },
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': { metadata: meta, webhooks: [webhook] },
  'validatingadmissionpolicies.admissionregistration.k8s.io': {
    metadata: meta,
    spec: {
      matchConstraints: { resourceRules: [rule] },
      validations: [{ expression: 'object.metadata.name == "a"', message: 'm' }],
    },
  },
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': {
    metadata: meta,
    spec: { policyName: 'a', validationActions: ['Warn'] },
  },
  'mutatingadmissionpolicies.admissionregistration.k8s.io': {
    metadata: meta,
    spec: {
      matchConstraints: { resourceRules: [rule] },
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: { expression: 'Object{metadata: Object.metadata{labels: {"a": "b"}}}' },
        },
      ],
      reinvocationPolicy: 'Never',
    },
  },
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io': { metadata: meta, spec: { policyName: 'a' } },
  'apiservices.apiregistration.k8s.io': {
    metadata: { name: 'v1.aggregated.example.com' },
    spec: {
      group: 'aggregated.example.com',
      version: 'v1',
      service: { namespace: 'default', name: 's' },
      groupPriorityMinimum: 1000,
      versionPriority: 15,
    },
  },
  'customresourcedefinitions.apiextensions.k8s.io': {
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      names: { plural: 'things', kind: 'Thing', singular: 'thing', listKind: 'ThingList' },
      scope: 'Namespaced',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: { type: 'object', required: ['a'], properties: { a: { type: 'integer', minimum: 1 } } },
              },
            },
          },
        },
      ],
    },
  },
  'resourceclaims.resource.k8s.io': {
    metadata: meta,
    spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'd' } }] } },
  },
  'resourceclaimtemplates.resource.k8s.io': {
    metadata: meta,
    spec: { spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'd' } }] } } },
  },
  'resourceslices.resource.k8s.io': {
    metadata: meta,
    spec: {
      driver: 'example.com',
      pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
      nodeName: 'n',
      devices: [{ name: 'd', capacity: { memory: { value: '1Gi' } } }],
    },
  },
  'deviceclasses.resource.k8s.io': {
    metadata: meta,
    spec: { selectors: [{ cel: { expression: 'device.driver == "d"' } }] },
  },
  'subjectaccessreviews.authorization.k8s.io': {
    spec: { user: 'u', resourceAttributes: { verb: 'get', resource: 'pods' } },
  },
  'localsubjectaccessreviews.authorization.k8s.io': {
    metadata: { namespace: 'default' },
    spec: { user: 'u', resourceAttributes: { namespace: 'default', verb: 'get', resource: 'pods' } },
  },
  'selfsubjectaccessreviews.authorization.k8s.io': { spec: { nonResourceAttributes: { verb: 'get', path: '/x' } } },
  'selfsubjectrulesreviews.authorization.k8s.io': { spec: { namespace: 'default' } },
  'selfsubjectreviews.authentication.k8s.io': {},
  bindings: { metadata: meta, target: { kind: 'Node', name: 'n' } },
  'tokenreviews.authentication.k8s.io': { spec: { token: 'a.b.c', audiences: ['x'] } },
}
