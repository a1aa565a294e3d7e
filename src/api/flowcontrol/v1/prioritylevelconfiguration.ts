import { type Infer, int32, list, object, ref, string, time } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'

export const ExemptPriorityLevelConfiguration = object('io.k8s.api.flowcontrol.v1.ExemptPriorityLevelConfiguration', {
  nominalConcurrencyShares: int32(1).pointer().serverDefault(0),
  lendablePercent: int32(2).pointer().serverDefault(0),
})
export type ExemptPriorityLevelConfiguration = Infer<typeof ExemptPriorityLevelConfiguration>

export const QueuingConfiguration = object('io.k8s.api.flowcontrol.v1.QueuingConfiguration', {
  queues: int32(1).always().serverDefault(64),
  handSize: int32(2).always().serverDefault(8),
  queueLengthLimit: int32(3).always().serverDefault(50),
})
export type QueuingConfiguration = Infer<typeof QueuingConfiguration>

export const LimitResponse = object(
  'io.k8s.api.flowcontrol.v1.LimitResponse',
  {
    type: string(1).required(),
    queuing: ref(2, QueuingConfiguration),
  },
  { unions: [{ discriminator: 'type', fields: { queuing: 'Queuing' } }] },
)
export type LimitResponse = Infer<typeof LimitResponse>

export const LimitedPriorityLevelConfiguration = object('io.k8s.api.flowcontrol.v1.LimitedPriorityLevelConfiguration', {
  nominalConcurrencyShares: int32(1).pointer().serverDefault(30),
  limitResponse: ref(2, LimitResponse).always(),
  lendablePercent: int32(3).pointer().serverDefault(0),
  borrowingLimitPercent: int32(4).pointer(),
})
export type LimitedPriorityLevelConfiguration = Infer<typeof LimitedPriorityLevelConfiguration>

export const PriorityLevelConfigurationSpec = object(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec',
  {
    type: string(1).required(),
    limited: ref(2, LimitedPriorityLevelConfiguration),
    exempt: ref(3, ExemptPriorityLevelConfiguration),
  },
  { unions: [{ discriminator: 'type', fields: { exempt: 'Exempt', limited: 'Limited' } }] },
)
export type PriorityLevelConfigurationSpec = Infer<typeof PriorityLevelConfigurationSpec>

export const PriorityLevelConfigurationCondition = object(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationCondition',
  {
    type: string(1),
    status: string(2),
    lastTransitionTime: time(3).always(),
    reason: string(4),
    message: string(5),
  },
)
export type PriorityLevelConfigurationCondition = Infer<typeof PriorityLevelConfigurationCondition>

export const PriorityLevelConfigurationStatus = object('io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationStatus', {
  conditions: list(1, PriorityLevelConfigurationCondition)
    .listType('map', 'type')
    .patchStrategy('merge')
    .mergeKey('type'),
})
export type PriorityLevelConfigurationStatus = Infer<typeof PriorityLevelConfigurationStatus>

export const PriorityLevelConfiguration = object('io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, PriorityLevelConfigurationSpec).always(),
  status: ref(3, PriorityLevelConfigurationStatus).always(),
})
export type PriorityLevelConfiguration = Infer<typeof PriorityLevelConfiguration>

export const PriorityLevelConfigurationList = listKind(
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationList',
  PriorityLevelConfiguration,
)
export type PriorityLevelConfigurationList = Infer<typeof PriorityLevelConfigurationList>

export const priorityLevelConfigurations = resource({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'PriorityLevelConfiguration',
  resource: 'prioritylevelconfigurations',
  schema: PriorityLevelConfiguration,
  listSchema: PriorityLevelConfigurationList,
  namespaced: false,
  verbs: allVerbs,
  subresources: [statusSubresource],
  columns: [
    nameColumn,
    column('Type', 'string', describedBy(PriorityLevelConfigurationSpec, 'type')),
    column(
      'NominalConcurrencyShares',
      'string',
      describedBy(LimitedPriorityLevelConfiguration, 'nominalConcurrencyShares'),
    ),
    column('Queues', 'string', describedBy(QueuingConfiguration, 'queues')),
    column('HandSize', 'string', describedBy(QueuingConfiguration, 'handSize')),
    column('QueueLengthLimit', 'string', describedBy(QueuingConfiguration, 'queueLengthLimit')),
    ageColumn,
  ],
})
