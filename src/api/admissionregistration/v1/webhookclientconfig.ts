import { bytes, type Infer, int32, object, ref, string } from '../../../machinery/schema/schema.ts'

export const ServiceReference = object('io.k8s.api.admissionregistration.v1.ServiceReference', {
  namespace: string(1).required(),
  name: string(2).required(),
  path: string(3).pointer(),
  port: int32(4).pointer().serverDefault(443),
})
export type ServiceReference = Infer<typeof ServiceReference>

export const WebhookClientConfig = object('io.k8s.api.admissionregistration.v1.WebhookClientConfig', {
  url: string(3).pointer(),
  service: ref(1, ServiceReference),
  caBundle: bytes(2),
})
export type WebhookClientConfig = Infer<typeof WebhookClientConfig>
