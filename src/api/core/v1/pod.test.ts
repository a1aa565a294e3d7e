import { describe, expect, expectTypeOf, test } from 'vitest'
import type { Deployment } from '../../apps/v1/deployment.ts'
import { Probe } from './container.ts'
import { Pod, type PodList, pods } from './pod.ts'
import { Volume } from './volume.ts'

describe('the type of a Pod', () => {
  test('goes all the way down', () => {
    expectTypeOf<Pod['spec']['containers'][number]['name']>().toEqualTypeOf<string>()
    expectTypeOf<NonNullable<Pod['spec']['containers'][0]['ports']>[0]>().toEqualTypeOf<{
      containerPort: number
      name?: string
      hostPort?: number
      protocol?: string
      hostIP?: string
    }>()
    expectTypeOf<Pod['metadata']['labels']>().toEqualTypeOf<Record<string, string> | undefined>()
    expectTypeOf<PodList['items'][number]>().toEqualTypeOf<Pod>()
    expectTypeOf<Deployment['spec']['template']['spec']['nodeName']>().toEqualTypeOf<string | undefined>()
  })

  test('has the fields of inline structs in the parent itself', () => {
    expectTypeOf<NonNullable<Pod['spec']['volumes']>[0]['name']>().toEqualTypeOf<string>()
    expectTypeOf<NonNullable<NonNullable<Pod['spec']['volumes']>[0]['configMap']>['name']>().toEqualTypeOf<
      string | undefined
    >()
    expect(Volume.fields.get('hostPath')).toMatchObject({ number: 1 })
    expect(Volume.message.map(field => field.name)).toEqual(['name', 'volumeSource'])
    expect(Probe.fields.get('httpGet')?.node.type).toBe('object')
  })
})

test('pods are declared as a resource', () => {
  expect(pods).toMatchObject({ resource: 'pods', singular: 'pod', listKind: 'PodList', namespaced: true, schema: Pod })
  expectTypeOf(pods.schema.__value).toEqualTypeOf<Pod | undefined>()
})
