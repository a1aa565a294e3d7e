import {
  type Infer,
  int32,
  int64,
  intOrString,
  list,
  map,
  object,
  ref,
  string,
} from '../../../machinery/schema/schema.ts'
import { ageColumn, column, nameColumn } from '../../column.ts'
import { Condition } from '../../meta/v1/condition.ts'
import { LabelSelector } from '../../meta/v1/labelselector.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'

export const PodDisruptionBudgetSpec = object('io.k8s.api.policy.v1.PodDisruptionBudgetSpec', {
  minAvailable: intOrString(1).pointer(),
  selector: ref(2, LabelSelector).patchStrategy('replace'),
  maxUnavailable: intOrString(3).pointer(),
  unhealthyPodEvictionPolicy: string(4).pointer().enum('AlwaysAllow', 'IfHealthyBudget'),
})
export type PodDisruptionBudgetSpec = Infer<typeof PodDisruptionBudgetSpec>

export const PodDisruptionBudgetStatus = object('io.k8s.api.policy.v1.PodDisruptionBudgetStatus', {
  observedGeneration: int64(1),
  disruptedPods: map(2, 'time'),
  disruptionsAllowed: int32(3).always(),
  currentHealthy: int32(4).always(),
  desiredHealthy: int32(5).always(),
  expectedPods: int32(6).always(),
  conditions: list(7, Condition).listType('map', 'type').patchStrategy('merge').mergeKey('type'),
})
export type PodDisruptionBudgetStatus = Infer<typeof PodDisruptionBudgetStatus>

export const PodDisruptionBudget = object('io.k8s.api.policy.v1.PodDisruptionBudget', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, PodDisruptionBudgetSpec).always(),
  status: ref(3, PodDisruptionBudgetStatus).always(),
})
export type PodDisruptionBudget = Infer<typeof PodDisruptionBudget>

export const PodDisruptionBudgetList = listKind('io.k8s.api.policy.v1.PodDisruptionBudgetList', PodDisruptionBudget)
export type PodDisruptionBudgetList = Infer<typeof PodDisruptionBudgetList>

export const podDisruptionBudgets = resource({
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  resource: 'poddisruptionbudgets',
  schema: PodDisruptionBudget,
  listSchema: PodDisruptionBudgetList,
  shortNames: ['pdb'],
  namespaced: true,
  verbs: allVerbs,
  subresources: [statusSubresource],
  columns: [
    nameColumn,
    column('Min Available', 'string', 'The minimum number of pods that must be available.'),
    column('Max Unavailable', 'string', 'The maximum number of pods that may be unavailable.'),
    column('Allowed Disruptions', 'integer', 'Calculated number of pods that may be disrupted at this time.'),
    ageColumn,
  ],
})
