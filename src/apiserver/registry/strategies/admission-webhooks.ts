// Configurations of admission webhooks. What checks them is loaded with the first of them.

import type { Strategy } from '../strategy.ts'

type Validation = typeof import('../../../api/admissionregistration/v1/webhookconfiguration.validation.ts')

let validation: Validation | undefined

const webhookConfiguration: Strategy = {
  tracksGeneration: true,
  allowUnconditionalUpdate: false,
  load() {
    if (validation) return undefined
    return import('../../../api/admissionregistration/v1/webhookconfiguration.validation.ts').then(loaded => {
      validation = loaded
    })
  },
  validate: configuration => validation!.validateWebhookConfiguration(configuration),
  validateUpdate: (configuration, old) => validation!.validateWebhookConfiguration(configuration, old),
}

export const admissionWebhookStrategies: Readonly<Record<string, Strategy>> = {
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': webhookConfiguration,
  'validatingwebhookconfigurations.admissionregistration.k8s.io': webhookConfiguration,
}
