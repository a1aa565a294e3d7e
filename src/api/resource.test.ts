import { expect, test } from 'vitest'
import { componentStatuses } from './core/v1/componentstatus.ts'
import { endpoints } from './core/v1/endpoints.ts'
import { pods } from './core/v1/pod.ts'
import { deprecationWarning } from './resource.ts'

test.each([
  [endpoints, 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'],
  [componentStatuses, 'v1 ComponentStatus is deprecated in v1.19+'],
  [pods, undefined],
])('the warning of $resource', (resource, warning) => {
  expect(deprecationWarning(resource)).toBe(warning)
})
