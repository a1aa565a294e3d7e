// The CRI messages against upstream's: field by field, number by number. Runs where upstream's data lies beside the project.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import * as container from '../../src/kubelet/runtime/cri/container.ts'
import * as containerRequests from '../../src/kubelet/runtime/cri/container-requests.ts'
import * as image from '../../src/kubelet/runtime/cri/image.ts'
import * as podSandbox from '../../src/kubelet/runtime/cri/pod-sandbox.ts'
import * as shared from '../../src/kubelet/runtime/cri/shared.ts'
import * as signal from '../../src/kubelet/runtime/cri/signal.ts'
import * as stats from '../../src/kubelet/runtime/cri/stats.ts'
import * as status from '../../src/kubelet/runtime/cri/version-and-status.ts'
import type { Enumeration, Message } from '../../src/machinery/proto/message.ts'

const file = fileURLToPath(new URL('../../../shared/kubernetes-v1.36/protobuf/cri-v1.json', import.meta.url))

type TheirField = [number: number, name: string, type: string, repeated?: 'repeated']

/** What a Linux kubelet has no use for. */
const leftOut = [
  /Windows/,
  /Checkpoint/,
  /Metric/,
  // The lists, in parts: for nodes with more containers than fit into one answer of 16 MiB.
  /^Stream/,
]

const ours: Record<string, Message | Enumeration> = {
  ...{ ...container, ...containerRequests, ...image, ...podSandbox, ...shared, ...signal, ...stats, ...status },
}
const nameOf = new Map(Object.entries(ours).map(([name, declaration]) => [declaration, name]))
/** A nested name carries the message it is nested in. */
const shortName = (name: string) =>
  name.replace('runtime.v1.', '').replace(/^(?:SecurityProfile\.)?ProfileType$/, 'SecurityProfileType')
const bare = (name: string) => name.replaceAll('_', '').toLowerCase()

describe.skipIf(!existsSync(file))('CRI v1', () => {
  const { enums, messages } = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as {
        enums: Record<string, Record<string, number>>
        messages: Record<string, TheirField[]>
      })
    : { enums: {}, messages: {} }
  const wanted = ([name]: [string, unknown]) => !leftOut.some(pattern => pattern.test(shortName(name)))

  test.each(Object.entries(enums).filter(wanted))('%s', (name, numbers) => {
    const { names } = ours[shortName(name)] as Enumeration
    expect(Object.fromEntries(names.map((name, number) => [name, number]))).toEqual(numbers)
  })

  test.each(Object.entries(messages).filter(wanted))('%s', (name, theirs) => {
    const message = ours[shortName(name)] as Message
    expect(message, `${name} is not declared`).toBeDefined()
    const mine = Object.entries(message.fields).map(([name, { number, type, shape }]) => [
      number,
      bare(name),
      shape === 'map' ? 'map<string,string>' : typeof type === 'string' ? type : nameOf.get(type),
      ...(shape === 'list' ? ['repeated'] : []),
    ])
    const expected = theirs
      .filter(([, , type]) => !/Windows/.test(type))
      .map(([number, name, type, ...repeated]) => [number, bare(name), shortName(type), ...repeated])
    expect(mine).toEqual(expected)
  })
})
