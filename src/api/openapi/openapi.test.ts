import { describe, expect, test } from 'vitest'
import { openapiV2, openapiV3, openapiV3Index } from './openapi.ts'

type Anything = any

const withoutDescriptions = (value: unknown) =>
  JSON.parse(JSON.stringify(value), (key, of) => (key === 'description' ? undefined : of))

describe('a definition', () => {
  const v2: Anything = withoutDescriptions(openapiV2()['definitions'])
  const v3: Anything = withoutDescriptions((openapiV3('api/v1') as Anything).components.schemas)
  const port = 'io.k8s.api.core.v1.ContainerPort'

  test('in v2', () => {
    expect(v2[port]).toEqual({
      type: 'object',
      required: ['containerPort'],
      properties: {
        containerPort: { type: 'integer', format: 'int32' },
        hostIP: { type: 'string' },
        hostPort: { type: 'integer', format: 'int32' },
        name: { type: 'string' },
        protocol: { type: 'string', enum: ['SCTP', 'TCP', 'UDP'] },
      },
    })
  })

  test('in v3, with its defaults', () => {
    expect(v3[port].properties).toMatchObject({
      containerPort: { type: 'integer', format: 'int32', default: 0 },
      protocol: { type: 'string', enum: ['SCTP', 'TCP', 'UDP'], default: 'TCP' },
    })
    expect(v3['io.k8s.api.core.v1.Pod'].properties.spec).toEqual({
      allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.PodSpec' }],
      default: {},
    })
  })

  test('with how lists and maps merge', () => {
    expect(v2['io.k8s.api.core.v1.PodSpec'].properties.containers).toEqual({
      type: 'array',
      items: { $ref: '#/definitions/io.k8s.api.core.v1.Container' },
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
    })
    expect(v2['io.k8s.api.core.v1.PodSpec'].properties.nodeSelector['x-kubernetes-map-type']).toBe('atomic')
    expect(v2['io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector']['x-kubernetes-map-type']).toBe('atomic')
  })

  test('with the kinds it is', () => {
    const kinds = 'x-kubernetes-group-version-kind'
    expect(v2['io.k8s.api.apps.v1.Deployment'][kinds]).toEqual([{ group: 'apps', kind: 'Deployment', version: 'v1' }])
    const options = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions'
    expect(v2[options][kinds]).toContainEqual({ group: 'apps', kind: 'DeleteOptions', version: 'v1beta1' })
    expect(v3[options][kinds]).toEqual([{ group: '', kind: 'DeleteOptions', version: 'v1' }])
  })
})

describe('operations', () => {
  const paths = (openapiV3('apis/apps/v1') as Anything).paths
  const deployments = '/apis/apps/v1/namespaces/{namespace}/deployments'

  test('say action and kind', () => {
    expect(paths[`${deployments}/{name}`].patch).toMatchObject({
      operationId: 'patchAppsV1NamespacedDeployment',
      'x-kubernetes-action': 'patch',
      'x-kubernetes-group-version-kind': { group: 'apps', version: 'v1', kind: 'Deployment' },
    })
    expect(paths[`${deployments}/{name}/scale`].get).toMatchObject({
      operationId: 'readAppsV1NamespacedDeploymentScale',
      'x-kubernetes-group-version-kind': { group: 'autoscaling', version: 'v1', kind: 'Scale' },
    })
  })

  test('say at the path what all of them take', () => {
    const names = (parameters: { name: string }[]) => parameters.map(({ name }) => name)
    expect(names(paths[deployments].parameters)).toEqual(['namespace', 'pretty'])
    expect(names(paths[deployments].post.parameters)).toEqual(['dryRun', 'fieldManager', 'fieldValidation'])
  })

  test('say what bodies a PATCH takes', () => {
    expect(Object.keys(paths[`${deployments}/{name}`].patch.requestBody.content)).toEqual([
      'application/apply-patch+yaml',
      'application/json-patch+json',
      'application/merge-patch+json',
      'application/strategic-merge-patch+json',
    ])
  })
})

test('every reference leads somewhere', () => {
  for (const path of Object.keys(openapiV3Index().paths)) {
    const text = JSON.stringify(openapiV3(path))
    const schemas = (openapiV3(path) as Anything).components.schemas ?? {}
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) expect(schemas).toHaveProperty([name!])
  }
})

test('the index leads to each document by its hash', () => {
  expect(openapiV3Index().paths['apis/apps/v1']?.serverRelativeURL).toMatch(
    /^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]{128}$/,
  )
  expect(openapiV3('apis/nobody/v1')).toBeUndefined()
})
