// DefaultIngressClass: an Ingress that names no class gets the default one.

import { defaultClassOf, defaultIngressClassAnnotations } from '../../api/default-class.ts'
import type { AdmissionPlugin } from './admission.ts'

export const defaultIngressClass: AdmissionPlugin = {
  name: 'DefaultIngressClass',
  handles: operation => operation === 'CREATE',
  resources: ['ingresses.networking.k8s.io'],
  admit(attributes): void {
    const { object: ingress, subresource } = attributes
    if (subresource !== '' || ingress === undefined) return
    if (ingress['spec']?.ingressClassName !== undefined) return
    if (ingress.metadata['annotations']?.['kubernetes.io/ingress.class'] !== undefined) return
    const found = defaultClassOf(
      attributes.lister.list('ingressclasses.networking.k8s.io', ''),
      defaultIngressClassAnnotations,
    )
    if (found) ingress['spec'] = { ...ingress['spec'], ingressClassName: found.metadata.name }
  },
}
