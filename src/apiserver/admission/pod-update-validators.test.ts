// NodeDeclaredFeatureValidator and PodResizeValidator: what a running pod may be changed into.

import { expect, test } from 'vitest'
import type { KubeObject } from '../../api/resource.ts'
import type { StatusError } from '../../machinery/status-error.ts'
import { nodeDeclaredFeatureValidator } from './node-declared-feature-validator.ts'
import { podResizeValidator } from './pod-resize-validator.ts'
import { cluster, pod } from './testing/admission-cluster.ts'

interface Case {
  readonly before?: object
  readonly now?: object
  readonly node?: { labels?: object; status?: object } | null
  readonly nodeName?: string
  readonly subresource?: string
  /** That only metadata or status changes. */
  readonly sameGeneration?: boolean
}

function refusalOf(request: Case): StatusError | undefined {
  const { before = {}, now = {}, node = {}, nodeName = 'n1', subresource = 'resize', sameGeneration } = request
  const { objects, attributes } = cluster()
  if (node) objects.put('nodes', '', 'n1', { metadata: { labels: node.labels }, status: node.status })
  const made = (spec: object, generation: number): KubeObject => pod({ nodeName, ...spec }, { generation })
  const asked = attributes({
    operation: 'UPDATE',
    subresource,
    oldObject: made(before, 1),
    object: made(now, sameGeneration ? 1 : 2),
  })
  try {
    for (const plugin of [nodeDeclaredFeatureValidator, podResizeValidator]) plugin.validate!(asked)
    return undefined
  } catch (error) {
    return error as StatusError
  }
}

const asking = (cpu: string, memory = '1Gi') => ({
  containers: [{ name: 'c', image: 'i', resources: { requests: { cpu, memory } } }],
})
const init = (cpu: string, restartPolicy?: string) => ({
  initContainers: [{ name: 'i', restartPolicy, resources: { requests: { cpu } } }],
})
const whole = (cpu: string) => ({ resources: { requests: { cpu } } })
const roomy = { status: { allocatable: { cpu: '4', memory: '8Gi' } } }
const knowing = (...declaredFeatures: string[]) => ({ status: { ...roomy.status, declaredFeatures } })
const lacking = (features: string) =>
  `pods "p" is forbidden: pod update requires features ${features} which are not available on node "n1"`

test.each<[string, Case]>([
  ['to what its node has', { now: asking('4', '8Gi'), node: roomy }],
  ['to anything before it is on a node', { now: asking('100'), nodeName: '' }],
  ['to anything by an update that is no resize', { now: asking('100'), node: roomy, subresource: '' }],
  ['in its metadata', { now: asking('100'), node: roomy, sameGeneration: true }],
  ['on linux', { now: asking('1'), node: { ...roomy, labels: { 'kubernetes.io/os': 'linux' } } }],
  [
    'as a whole, where its node knows how',
    { before: whole('1'), now: whole('2'), node: knowing('InPlacePodLevelResourcesVerticalScaling') },
  ],
  [
    'in its init containers, where its node knows how',
    { before: init('1'), now: init('2'), node: knowing('InPlacePodVerticalScalingInitContainers') },
  ],
  ['in its sidecars', { before: init('1', 'Always'), now: init('2', 'Always'), node: roomy }],
])('a pod may be changed %s', (_name, request) => {
  expect(refusalOf(request)).toBeUndefined()
})

test.each<[message: string, request: Case, cause?: string]>([
  [
    'pods "p" is forbidden: node didn\'t have enough allocatable resources: cpu, requested: 5000, allocatable: 4000',
    { now: asking('5'), node: roomy },
    'NodeCapacity',
  ],
  [
    'pods "p" is forbidden: node didn\'t have enough allocatable resources: cpu, requested: 5000, allocatable: 4000; memory, requested: 9663676416, allocatable: 8589934592',
    { now: asking('5', '9Gi'), node: roomy },
    'NodeCapacity',
  ],
  [
    'pods "p" is forbidden: pod resize is only supported on linux nodes, node "n1" is "windows"',
    { now: asking('1'), node: { ...roomy, labels: { 'kubernetes.io/os': 'windows' } } },
    'UnsupportedPlatform',
  ],
  ['pods "p" is forbidden: node "n1" not found', { now: asking('1'), node: null }],
  [lacking('InPlacePodLevelResourcesVerticalScaling'), { before: whole('1'), now: whole('2'), node: roomy }],
  [lacking('InPlacePodVerticalScalingInitContainers'), { before: init('1'), now: init('2'), node: roomy }],
  [
    lacking('InPlacePodLevelResourcesVerticalScaling, InPlacePodVerticalScalingInitContainers'),
    { before: { ...whole('1'), ...init('1') }, now: { ...whole('2'), ...init('2') }, node: roomy, subresource: '' },
  ],
])('%s', (message, request, cause) => {
  const error = refusalOf(request)
  expect(error?.message).toBe(message)
  expect(error?.status.details?.causes?.map(({ reason }) => reason)).toEqual(cause && [cause])
})
