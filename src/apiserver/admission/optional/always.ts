// AlwaysAdmit and AlwaysDeny: for tests of what comes before and after.

import { type AdmissionPlugin, refusal } from '../admission.ts'

export const alwaysAdmit: AdmissionPlugin = { name: 'AlwaysAdmit', handles: () => false }

export const alwaysDeny: AdmissionPlugin = {
  name: 'AlwaysDeny',
  handles: () => true,
  validate(attributes): void {
    throw refusal(attributes, 'admission control is denying all modifications')
  },
}
