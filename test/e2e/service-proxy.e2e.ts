// The rules of the service proxy in a real kernel: a client and a node, each in a network namespace of its own, and
// connections that must arrive at the node's endpoints.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Service } from '../../src/api/core/v1/service.ts'
import type { EndpointSlice } from '../../src/api/discovery/v1/endpointslice.ts'
import { NftCommand } from '../../src/proxy/nft.ts'
import { type Applied, removal, transaction } from '../../src/proxy/nft-transaction.ts'
import { buildRuleset } from '../../src/proxy/ruleset.ts'
import { RunningProcess, run, runOrThrow } from './environment/process.ts'

const mark = process.pid
const [node, client] = [`k8ts-node-${mark}`, `k8ts-client-${mark}`]
const inNode = ['netns', 'exec', node]
const endpoints = ['10.244.0.5', '10.244.0.6', '10.244.0.7']
const nft = new NftCommand(['ip', ...inNode, 'nft'])
let servers: RunningProcess | undefined
let applied: Applied | undefined

/** Each answers with its own address and its caller's. */
const server = `
const addresses = ${JSON.stringify(endpoints)}
let open = 0
for (const address of addresses)
  require('node:net')
    .createServer(socket => socket.on('error', () => {}).end(address + ' ' + socket.remoteAddress))
    .listen(8080, address, () => { if (++open === addresses.length) console.log('all listen') })
`

/** Connects so many times, one after the other, and prints what it is answered, or the error's code. */
const caller = `
const [address, port, times] = process.argv.slice(1)
const connect = () => new Promise(resolve => {
  let text = ''
  const socket = require('node:net').connect({ host: address, port: Number(port) })
  socket.setTimeout(1500, () => { resolve('timeout'); socket.destroy() })
  socket.on('data', data => { text += data }).on('end', () => resolve(text)).on('error', error => resolve(error.code))
})
;(async () => { for (let time = 0; time < Number(times); time++) console.log(await connect()) })()
`

async function call(from: string, address: string, port: number, times = 1): Promise<string[]> {
  const args = ['netns', 'exec', from, process.execPath, '-e', caller, address, String(port), String(times)]
  return (await runOrThrow('ip', args)).trim().split('\n')
}

async function apply(services: readonly Service[], slices: readonly EndpointSlice[]): Promise<void> {
  const ruleset = buildRuleset(services, slices, { nodeName: 'node', clusterCIDR: '10.244.0.0/16' })
  const { text, after } = transaction(ruleset, applied)
  if (text) await nft.apply(text)
  applied = after
}

const web = (spec: Partial<Service['spec']> = {}): Service =>
  ({
    metadata: { namespace: 'default', name: 'web' },
    spec: {
      type: 'NodePort',
      clusterIP: '10.96.0.10',
      clusterIPs: ['10.96.0.10'],
      ports: [{ port: 80, targetPort: 8080, protocol: 'TCP', nodePort: 30080 }],
      ...spec,
    },
    status: {},
  }) as Service

