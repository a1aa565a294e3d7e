import { type Infer, int32, list, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, nameColumn } from '../../column.ts'
import { LabelSelector } from '../../meta/v1/labelselector.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'
import { MatchCondition, RuleWithOperations } from './matchresources.ts'
import { WebhookClientConfig } from './webhookclientconfig.ts'

export const MutatingWebhook = object('io.k8s.api.admissionregistration.v1.MutatingWebhook', {
  name: string(1).required(),
  clientConfig: ref(2, WebhookClientConfig).required(),
  rules: list(3, RuleWithOperations).listType('atomic'),
  failurePolicy: string(4).pointer().serverDefault('Fail').enum('Fail', 'Ignore'),
  matchPolicy: string(9).pointer().serverDefault('Equivalent').enum('Equivalent', 'Exact'),
  namespaceSelector: ref(5, LabelSelector).serverDefault({}),
  objectSelector: ref(11, LabelSelector).serverDefault({}),
  sideEffects: string(6).pointer().requiredInOpenAPI().enum('None', 'NoneOnDryRun', 'Some', 'Unknown'),
  timeoutSeconds: int32(7).pointer().serverDefault(10),
  admissionReviewVersions: list(8, 'string').required().listType('atomic'),
  reinvocationPolicy: string(10).pointer().serverDefault('Never').enum('IfNeeded', 'Never'),
  matchConditions: list(12, MatchCondition).listType('map', 'name').patchStrategy('merge').mergeKey('name'),
})
export type MutatingWebhook = Infer<typeof MutatingWebhook>

export const MutatingWebhookConfiguration = object('io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  webhooks: list(2, MutatingWebhook)
    .listType('map', 'name')
    .patchStrategy('merge')
    .mergeKey('name')
    .protobufName('Webhooks'),
})
export type MutatingWebhookConfiguration = Infer<typeof MutatingWebhookConfiguration>

export const MutatingWebhookConfigurationList = listKind(
  'io.k8s.api.admissionregistration.v1.MutatingWebhookConfigurationList',
  MutatingWebhookConfiguration,
)
export type MutatingWebhookConfigurationList = Infer<typeof MutatingWebhookConfigurationList>

export const mutatingWebhookConfigurations = resource({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  resource: 'mutatingwebhookconfigurations',
  schema: MutatingWebhookConfiguration,
  listSchema: MutatingWebhookConfigurationList,
  categories: ['api-extensions'],
  namespaced: false,
  verbs: allVerbs,
  columns: [
    nameColumn,
    column('Webhooks', 'integer', 'Webhooks indicates the number of webhooks registered in this configuration'),
    ageColumn,
  ],
})
