// Gives every node its part of the pods' addresses (spec.podCIDRs), where nobody has: a /24 of an IPv4 cluster range, a /64
// of an IPv6 one. What a node has it keeps until it is gone.

import { type Node, nodes } from '../../api/core/v1/node.ts'
import { type Controller, controller, watch } from '../../client/controller.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import type { ManagerEnvironment } from '../managed-controller.ts'
import { observeNodeRanges } from './metrics.ts'
import { type NodeRange, nodeRange } from './node-range.ts'

interface State {
  /** One for each family. */
  readonly ranges: readonly NodeRange[]
}

export function nodeIPAMController(environment: ManagerEnvironment): Controller {
  const { clusterCIDR, serviceCIDR = '', nodeCIDRMaskSizes } = environment
  const rangeOf = (text: string) => {
    const range = nodeRange(text.trim(), nodeCIDRMaskSizes)
    for (const services of serviceCIDR.split(',')) range.exclude(services.trim())
    return range
  }
  return controller<Node, State>({
    name: 'node-ipam-controller',
    reconciles: nodes,
    state: ({ metrics }) => {
      const ranges = clusterCIDR.split(',').map(rangeOf)
      observeNodeRanges(metrics, ranges)
      return { ranges }
    },
    watches: [
      watch<Node, State>(nodes, {
        handler: ({ state: { ranges } }) => {
          const occupy = ({ spec }: Node) => {
            for (const cidr of cidrsOf(spec)) for (const range of ranges) range.occupy(cidr)
          }
          return {
            added: occupy,
            updated: (_, node) => occupy(node),
            deleted: ({ spec }) => {
              for (const cidr of cidrsOf(spec)) for (const range of ranges) range.release(cidr)
            },
          }
        },
      }),
    ],
    filter: ({ after }) => !!after && cidrsOf(after.spec).length === 0,
    async reconcile(name, { lister, client, state, events }) {
      const node = lister(nodes).get(name)
      if (!node || node.metadata.deletionTimestamp || cidrsOf(node.spec).length > 0) return
      const given: { range: NodeRange; cidr: string }[] = []
      const tell = (status: string) => {
        const reference = { apiVersion: 'v1', kind: 'Node', name, uid: node.metadata.uid }
        events.event(reference, 'Normal', status, `Node ${name} status is now: ${status}`)
      }
      const giveBack = () => {
        for (const { range, cidr } of given) range.release(cidr)
      }
      for (const range of state.ranges) {
        const cidr = range.next()
        if (cidr === undefined) {
          giveBack()
          tell('CIDRNotAvailable')
          throw new Error(
            `failed to allocate cidr from cluster cidr at idx:0: CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range`,
          )
        }
        given.push({ range, cidr })
      }
      const podCIDRs = given.map(({ cidr }) => cidr)
      try {
        await client
          .resource(nodes)
          .patch(name, 'application/strategic-merge-patch+json', { spec: { podCIDR: podCIDRs[0], podCIDRs } })
      } catch (error) {
        giveBack()
        if (isNotFound(error)) return
        tell('CIDRAssignmentFailed')
        throw error
      }
    },
  })
}

function cidrsOf({ podCIDRs, podCIDR }: Node['spec']): readonly string[] {
  return podCIDRs?.length ? podCIDRs : podCIDR ? [podCIDR] : []
}
