// Services get addresses and ports when they are made, keep them, and give them back.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { services } from '../../src/api/core/v1/service.ts'
import { Cluster } from '../../src/cluster/cluster.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutControllers: true, withoutScheduler: true })
})
afterAll(() => cluster.stop())

const all = () => cluster.client.resource(services).namespace('default')
const create = (name: string, spec: object) => all().create({ metadata: { name }, spec } as never)
const http = { ports: [{ port: 80 }] }
const patch = (name: string, body: object) => all().patch(name, 'application/merge-patch+json', body as never)

describe('a Service', () => {
  test('gets an address and its family', async () => {
    const { spec } = await create('plain', http)
    expect(spec).toMatchObject({ type: 'ClusterIP', ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' })
    expect(spec!.clusterIP).toMatch(/^10\.(9[6-9]|10\d|11[01])\.\d+\.\d+$/)
    expect(spec!.clusterIPs).toEqual([spec!.clusterIP])
  })

  test('may ask for its address, if nobody has it', async () => {
    expect((await create('asked', { ...http, clusterIP: '10.96.0.77' })).spec!.clusterIPs).toEqual(['10.96.0.77'])
    await expect(create('late', { ...http, clusterIP: '10.96.0.77' })).rejects.toThrow(
      'Service "late" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.77"]: failed to allocate IP 10.96.0.77: provided IP is already allocated',
    )
    await expect(create('outside', { ...http, clusterIP: '11.0.0.1' })).rejects.toThrow(
      'failed to allocate IP 11.0.0.1: the provided network does not match the current range',
    )
  })

  test('gives its address back', async () => {
    await create('passing', { ...http, clusterIP: '10.96.0.78' })
    await all().delete('passing')
    expect((await create('next', { ...http, clusterIP: '10.96.0.78' })).spec!.clusterIP).toBe('10.96.0.78')
  })

  test('that was refused takes nothing', async () => {
    await expect(create('bad', { ports: [{ port: 80 }, { port: 81 }], clusterIP: '10.96.0.79' })).rejects.toThrow(
      'Service "bad" is invalid: [spec.ports[0].name: Required value, spec.ports[1].name: Required value]',
    )
    expect((await create('good', { ...http, clusterIP: '10.96.0.79' })).spec!.clusterIP).toBe('10.96.0.79')
  })

  test('keeps its address when an update leaves it out, and may not change it', async () => {
    const { clusterIP } = (await all().get('plain')).spec!
    const updated = await all().update({
      metadata: { name: 'plain', namespace: 'default' },
      spec: { ports: [{ port: 81 }] },
    } as never)
    expect(updated.spec!.clusterIP).toBe(clusterIP)
    await expect(patch('plain', { spec: { clusterIP: '10.96.0.99', clusterIPs: ['10.96.0.99'] } })).rejects.toThrow(
      'Service "plain" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.0.99"]: may not change once set',
    )
  })

  test('without an address has none', async () => {
    const { spec } = await create('headless', { ...http, clusterIP: 'None', selector: { a: 'b' } })
    expect(spec).toMatchObject({ clusterIP: 'None', clusterIPs: ['None'], ipFamilyPolicy: 'SingleStack' })
    const selectorless = await create('headless-selectorless', { ...http, clusterIP: 'None' })
    expect(selectorless.spec).toMatchObject({ ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' })
    const external = await create('external', { type: 'ExternalName', externalName: 'example.com' })
    expect(external.spec!.clusterIP).toBeUndefined()
  })

  test('of two families needs a cluster of two families', async () => {
    await expect(create('dual', { ...http, ipFamilyPolicy: 'RequireDualStack' })).rejects.toThrow(
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
    )
  })
})

describe('a node port', () => {
  test('is given out, kept and taken back', async () => {
    const { spec } = await create('ports', {
      type: 'NodePort',
      ports: [
        { name: 'a', port: 53 },
        { name: 'b', port: 53, protocol: 'UDP' },
      ],
    })
    const [tcp, udp] = spec!.ports!
    expect(tcp!.nodePort).toBeGreaterThanOrEqual(30086)
    expect(tcp!.nodePort).toBeLessThanOrEqual(32767)
    expect(udp!.nodePort).toBe(tcp!.nodePort)
    const back = await patch('ports', { spec: { type: 'ClusterIP' } })
    expect(back.spec!.ports!.map(port => port.nodePort)).toEqual([undefined, undefined])
    expect(back.spec!.externalTrafficPolicy).toBeUndefined()
  })

  test('is had by one only', async () => {
    await create('first', { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] })
    await expect(create('second', { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] })).rejects.toThrow(
      'Service "second" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
    )
    await expect(create('third', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] })).rejects.toThrow(
      'spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
    )
  })

  test('of a dry run stays free', async () => {
    const body = { metadata: { name: 'dry' }, spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 30081 }] } }
    expect((await all().create(body as never, { dryRun: true })).spec!.clusterIP).toBeDefined()
    await create('wet', body.spec)
  })

  test('for health checks belongs to balancers of local traffic', async () => {
    const { spec } = await create('balanced', { ...http, type: 'LoadBalancer', externalTrafficPolicy: 'Local' })
    expect(spec!.healthCheckNodePort).toBeGreaterThanOrEqual(30000)
    expect(spec!.allocateLoadBalancerNodePorts).toBe(true)
    const back = await patch('balanced', { spec: { externalTrafficPolicy: 'Cluster' } })
    expect(back.spec!.healthCheckNodePort).toBeUndefined()
  })
})
