// Prefers nodes that have the pod's images already, the bigger the better; images that few nodes have count less, lest
// all their pods go to one node.

import { maxNodeScore, type Plugin } from '../framework.ts'
import type { Snapshot } from '../snapshot.ts'
import { skip } from '../status.ts'

const megabyte = 1024 * 1024
const smallest = 23 * megabyte
const biggestPerContainer = 1000 * megabyte

interface Images {
  readonly names: readonly string[]
  readonly snapshot: Snapshot
}

/** As nodes name it: with a tag. */
export function normalizedImageName(name: string): string {
  return name.lastIndexOf(':') <= name.lastIndexOf('/') ? `${name}:latest` : name
}

export const imageLocality: Plugin<undefined, Images> = {
  name: 'ImageLocality',
  preScore({ pod }, _, snapshot) {
    const containers = [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])]
    const names = containers.map(({ image }) => normalizedImageName(image ?? ''))
    for (const volume of pod.spec.volumes ?? [])
      if (volume.image) names.push(normalizedImageName(volume.image.reference ?? ''))
    // Where no node has any of them, all nodes score the same.
    if (!names.some(name => snapshot.imageSpread(name) > 0)) return { status: skip }
    return { state: { names, snapshot } }
  },
  score(_, node, { names, snapshot }) {
    let sum = 0
    for (const name of names) {
      const size = node.images.get(name)
      if (size !== undefined) sum += Math.trunc((size * snapshot.imageSpread(name)) / snapshot.nodes.length)
    }
    const biggest = biggestPerContainer * names.length
    const bounded = Math.min(Math.max(sum, smallest), biggest)
    return Math.trunc((maxNodeScore * (bounded - smallest)) / (biggest - smallest))
  },
}
