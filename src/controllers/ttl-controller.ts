// Tells kubelets by an annotation of their node how long they may keep Secrets and ConfigMaps: the more nodes there are,
// the longer.

import { type Node, nodes } from '../api/core/v1/node.ts'
import { type ControllerContext, controller, watch } from '../client/controller.ts'

const annotation = 'node.alpha.kubernetes.io/ttl'

/** The sizes at which a step is left downwards and upwards; they overlap, so that one node more or less changes nothing. */
const steps = [
  { min: 0, max: 100, seconds: 0 },
  { min: 90, max: 500, seconds: 15 },
  { min: 450, max: 1000, seconds: 30 },
  { min: 900, max: 2000, seconds: 60 },
  { min: 1800, max: Number.POSITIVE_INFINITY, seconds: 300 },
] as const

interface State {
  step: number
}

export const ttlController = controller<Node, State>({
  name: 'ttl-controller',
  reconciles: nodes,
  concurrency: 5,
  state: () => ({ step: 0 }),
  filter: ({ before, after }) => !!after && (!before || before.metadata.annotations !== after.metadata.annotations),
  watches: [
    watch<Node, State>(nodes, {
      keys: ({ before, after }, context) => (before && after ? [] : resize(context)),
    }),
  ],
  started: context => {
    for (const name of resize(context)) context.queue.add(name)
  },
  async reconcile(name, { lister, client, state }) {
    const node = lister(nodes).get(name)
    const seconds = String(steps[state.step]!.seconds)
    if (!node || node.metadata.annotations?.[annotation] === seconds) return
    await client
      .resource(nodes)
      .patch(name, 'application/strategic-merge-patch+json', { metadata: { annotations: { [annotation]: seconds } } })
  },
})

/** The nodes that a change of the step concerns: all or none. */
function resize({ lister, state }: ControllerContext<State>): readonly string[] {
  const names = lister(nodes).keys()
  const before = state.step
  while (names.length > steps[state.step]!.max) state.step++
  while (names.length < steps[state.step]!.min) state.step--
  return state.step === before ? [] : names
}
