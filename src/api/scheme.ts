// Every resource and kind that the server knows, in the order in which discovery lists them. A new version or group is
// a folder and its lines here.
//
// Comes in: the declarations of all groups. Goes out: the lists, and look-ups by group, version and name.

import type { ObjectSchema } from '../machinery/schema/schema.ts'
import { AdmissionReview } from './admission/v1/admissionreview.ts'
import {
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
} from './admissionregistration/v1/mutatingadmissionpolicy.ts'
import { mutatingWebhookConfigurations } from './admissionregistration/v1/mutatingwebhookconfiguration.ts'
import {
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from './admissionregistration/v1/validatingadmissionpolicy.ts'
import { validatingWebhookConfigurations } from './admissionregistration/v1/validatingwebhookconfiguration.ts'
import { APIGroupDiscovery, APIGroupDiscoveryList } from './apidiscovery/v2/apigroupdiscovery.ts'
import { customResourceDefinitions } from './apiextensions/v1/customresourcedefinition.ts'
import { apiServices } from './apiregistration/v1/apiservice.ts'
import { controllerRevisions } from './apps/v1/controllerrevision.ts'
import { daemonSets } from './apps/v1/daemonset.ts'
import { deployments } from './apps/v1/deployment.ts'
import { replicaSets } from './apps/v1/replicaset.ts'
import { statefulSets } from './apps/v1/statefulset.ts'
import { selfSubjectReviews } from './authentication/v1/selfsubjectreview.ts'
import { TokenRequest } from './authentication/v1/tokenrequest.ts'
import { tokenReviews } from './authentication/v1/tokenreview.ts'
import { selfSubjectRulesReviews } from './authorization/v1/selfsubjectrulesreview.ts'
import {
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  subjectAccessReviews,
} from './authorization/v1/subjectaccessreview.ts'
import { horizontalPodAutoscalers as horizontalPodAutoscalersV1 } from './autoscaling/v1/horizontalpodautoscaler.ts'
import { Scale } from './autoscaling/v1/scale.ts'
import { horizontalPodAutoscalers } from './autoscaling/v2/horizontalpodautoscaler.ts'
import { cronJobs } from './batch/v1/cronjob.ts'
import { jobs } from './batch/v1/job.ts'
import { certificateSigningRequests } from './certificates/v1/certificatesigningrequest.ts'
import { leases } from './coordination/v1/lease.ts'
import { bindings } from './core/v1/binding.ts'
import { componentStatuses } from './core/v1/componentstatus.ts'
import { configMaps } from './core/v1/configmap.ts'
import { endpoints } from './core/v1/endpoints.ts'
import { events } from './core/v1/event.ts'
import { limitRanges } from './core/v1/limitrange.ts'
import { namespaces } from './core/v1/namespace.ts'
import { NodeProxyOptions, nodes } from './core/v1/node.ts'
import { persistentVolumes } from './core/v1/persistentvolume.ts'
import { persistentVolumeClaims } from './core/v1/persistentvolumeclaim.ts'
import { PodStatusResult, pods, podTemplates } from './core/v1/pod.ts'
import {
  PodAttachOptions,
  PodExecOptions,
  PodLogOptions,
  PodPortForwardOptions,
  PodProxyOptions,
} from './core/v1/pod-options.ts'
import { RangeAllocation } from './core/v1/rangeallocation.ts'
import { SerializedReference } from './core/v1/reference.ts'
import { replicationControllers } from './core/v1/replicationcontroller.ts'
import { resourceQuotas } from './core/v1/resourcequota.ts'
import { secrets } from './core/v1/secret.ts'
import { ServiceProxyOptions, services } from './core/v1/service.ts'
import { serviceAccounts } from './core/v1/serviceaccount.ts'
import { endpointSlices } from './discovery/v1/endpointslice.ts'
import { events as eventsV1Events } from './events/v1/event.ts'
import { flowSchemas } from './flowcontrol/v1/flowschema.ts'
import { priorityLevelConfigurations } from './flowcontrol/v1/prioritylevelconfiguration.ts'
import { APIGroup, APIGroupList, APIResourceList, APIVersions } from './meta/v1/apigroup.ts'
import { List } from './meta/v1/list.ts'
import {
  ApplyOptions,
  CreateOptions,
  DeleteOptions,
  GetOptions,
  ListOptions,
  PatchOptions,
  TableOptions,
  UpdateOptions,
} from './meta/v1/options.ts'
import { PartialObjectMetadata, PartialObjectMetadataList } from './meta/v1/partialobjectmetadata.ts'
import { Status } from './meta/v1/status.ts'
import { Table } from './meta/v1/table.ts'
import { WatchEvent } from './meta/v1/watchevent.ts'
import { ingresses } from './networking/v1/ingress.ts'
import { ingressClasses } from './networking/v1/ingressclass.ts'
import { ipAddresses } from './networking/v1/ipaddress.ts'
import { networkPolicies } from './networking/v1/networkpolicy.ts'
import { serviceCIDRs } from './networking/v1/servicecidr.ts'
import { runtimeClasses } from './node/v1/runtimeclass.ts'
import { Eviction } from './policy/v1/eviction.ts'
import { podDisruptionBudgets } from './policy/v1/poddisruptionbudget.ts'
import { clusterRoles } from './rbac/v1/clusterrole.ts'
import { clusterRoleBindings } from './rbac/v1/clusterrolebinding.ts'
import { roles } from './rbac/v1/role.ts'
import { roleBindings } from './rbac/v1/rolebinding.ts'
import { deviceClasses } from './resource/v1/deviceclass.ts'
import { resourceClaims } from './resource/v1/resourceclaim.ts'
import { resourceClaimTemplates } from './resource/v1/resourceclaimtemplate.ts'
import { resourceSlices } from './resource/v1/resourceslice.ts'
import { apiVersionOf, type KindDeclaration, type ResourceDeclaration } from './resource.ts'
import { priorityClasses } from './scheduling/v1/priorityclass.ts'
import { csiDrivers } from './storage/v1/csidriver.ts'
import { csiNodes } from './storage/v1/csinode.ts'
import { csiStorageCapacities } from './storage/v1/csistoragecapacity.ts'
import { storageClasses } from './storage/v1/storageclass.ts'
import { volumeAttachments } from './storage/v1/volumeattachment.ts'
import { volumeAttributesClasses } from './storage/v1/volumeattributesclass.ts'

/** All built-in resources: the core group, then the groups by priority, versions by preference. */
export const resources: readonly ResourceDeclaration[] = [
  // v1
  bindings,
  componentStatuses,
  configMaps,
  endpoints,
  events,
  limitRanges,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  podTemplates,
  replicationControllers,
  resourceQuotas,
  secrets,
  serviceAccounts,
  services,
  // apiregistration.k8s.io/v1
  apiServices,
  // apps/v1
  controllerRevisions,
  daemonSets,
  deployments,
  replicaSets,
  statefulSets,
  // events.k8s.io/v1
  eventsV1Events,
  // authentication.k8s.io/v1
  selfSubjectReviews,
  tokenReviews,
  // authorization.k8s.io/v1
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
  // autoscaling/v2
  horizontalPodAutoscalers,
  // autoscaling/v1
  horizontalPodAutoscalersV1,
  // batch/v1
  cronJobs,
  jobs,
  // certificates.k8s.io/v1
  certificateSigningRequests,
  // networking.k8s.io/v1
  ingressClasses,
  ingresses,
  ipAddresses,
  networkPolicies,
  serviceCIDRs,
  // policy/v1
  podDisruptionBudgets,
  // rbac.authorization.k8s.io/v1
  clusterRoleBindings,
  clusterRoles,
  roleBindings,
  roles,
  // storage.k8s.io/v1
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  storageClasses,
  volumeAttachments,
  volumeAttributesClasses,
  // admissionregistration.k8s.io/v1
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  mutatingWebhookConfigurations,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
  validatingWebhookConfigurations,
  // apiextensions.k8s.io/v1
  customResourceDefinitions,
  // scheduling.k8s.io/v1
  priorityClasses,
  // coordination.k8s.io/v1
  leases,
  // node.k8s.io/v1
  runtimeClasses,
  // discovery.k8s.io/v1
  endpointSlices,
  // resource.k8s.io/v1
  deviceClasses,
  resourceClaims,
  resourceClaimTemplates,
  resourceSlices,
  // flowcontrol.apiserver.k8s.io/v1
  flowSchemas,
  priorityLevelConfigurations,
]

const kind = (group: string, version: string, schema: ObjectSchema): KindDeclaration => ({
  group,
  version,
  kind: schema.name.slice(schema.name.lastIndexOf('.') + 1),
  schema,
})

/** Kinds of the body or the query that exist in every group and version. */
const everywhere = [WatchEvent, ListOptions, GetOptions, DeleteOptions, CreateOptions, UpdateOptions, PatchOptions]

/** Kinds that belong to no resource: subresource bodies, options, discovery, Status, Table. */
const others: readonly KindDeclaration[] = [
  ...[
    ...everywhere,
    Status,
    List,
    APIVersions,
    APIGroup,
    APIGroupList,
    APIResourceList,
    ApplyOptions,
    PodLogOptions,
    PodExecOptions,
    PodAttachOptions,
    PodPortForwardOptions,
    PodProxyOptions,
    PodStatusResult,
    NodeProxyOptions,
    ServiceProxyOptions,
    RangeAllocation,
    SerializedReference,
  ].map(schema => kind('', 'v1', schema)),
  ...[Table, TableOptions, PartialObjectMetadata, PartialObjectMetadataList].map(schema =>
    kind('meta.k8s.io', 'v1', schema),
  ),
  kind('authentication.k8s.io', 'v1', TokenRequest),
  kind('autoscaling', 'v1', Scale),
  kind('policy', 'v1', Eviction),
  kind('admission.k8s.io', 'v1', AdmissionReview),
  kind('apidiscovery.k8s.io', 'v2', APIGroupDiscovery),
  kind('apidiscovery.k8s.io', 'v2', APIGroupDiscoveryList),
]

/** Every kind: those of the resources, their lists, and the others. */
export const kinds: readonly KindDeclaration[] = [
  ...resources.flatMap(resource => [
    kind(resource.group, resource.version, resource.schema),
    ...(resource.listSchema ? [kind(resource.group, resource.version, resource.listSchema)] : []),
  ]),
  ...others,
]

/** The served group versions, by priority: the first of a group is its preferred one. */
export const groupVersions: readonly { readonly group: string; readonly version: string }[] = [
  ...new Map(resources.map(({ group, version }) => [`${group}/${version}`, { group, version }])).values(),
]

/** The group versions that upstream knows, served by default or not: options and WatchEvent are kinds of each. */
export const knownGroupVersions = Object.entries({
  '': ['v1'],
  'admission.k8s.io': ['v1', 'v1beta1'],
  'admissionregistration.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  'apiextensions.k8s.io': ['v1', 'v1beta1'],
  'apiregistration.k8s.io': ['v1', 'v1beta1'],
  apps: ['v1', 'v1beta1', 'v1beta2'],
  'authentication.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  'authorization.k8s.io': ['v1', 'v1beta1'],
  autoscaling: ['v1', 'v2'],
  batch: ['v1', 'v1beta1'],
  'certificates.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  'coordination.k8s.io': ['v1', 'v1alpha2', 'v1beta1'],
  'discovery.k8s.io': ['v1', 'v1beta1'],
  'events.k8s.io': ['v1', 'v1beta1'],
  extensions: ['v1beta1'],
  'flowcontrol.apiserver.k8s.io': ['v1', 'v1beta1', 'v1beta2', 'v1beta3'],
  'imagepolicy.k8s.io': ['v1alpha1'],
  'internal.apiserver.k8s.io': ['v1alpha1'],
  'networking.k8s.io': ['v1', 'v1beta1'],
  'node.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  policy: ['v1', 'v1beta1'],
  'rbac.authorization.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  'resource.k8s.io': ['v1', 'v1alpha3', 'v1beta1', 'v1beta2'],
  'scheduling.k8s.io': ['v1', 'v1alpha2', 'v1beta1'],
  'storage.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  'storagemigration.k8s.io': ['v1beta1'],
}).flatMap(([group, versions]) => versions.map(version => ({ group, version })))

const resourceIndex = new Map(resources.map(of => [`${apiVersionOf(of)} ${of.resource}`, of]))
const kindIndex = new Map(kinds.map(of => [`${apiVersionOf(of)} ${of.kind}`, of]))
const everywhereIndex = new Map(everywhere.map(schema => [kind('', 'v1', schema).kind, schema]))
const everywhereSchemas = new Set<ObjectSchema>(everywhere)
const served = new Set(groupVersions.map(apiVersionOf))

/** Whether it is a kind of every group and version. */
export const isEverywhere = (schema: ObjectSchema): boolean => everywhereSchemas.has(schema)

/** Kinds that upstream knows in versions that are not served here, by the served ones of their group. */
const namesByGroup = new Map<string, Set<string>>()
for (const { group, kind: name } of kinds) {
  if (!namesByGroup.has(group)) namesByGroup.set(group, new Set())
  namesByGroup.get(group)!.add(name)
}
/** What the workload kinds and Ingress were called at first. */
const extensionsKinds = new Set(['DaemonSet', 'Deployment', 'ReplicaSet', 'Ingress', 'NetworkPolicy', 'Scale'])
const knownVersions = new Set(knownGroupVersions.map(apiVersionOf))

/** Whether upstream's scheme has the kind, in a version that is served or not. */
export function isKnownKind(group: string, version: string, kind: string): boolean {
  if (kindFor(group, version, kind)) return true
  if (!knownVersions.has(apiVersionOf({ group, version }))) return false
  if (everywhereIndex.has(kind)) return true
  // Of a served version, everything is declared.
  if (served.has(apiVersionOf({ group, version }))) return false
  return (group === 'extensions' ? extensionsKinds : namesByGroup.get(group))?.has(kind) ?? false
}

/** The resource of that plural name; undefined if there is none. */
export function resourceFor(group: string, version: string, resource: string): ResourceDeclaration | undefined {
  return resourceIndex.get(`${apiVersionOf({ group, version })} ${resource}`)
}

/** The kind of that name, options and WatchEvent in whatever group; undefined if there is none. */
export function kindFor(group: string, version: string, kind: string): KindDeclaration | undefined {
  const apiVersion = apiVersionOf({ group, version })
  const found = kindIndex.get(`${apiVersion} ${kind}`)
  if (found) return found
  const schema = served.has(apiVersion) ? everywhereIndex.get(kind) : undefined
  return schema && { group, version, kind, schema }
}
