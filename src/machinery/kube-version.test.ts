import { expect, test } from 'vitest'
import { compareVersions } from './kube-version.ts'

test('stable before beta before alpha, newer before older, others last', () => {
  const versions = ['v1beta1', 'foo10', 'v10', 'v2alpha1', 'v1', 'v2beta2', 'bar1', 'v2', 'v11alpha2', 'v2beta10']
  const sorted = versions.toSorted((a, b) => compareVersions(b, a))
  expect(sorted).toEqual([
    'v10',
    'v2',
    'v1',
    'v2beta10',
    'v2beta2',
    'v1beta1',
    'v11alpha2',
    'v2alpha1',
    'bar1',
    'foo10',
  ])
  expect(compareVersions('v1', 'v1')).toBe(0)
})
