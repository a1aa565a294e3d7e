import { ageCell } from '../../cells.ts'
import type { MutatingWebhookConfiguration } from './mutatingwebhookconfiguration.ts'
import type { ValidatingWebhookConfiguration } from './validatingwebhookconfiguration.ts'

/** Of mutating and of validating ones. */
export function webhookConfigurationCells(
  configuration: MutatingWebhookConfiguration | ValidatingWebhookConfiguration,
  now: number,
): unknown[] {
  return [configuration.metadata.name, configuration.webhooks?.length ?? 0, ageCell(configuration, now)]
}
