// What a pod's containers ask for together (KEP-753): the containers run side by side with the restartable init
// containers, the other init containers one after another before them.

import { parseQuantity, type Quantity } from '../../../machinery/quantity.ts'
import { amountsOf } from '../../quota/resource-list.ts'
import type { Pod } from './pod.ts'

type Amounts = Map<string, Quantity>

/** Of its containers, of the pod as a whole where it says so, and what running it costs. */
export function podResources(pod: Pod, of: 'requests' | 'limits'): Map<string, Quantity> {
  const total = aggregateContainerResources(pod, of)
  for (const [name, amount] of amountsOf(pod.spec.resources?.[of])) total.set(name, amount)
  for (const [name, amount] of amountsOf(pod.spec.overhead)) {
    const before = total.get(name)
    // What is not limited stays so.
    if (of === 'limits') {
      if (before && !before.isZero) total.set(name, before.add(amount))
    } else total.set(name, before ? before.add(amount) : amount)
  }
  return total
}

/** The sum over containers or, where it is more, what the greediest moment of initialization takes. */
export function aggregateContainerResources(pod: Pod, of: 'requests' | 'limits'): Amounts {
  const total: Amounts = new Map()
  for (const container of pod.spec.containers ?? []) add(total, container.resources?.[of])
  const sidecars: Amounts = new Map()
  const peak: Amounts = new Map()
  for (const container of pod.spec.initContainers ?? []) {
    const list = container.resources?.[of]
    if (container.restartPolicy === 'Always') {
      add(total, list)
      add(sidecars, list)
      raise(peak, sidecars)
    } else {
      const here = new Map(sidecars)
      add(here, list)
      raise(peak, here)
    }
  }
  raise(total, peak)
  return total
}

function add(amounts: Amounts, list: Readonly<Record<string, string>> | undefined): void {
  for (const name in list) {
    const amount = parseQuantity(list[name]!)
    const before = amounts.get(name)
    amounts.set(name, before ? before.add(amount) : amount)
  }
}

function raise(amounts: Amounts, to: Amounts): void {
  for (const [name, amount] of to) {
    const before = amounts.get(name)
    if (!before || before.compare(amount) < 0) amounts.set(name, amount)
  }
}
