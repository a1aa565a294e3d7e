// The strategies, by resource. A resource without one of its own is wholly generic.

import { groupResource, type ResourceDeclaration } from '../../../api/resource.ts'
import { customResourceDefinitionStrategy } from '../../customresources/crd-strategy.ts'
import type { Strategy } from '../strategy.ts'
import { admissionPolicyStrategies } from './admission-policies.ts'
import { admissionWebhookStrategies } from './admission-webhooks.ts'
import { appsStrategies } from './apps.ts'
import { batchStrategies } from './batch.ts'
import { certificatesStrategies } from './certificates.ts'
import { clusterStrategies } from './cluster.ts'
import { coreStrategies } from './core.ts'
import { deviceStrategies } from './devices.ts'
import { flowControlStrategies } from './flowcontrol.ts'
import { namespaceStrategy } from './namespace.ts'
import { networkingStrategies } from './networking.ts'
import { podStrategy } from './pod.ts'
import { rbacStrategies } from './rbac.ts'
import { serviceStrategy } from './service.ts'
import { storageStrategies } from './storage.ts'

const strategies: Readonly<Record<string, Strategy>> = {
  namespaces: namespaceStrategy,
  pods: podStrategy,
  services: serviceStrategy,
  ...coreStrategies,
  ...appsStrategies,
  ...batchStrategies,
  ...networkingStrategies,
  ...storageStrategies,
  ...certificatesStrategies,
  ...flowControlStrategies,
  ...deviceStrategies,
  ...clusterStrategies,
  ...admissionPolicyStrategies,
  ...admissionWebhookStrategies,
  ...rbacStrategies,
  'customresourcedefinitions.apiextensions.k8s.io': customResourceDefinitionStrategy,
}

const generic: Strategy = {}

export function strategyOf(declaration: ResourceDeclaration): Strategy {
  return strategies[groupResource(declaration)] ?? generic
}
