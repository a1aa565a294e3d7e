// The service proxy on a whole cluster, with the rights it has in one; only the kernel is missing.

import { expect, test } from 'vitest'
import { allAuthenticated } from '../../src/apiserver/user.ts'
import { Cluster } from '../../src/cluster/cluster.ts'
import { ServiceProxy } from '../../src/proxy/proxy.ts'

const manifest = `
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { clusterIP: 10.96.0.50, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
ports: [{ name: http, port: 8080 }]
endpoints: [{ addresses: [192.0.2.7] }]
`

test('writes rules for the Services of a cluster, as system:kube-proxy', async () => {
  const cluster = await Cluster.start()
  await cluster.apply(manifest)
  const texts: string[] = []
  const proxy = new ServiceProxy({
    env: cluster.env,
    client: cluster.plane.client({ name: 'system:kube-proxy', groups: [allAuthenticated] }),
    nft: { apply: async text => void texts.push(text) },
    nodeName: 'simulated-1',
    clusterCIDR: '10.244.0.0/16',
  })
  try {
    proxy.start()
    await cluster.until(() => texts.length > 0)
    expect(texts[0]).toMatch(/10\.96\.0\.50 \. tcp \. 80 : goto service-[0-9A-F]{8}-default\/web\/tcp\/http/)
    expect(texts[0]).toContain('meta l4proto tcp dnat to 192.0.2.7:8080')
  } finally {
    await proxy.stop()
    await cluster.stop()
  }
})
