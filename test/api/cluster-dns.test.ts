// Cluster DNS on a whole cluster: names of Services and of the pods behind them, asked by the system's own resolver.

import { Resolver } from 'node:dns/promises'
import { expect, test } from 'vitest'
import { pods } from '../../src/api/core/v1/pod.ts'
import { Cluster } from '../../src/cluster/cluster.ts'
import { ClusterDns } from '../../src/dns/cluster-dns.ts'

const manifest = `
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { clusterIP: None, selector: { app: web }, ports: [{ name: http, port: 80 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: web-0, labels: { app: web } }
spec: { hostname: web-0, subdomain: web, containers: [{ name: web, image: web }] }
`

test('answers with the addresses that the cluster has given out', async () => {
  const cluster = await Cluster.start()
  const listen = { address: '127.0.0.1', port: 0 }
  const dns = new ClusterDns({ env: cluster.env, client: cluster.client, listen, upstreams: [] })
  try {
    await dns.start()
    await dns.synced()
    const resolver = new Resolver()
    resolver.setServers([`127.0.0.1:${dns.port}`])
    const addresses = (name: string) => resolver.resolve4(`${name}.svc.cluster.local`).catch(error => error.code)
    expect(await addresses('kubernetes.default')).toEqual(['10.96.0.1'])
    expect(await resolver.resolvePtr('1.0.96.10.in-addr.arpa')).toEqual(['kubernetes.default.svc.cluster.local'])
    expect(await addresses('web.default')).toBe('ENOTFOUND')

    await cluster.apply(manifest)
    await cluster.until(async () => Array.isArray(await addresses('web.default')))
    const { status } = await cluster.client.resource(pods).namespace('default').get('web-0')
    expect(await addresses('web.default')).toEqual([status.podIP])
    expect(await addresses('web-0.web.default')).toEqual([status.podIP])
  } finally {
    await dns.stop()
    await cluster.stop()
  }
})
