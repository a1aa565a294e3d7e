// MutatingAdmissionWebhook: others are asked what to make of an object.
//
// In a cluster without such configurations this costs one look at a number.

import type { AdmissionAttributes, AdmissionPlugin, AdmissionServices } from '../admission.ts'
import { isAdmissionConfiguration } from '../matching/matching.ts'

const configurations = 'mutatingwebhookconfigurations.admissionregistration.k8s.io'

export function mutatingAdmissionWebhook(services: AdmissionServices): AdmissionPlugin {
  return {
    name: 'MutatingAdmissionWebhook',
    handles: () => true,
    admit(attributes: AdmissionAttributes): void | Promise<void> {
      if (attributes.lister.count(configurations) === 0 || isAdmissionConfiguration(attributes)) return
      return import('./mutate-by-webhooks.ts').then(({ mutateByWebhooks }) =>
        mutateByWebhooks(attributes, services, configurations),
      )
    },
  }
}
