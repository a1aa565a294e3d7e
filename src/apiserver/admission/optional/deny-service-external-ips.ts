// DenyServiceExternalIPs: nobody takes traffic to addresses of their choice; those already had may stay.

import { type AdmissionPlugin, isResource, refusal } from '../admission.ts'

export const denyServiceExternalIPs: AdmissionPlugin = {
  name: 'DenyServiceExternalIPs',
  handles: operation => operation === 'CREATE' || operation === 'UPDATE',
  validate(attributes): void {
    const { object, oldObject, subresource } = attributes
    if (subresource !== '' || !isResource(attributes, '', 'services')) return
    const before: readonly string[] = oldObject?.['spec']?.externalIPs ?? []
    const now: readonly string[] = object?.['spec']?.externalIPs ?? []
    if (now.some(address => !before.includes(address)))
      throw refusal(attributes, 'Use of external IPs is denied by admission control')
  },
}
