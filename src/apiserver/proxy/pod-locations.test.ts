import { describe, expect, it } from 'vitest'
import type { Node } from '../../api/core/v1/node.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import type { StatusError } from '../../machinery/status-error.ts'
import { attachLocation, execLocation, kubeletOf, podLogLocation, portForwardLocation } from './pod-locations.ts'

function pod(containers: string[], spec: object = { nodeName: 'node-1' }): Pod {
  const named = containers.map(name => ({ name }))
  return { metadata: { name: 'web', namespace: 'default' }, spec: { containers: named, ...spec } } as unknown as Pod
}

const refusal = (attempt: () => unknown): [number, string, string] => {
  try {
    attempt()
  } catch (error) {
    const { code, reason, message } = error as StatusError
    return [code, reason, message]
  }
  throw new Error('was not refused')
}

describe('where a log is', () => {
  it.each([
    [{}, ''],
    [{ follow: true, previous: true, timestamps: true }, '?follow=true&previous=true&timestamps=true'],
    [{ tailLines: 0, limitBytes: 10, sinceSeconds: 5 }, '?sinceSeconds=5&tailLines=0&limitBytes=10'],
    [{ sinceTime: '2026-01-02T15:04:05Z' }, '?sinceTime=2026-01-02T15%3A04%3A05Z'],
  ])('with %j', (options, query) => {
    expect(podLogLocation(pod(['main']), options)).toEqual({
      node: 'node-1',
      path: `/containerLogs/default/web/main${query}`,
    })
  })

  it('is nowhere before the pod has a node', () => {
    expect(podLogLocation(pod(['main'], {}), {})).toBeUndefined()
  })
})

describe('where streams are', () => {
  it("has the kubelet's own names for the options", () => {
    const command = ['sh', '-c', 'echo a&b']
    expect(execLocation(pod(['main']), { stdin: true, stdout: true, stderr: true, tty: true, command })).toEqual({
      node: 'node-1',
      path: '/exec/default/web/main?input=1&output=1&error=1&tty=1&command=sh&command=-c&command=echo+a%26b',
    })
    expect(attachLocation(pod(['main']), { stdout: true }).path).toBe('/attach/default/web/main?output=1')
    expect(portForwardLocation(pod(['main']), { ports: [80, 443] }).path).toBe('/portForward/default/web?port=80%2C443')
    expect(portForwardLocation(pod(['main']), {}).path).toBe('/portForward/default/web')
  })

  it.each([execLocation, attachLocation, portForwardLocation])('%o needs a node', locate => {
    expect(refusal(() => locate(pod(['main'], {}), {}))).toEqual([
      400,
      'BadRequest',
      'pod web does not have a host assigned',
    ])
  })
})

describe('which container', () => {
  const init = { nodeName: 'node-1', initContainers: [{ name: 'setup' }], ephemeralContainers: [{ name: 'debug' }] }

  it.each(['setup', 'main', 'debug'])('may be any kind: %s', container => {
    expect(podLogLocation(pod(['main'], init), { container })?.path).toBe(`/containerLogs/default/web/${container}`)
  })

  it('is the only one, when none is named', () => {
    expect(execLocation(pod(['main'], init), { stdout: true }).path).toBe('/exec/default/web/main?output=1')
  })

  it.each([
    [['a', 'b'], undefined, 'a container name must be specified for pod web, choose one of: [setup a b debug]'],
    [[], undefined, 'a container name must be specified for pod web'],
    [['a'], 'x', 'container x is not valid for pod web'],
  ])('of %j, %s', (containers, container, message) => {
    const expected = [400, 'BadRequest', message]
    expect(refusal(() => podLogLocation(pod(containers, init), { container }))).toEqual(expected)
    expect(refusal(() => execLocation(pod(containers, init), { container }))).toEqual(expected)
  })
})

describe('the kubelet of a node', () => {
  const node = (addresses: object[], port?: number): Node =>
    ({
      metadata: { name: 'node-1' },
      status: { addresses, ...(port && { daemonEndpoints: { kubeletEndpoint: { Port: port } } }) },
    }) as unknown as Node
  const internal = { type: 'InternalIP', address: '10.0.0.1' }
  const hostname = { type: 'Hostname', address: 'node-1.local' }

  it('is at the address of the preferred type, and the port it reports', () => {
    expect(kubeletOf(node([internal, hostname], 12345))).toEqual({
      scheme: 'https',
      host: 'node-1.local',
      port: 12345,
      node: 'node-1',
    })
    expect(kubeletOf(node([hostname, internal]), ['InternalIP'])).toMatchObject({ host: '10.0.0.1', port: 10250 })
  })

  it('must have an address of a known type', () => {
    expect(refusal(() => kubeletOf(node([{ type: 'Other', address: 'x' }])))).toEqual([
      500,
      '',
      'no preferred addresses found; known addresses: [{Other x}]',
    ])
  })
})
