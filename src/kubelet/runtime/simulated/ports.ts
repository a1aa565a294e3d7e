// The ports of a simulated pod: those that its containers declare answer HTTP, with a word of what they are. On any
// other nothing listens, as with a real pod whose program doesn't.

import { createServer, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { finished } from 'node:stream/promises'
import { RuntimeError } from '../container-runtime.ts'
import type { PodSandboxConfig } from '../cri/pod-sandbox.ts'
import type { SimulatedContainer } from './container.ts'

/** Resolves when the connection is over. */
export async function forwardToSimulation(
  { metadata, portMappings = [] }: PodSandboxConfig,
  containers: readonly SimulatedContainer[],
  port: number,
  stream: Duplex,
): Promise<void> {
  const declared = portMappings.some(
    ({ containerPort, protocol = 'TCP' }) => containerPort === port && protocol === 'TCP',
  )
  if (!declared || !containers.some(({ state }) => state === 'CONTAINER_RUNNING'))
    throw new RuntimeError('Unavailable', `simulated container: nothing listens on port ${port}`)
  serverOf(
    `simulated container: this is port ${port} of pod ${metadata?.namespace}/${metadata?.name}; no program runs behind it\n`,
  ).emit('connection', stream)
  // A client that goes away is no failure of the forwarding.
  await finished(stream).catch(() => {})
}

/** It never listens: connections are handed to it. */
function serverOf(text: string): Server {
  return createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(text)
  })
}
