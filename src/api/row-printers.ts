// The printer of each kind's rows, by resource. They print objects as they are stored, so a kind that is served in
// several versions, or groups, has one printer.

import {
  mutatingAdmissionPolicyBindingCells,
  mutatingAdmissionPolicyCells,
} from './admissionregistration/v1/mutatingadmissionpolicy.columns.ts'
import {
  validatingAdmissionPolicyBindingCells,
  validatingAdmissionPolicyCells,
} from './admissionregistration/v1/validatingadmissionpolicy.columns.ts'
import { webhookConfigurationCells } from './admissionregistration/v1/webhookconfiguration.columns.ts'
import { apiServiceCells } from './apiregistration/v1/apiservice.columns.ts'
import { controllerRevisionCells } from './apps/v1/controllerrevision.columns.ts'
import { daemonSetCells } from './apps/v1/daemonset.columns.ts'
import { deploymentCells } from './apps/v1/deployment.columns.ts'
import { replicaSetCells } from './apps/v1/replicaset.columns.ts'
import { statefulSetCells } from './apps/v1/statefulset.columns.ts'
import { scaleCells } from './autoscaling/v1/scale.columns.ts'
import { horizontalPodAutoscalerCells } from './autoscaling/v2/horizontalpodautoscaler.columns.ts'
import { cronJobCells } from './batch/v1/cronjob.columns.ts'
import { jobCells } from './batch/v1/job.columns.ts'
import { nameAndAgeCells, nameAndCreationCells } from './cells.ts'
import { certificateSigningRequestCells } from './certificates/v1/certificatesigningrequest.columns.ts'
import type { RowPrinter } from './columns.ts'
import { leaseCells } from './coordination/v1/lease.columns.ts'
import { componentStatusCells } from './core/v1/componentstatus.columns.ts'
import { configMapCells } from './core/v1/configmap.columns.ts'
import { endpointsCells } from './core/v1/endpoints.columns.ts'
import { eventCells } from './core/v1/event.columns.ts'
import { namespaceCells } from './core/v1/namespace.columns.ts'
import { nodeCells } from './core/v1/node.columns.ts'
import { persistentVolumeCells } from './core/v1/persistentvolume.columns.ts'
import { persistentVolumeClaimCells } from './core/v1/persistentvolumeclaim.columns.ts'
import { podCells, podRowConditions, podTemplateCells } from './core/v1/pod.columns.ts'
import { replicationControllerCells } from './core/v1/replicationcontroller.columns.ts'
import { resourceQuotaCells } from './core/v1/resourcequota.columns.ts'
import { secretCells } from './core/v1/secret.columns.ts'
import { serviceCells } from './core/v1/service.columns.ts'
import { endpointSliceCells } from './discovery/v1/endpointslice.columns.ts'
import { compareFlowSchemas, flowSchemaCells } from './flowcontrol/v1/flowschema.columns.ts'
import { priorityLevelConfigurationCells } from './flowcontrol/v1/prioritylevelconfiguration.columns.ts'
import type { TableRowCondition } from './meta/v1/table.ts'
import { ingressCells } from './networking/v1/ingress.columns.ts'
import { ingressClassCells } from './networking/v1/ingressclass.columns.ts'
import { ipAddressCells } from './networking/v1/ipaddress.columns.ts'
import { networkPolicyCells } from './networking/v1/networkpolicy.columns.ts'
import { serviceCIDRCells } from './networking/v1/servicecidr.columns.ts'
import { runtimeClassCells } from './node/v1/runtimeclass.columns.ts'
import { podDisruptionBudgetCells } from './policy/v1/poddisruptionbudget.columns.ts'
import { roleBindingCells } from './rbac/v1/rolebinding.columns.ts'
import { resourceClaimCells } from './resource/v1/resourceclaim.columns.ts'
import { resourceSliceCells } from './resource/v1/resourceslice.columns.ts'
import { priorityClassCells } from './scheduling/v1/priorityclass.columns.ts'
import { csiDriverCells } from './storage/v1/csidriver.columns.ts'
import { csiNodeCells } from './storage/v1/csinode.columns.ts'
import { storageClassCells } from './storage/v1/storageclass.columns.ts'
import { volumeAttachmentCells } from './storage/v1/volumeattachment.columns.ts'
import { volumeAttributesClassCells } from './storage/v1/volumeattributesclass.columns.ts'

