// ValidatingAdmissionWebhook: others are asked whether a request may be.
//
// In a cluster without such configurations this costs one look at a number.

import type { AdmissionAttributes, AdmissionPlugin, AdmissionServices } from '../admission.ts'
import { isAdmissionConfiguration } from '../matching/matching.ts'

const configurations = 'validatingwebhookconfigurations.admissionregistration.k8s.io'

export function validatingAdmissionWebhook(services: AdmissionServices): AdmissionPlugin {
  return {
    name: 'ValidatingAdmissionWebhook',
    handles: () => true,
    validate(attributes: AdmissionAttributes): void | Promise<void> {
      if (attributes.lister.count(configurations) === 0 || isAdmissionConfiguration(attributes)) return
      return import('./validate-by-webhooks.ts').then(({ validateByWebhooks }) =>
        validateByWebhooks(attributes, services, configurations),
      )
    },
  }
}
