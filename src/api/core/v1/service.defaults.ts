import { defaulter } from '../../defaulter.ts'
import { Service } from './service.ts'

const threeHours = 10800

export const serviceDefaults = [
  defaulter(Service, ({ spec, status }) => {
    const { type } = spec
    if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
    if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined)
      spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: threeHours } }
    for (const port of spec.ports ?? [])
      if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port
    const external = type === 'LoadBalancer' || type === 'NodePort'
    if (external || (type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0))
      spec.externalTrafficPolicy ||= 'Cluster'
    if (external || type === 'ClusterIP') spec.internalTrafficPolicy ??= 'Cluster'
    if (type !== 'LoadBalancer') return
    spec.allocateLoadBalancerNodePorts ??= true
    for (const ingress of status?.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP'
  }),
]
