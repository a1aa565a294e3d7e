import { expect, test } from 'vitest'
import { withPropagation } from './deletion-finalizers.ts'

test.each([
  [[], undefined, []],
  [[], 'Background', []],
  [['a'], 'Orphan', ['a', 'orphan']],
  [['a'], 'Foreground', ['a', 'foregroundDeletion']],
  [['orphan', 'a'], 'Background', ['a']],
  [['orphan', 'a'], 'Foreground', ['a', 'foregroundDeletion']],
  // What is no change changes no order.
  [['foregroundDeletion', 'a'], 'Foreground', ['foregroundDeletion', 'a']],
  [['a', 'orphan', 'b'], 'Orphan', ['a', 'orphan', 'b']],
] as const)('%j, %s', (present, propagation, finalizers) => {
  expect(withPropagation(present, propagation)).toEqual(finalizers)
})