export const rowPrinters: Readonly<Record<string, RowPrinter>> = {
  // core
  componentstatuses: componentStatusCells,
  configmaps: configMapCells,
  endpoints: endpointsCells,
  events: eventCells,
  limitranges: nameAndCreationCells,
  namespaces: namespaceCells,
  nodes: nodeCells,
  persistentvolumeclaims: persistentVolumeClaimCells,
  persistentvolumes: persistentVolumeCells,
  pods: podCells,
  podtemplates: podTemplateCells,
  replicationcontrollers: replicationControllerCells,
  resourcequotas: resourceQuotaCells,
  secrets: secretCells,
  serviceaccounts: nameAndAgeCells,
  services: serviceCells,
  // admissionregistration.k8s.io
  'mutatingadmissionpolicies.admissionregistration.k8s.io': mutatingAdmissionPolicyCells,
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io': mutatingAdmissionPolicyBindingCells,
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': webhookConfigurationCells,
  'validatingadmissionpolicies.admissionregistration.k8s.io': validatingAdmissionPolicyCells,
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': validatingAdmissionPolicyBindingCells,
  'validatingwebhookconfigurations.admissionregistration.k8s.io': webhookConfigurationCells,
  // apiextensions.k8s.io
  'customresourcedefinitions.apiextensions.k8s.io': nameAndCreationCells,
  // apiregistration.k8s.io
  'apiservices.apiregistration.k8s.io': apiServiceCells,
  // apps
  'controllerrevisions.apps': controllerRevisionCells,
  'daemonsets.apps': daemonSetCells,
  'deployments.apps': deploymentCells,
  'replicasets.apps': replicaSetCells,
  'scales.autoscaling': scaleCells,
  'statefulsets.apps': statefulSetCells,
  // autoscaling
  'horizontalpodautoscalers.autoscaling': horizontalPodAutoscalerCells,
  // batch
  'cronjobs.batch': cronJobCells,
  'jobs.batch': jobCells,
  // certificates.k8s.io
  'certificatesigningrequests.certificates.k8s.io': certificateSigningRequestCells,
  // coordination.k8s.io
  'leases.coordination.k8s.io': leaseCells,
  // discovery.k8s.io
  'endpointslices.discovery.k8s.io': endpointSliceCells,
  // flowcontrol.apiserver.k8s.io
  'flowschemas.flowcontrol.apiserver.k8s.io': flowSchemaCells,
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': priorityLevelConfigurationCells,
  // networking.k8s.io
  'ingressclasses.networking.k8s.io': ingressClassCells,
  'ingresses.networking.k8s.io': ingressCells,
  'ipaddresses.networking.k8s.io': ipAddressCells,
  'networkpolicies.networking.k8s.io': networkPolicyCells,
  'servicecidrs.networking.k8s.io': serviceCIDRCells,
  // node.k8s.io
  'runtimeclasses.node.k8s.io': runtimeClassCells,
  // policy
  'poddisruptionbudgets.policy': podDisruptionBudgetCells,
  // rbac.authorization.k8s.io
  'clusterrolebindings.rbac.authorization.k8s.io': roleBindingCells,
  'clusterroles.rbac.authorization.k8s.io': nameAndCreationCells,
  'rolebindings.rbac.authorization.k8s.io': roleBindingCells,
  'roles.rbac.authorization.k8s.io': nameAndCreationCells,
  // resource.k8s.io
  'deviceclasses.resource.k8s.io': nameAndAgeCells,
  'resourceclaims.resource.k8s.io': resourceClaimCells,
  'resourceclaimtemplates.resource.k8s.io': nameAndAgeCells,
  'resourceslices.resource.k8s.io': resourceSliceCells,
  // scheduling.k8s.io
  'priorityclasses.scheduling.k8s.io': priorityClassCells,
  // storage.k8s.io
  'csidrivers.storage.k8s.io': csiDriverCells,
  'csinodes.storage.k8s.io': csiNodeCells,
  'csistoragecapacities.storage.k8s.io': nameAndCreationCells,
  'storageclasses.storage.k8s.io': storageClassCells,
  'volumeattachments.storage.k8s.io': volumeAttachmentCells,
  'volumeattributesclasses.storage.k8s.io': volumeAttributesClassCells,
}

/** What a row says of its object besides the cells. */
export const rowConditions: Readonly<Record<string, (object: any) => readonly TableRowCondition[] | undefined>> = {
  pods: podRowConditions,
}

/** The order of a Table's rows, where it isn't that of a list. */
export const rowOrders: Readonly<Record<string, (a: any, b: any) => number>> = {
  'flowschemas.flowcontrol.apiserver.k8s.io': compareFlowSchemas,
}
