// Makes sure the API server has this node's object: creates it, or brings the one that is there up to date. Tries until
// it succeeds.

import { type Node, nodes } from '../api/core/v1/node.ts'
import type { Client } from '../client/client.ts'
import type { Env } from '../machinery/env/env.ts'
import { isAlreadyExists } from '../machinery/status-error.ts'
import { type NodeDescription, nodeLabels, nodeObject } from './node-object.ts'

const firstRetryMs = 100
const longestRetryMs = 7000

/** `withStatus`: the status to create the node with. Rejects only when the signal is aborted. */
export async function registerNode(
  client: Client,
  env: Env,
  description: NodeDescription,
  withStatus: Node['status'],
  signal: AbortSignal,
): Promise<Node> {
  for (let wait = firstRetryMs; ; wait = Math.min(wait * 2, longestRetryMs)) {
    try {
      return await tryRegister(client, description, withStatus)
    } catch (error) {
      signal.throwIfAborted()
      env.log.warn('cannot register the node', { node: description.name, error: (error as Error).message })
      await env.clock.sleep(wait, signal)
    }
  }
}

async function tryRegister(client: Client, description: NodeDescription, status: Node['status']): Promise<Node> {
  const resource = client.resource(nodes)
  const wanted = { ...nodeObject(description), status }
  try {
    return await resource.create(wanted)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
  const existing = await resource.get(description.name)
  const labels = nodeLabels(description)
  const differs = Object.entries(labels).filter(([key, value]) => existing.metadata.labels?.[key] !== value)
  const podCidr = description.podCIDR && !existing.spec.podCIDR ? wanted.spec : undefined
  if (differs.length === 0 && !podCidr) return existing
  return resource.patch(description.name, 'application/merge-patch+json', {
    metadata: { labels: Object.fromEntries(differs) },
    ...(podCidr ? { spec: podCidr } : {}),
  })
}
