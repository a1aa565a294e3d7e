import { expect, test } from 'vitest'
import type { EndpointSubset } from '../../api/core/v1/endpoints.ts'
import { withinCapacity } from './endpoints-capacity.ts'

// Each subset as ready/not ready addresses.

const addresses = (count: number) => Array.from({ length: count }, (_, index) => ({ ip: `10.0.0.${index}` }))
const subset = ([ready, notReady]: [number, number]): EndpointSubset => ({
  ...(ready > 0 && { addresses: addresses(ready) }),
  ...(notReady > 0 && { notReadyAddresses: addresses(notReady) }),
  ports: [{ port: 80 }],
})
const counts = (subsets: readonly EndpointSubset[]) =>
  subsets.map(({ addresses = [], notReadyAddresses = [] }) => [addresses.length, notReadyAddresses.length])

test.each<[string, [number, number][], number[][], boolean]>([
  ['all that fit', [[600, 400]], [[600, 400]], false],
  ['of one subset, those that are ready first', [[700, 400]], [[700, 300]], true],
  ['no others when the ready ones are too many', [[1100, 400]], [[1000, 0]], true],
  [
    'each subset its share of the ready ones',
    [
      [900, 5],
      [300, 5],
    ],
    [
      [750, 0],
      [250, 0],
    ],
    true,
  ],
  [
    'each its share of the room that is left',
    [
      [500, 300],
      [300, 100],
    ],
    [
      [500, 150],
      [300, 50],
    ],
    true,
  ],
  [
    'shares are rounded up, and the last gets what is left',
    [
      [400, 0],
      [400, 0],
      [401, 0],
    ],
    [
      [334, 0],
      [334, 0],
      [332, 0],
    ],
    true,
  ],
])('%s', (_, before, after, truncated) => {
  const result = withinCapacity(before.map(subset))
  expect(counts(result.subsets)).toEqual(after)
  expect(result.truncated).toBe(truncated)
})