const slice = (...addresses: string[]): EndpointSlice =>
  ({
    metadata: { namespace: 'default', name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    ports: [{ port: 8080, protocol: 'TCP' }],
    endpoints: addresses.map(address => ({ addresses: [address], conditions: {}, nodeName: 'node' })),
  }) as unknown as EndpointSlice

const servedBy = (answers: readonly string[]) => [...new Set(answers.map(answer => answer.split(' ')[0]))].sort()
const callers = (answers: readonly string[]) => [...new Set(answers.map(answer => answer.split(' ')[1]))]

beforeAll(async () => {
  const ip = (line: string) => runOrThrow('ip', line.split(' '))
  await ip(`netns add ${node}`)
  await ip(`netns add ${client}`)
  await ip(`link add name eth0 netns ${node} type veth peer name eth0 netns ${client}`)
  for (const [namespace, address, gateway] of [
    [node, '192.0.2.1', '192.0.2.2'],
    [client, '192.0.2.2', '192.0.2.1'],
  ]) {
    await ip(`-n ${namespace} link set lo up`)
    await ip(`-n ${namespace} address add ${address}/24 dev eth0`)
    await ip(`-n ${namespace} link set eth0 up`)
    await ip(`-n ${namespace} route add default via ${gateway}`)
  }
  for (const address of endpoints) await ip(`-n ${node} address add ${address}/32 dev lo`)
  // Its only way out is the one packets come in by: no word of that, and no limit to words of refusal.
  const settings = { ip_forward: 1, icmp_ratelimit: 0, 'conf/all/send_redirects': 0, 'conf/eth0/send_redirects': 0 }
  for (const [name, value] of Object.entries(settings))
    await runOrThrow('ip', [...inNode, 'sh', '-c', `echo ${value} > /proc/sys/net/ipv4/${name}`])
  servers = new RunningProcess('ip', [...inNode, process.execPath, '-e', server])
  await servers.says(/all listen/)
})

afterAll(async () => {
  await servers?.stop('SIGKILL')
  for (const namespace of [node, client]) await run('ip', ['netns', 'delete', namespace])
})

describe.sequential('a Service', () => {
  test('is reached through its cluster IP, by chance at the one or the other endpoint', async () => {
    await apply([web()], [slice('10.244.0.5', '10.244.0.6')])
    expect(servedBy(await call(client, '10.96.0.10', 80, 40))).toEqual(['10.244.0.5', '10.244.0.6'])
    expect(servedBy(await call(node, '10.96.0.10', 80, 40))).toEqual(['10.244.0.5', '10.244.0.6'])
  })

  test('is reached through its node port', async () => {
    expect(servedBy(await call(client, '192.0.2.1', 30080, 40))).toEqual(['10.244.0.5', '10.244.0.6'])
  })

  test('refuses ports it does not have, at once', async () => {
    expect(await call(client, '10.96.0.10', 81)).toEqual(['ECONNREFUSED'])
  })

  test('moves with its endpoints', async () => {
    await apply([web()], [slice('10.244.0.7')])
    expect(servedBy(await call(client, '10.96.0.10', 80, 5))).toEqual(['10.244.0.7'])
    await apply([web()], [slice('10.244.0.5', '10.244.0.7')])
    expect(servedBy(await call(client, '10.96.0.10', 80, 40))).toEqual(['10.244.0.5', '10.244.0.7'])
  })

  test('keeps a client at one endpoint with session affinity, over a change of the rules', async () => {
    const sticky = web({ sessionAffinity: 'ClientIP' })
    await apply([sticky], [slice('10.244.0.5', '10.244.0.6')])
    const [first, ...more] = servedBy(await call(client, '10.96.0.10', 80, 20))
    expect(more).toEqual([])
    await apply([sticky], [slice(...endpoints)])
    expect(servedBy(await call(client, '10.96.0.10', 80, 20))).toEqual([first])
    await apply([web()], [slice(...endpoints)])
    await apply([web()], [slice(...endpoints)])
  })

  test('keeps the source address with externalTrafficPolicy Local', async () => {
    await apply([web({ externalTrafficPolicy: 'Local' })], [slice('10.244.0.5')])
    expect(callers(await call(client, '192.0.2.1', 30080))).toEqual(['192.0.2.2'])
  })

  test('without endpoints refuses at once, at cluster IP and node port', async () => {
    await apply([web()], [])
    expect(await call(client, '10.96.0.10', 80)).toEqual(['ECONNREFUSED'])
    expect(await call(client, '192.0.2.1', 30080)).toEqual(['ECONNREFUSED'])
    expect(await call(node, '10.96.0.10', 80)).toEqual(['ECONNREFUSED'])
  })

  test('is gone with the table', async () => {
    await apply([], [])
    await nft.apply(removal('ip'))
    await nft.apply(removal('ip'))
    expect(await runOrThrow('ip', [...inNode, 'nft', 'list', 'tables'])).toBe('')
  })
})

test('rules the kernel does not take are an error with its words', async () => {
  await expect(nft.apply('add rule ip nowhere here drop\n')).rejects.toThrow(/No such file or directory/)
})

test('a machine without nft says so', async () => {
  const absent = new NftCommand(['nft-is-not-here'])
  expect((await absent.unusable())?.message).toBe('nft-is-not-here is not on this machine: install nftables')
})
