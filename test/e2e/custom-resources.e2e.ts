// Custom resources with the real kubectl: definitions, explain, columns, strict validation, scale, deletion.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { K8ts } from './environment/k8ts.ts'
import type { Kubectl } from './environment/kubectl.ts'

let k8ts: K8ts
let kubectl: Kubectl

const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: crontabs.stable.example.com
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: crontabs, singular: crontab, kind: CronTab, shortNames: [ct], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            description: What is to be run.
            required: [cronSpec]
            properties:
              cronSpec: {type: string, description: When it runs., pattern: '^\\S+( \\S+){4}$'}
              image: {type: string, default: busybox}
              replicas: {type: integer, minimum: 1, maximum: 10}
            x-kubernetes-validations:
            - {rule: "self.image != 'forbidden'", message: this image is not allowed}
          status: {type: object, properties: {replicas: {type: integer}}}
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
    additionalPrinterColumns:
    - {name: Spec, type: string, jsonPath: .spec.cronSpec}
    - {name: Replicas, type: integer, jsonPath: .spec.replicas}
`
const object = (name: string, spec: string) => `
apiVersion: stable.example.com/v1
kind: CronTab
metadata: {name: ${name}}
spec: ${spec}
`

beforeAll(async () => {
  k8ts = await K8ts.start({ nodes: 0 })
  kubectl = k8ts.kubectl()
})
afterAll(() => k8ts?.stop())

const apply = (manifest: string, ...args: string[]) => kubectl.run(['apply', '-f', '-', ...args], { input: manifest })

test('a definition is applied, waited for and explained', async () => {
  expect((await apply(definition)).stdout).toBe(
    'customresourcedefinition.apiextensions.k8s.io/crontabs.stable.example.com created\n',
  )
  await kubectl.output('wait', '--for=condition=Established', 'crd/crontabs.stable.example.com', '--timeout=10s')
  const text = await kubectl.output('explain', 'crontab.spec')
  expect(text).toMatch(/^GROUP: +stable.example.com\nKIND: +CronTab\nVERSION: +v1\n\nFIELD: spec <Object>\n/)
  expect(text).toMatch(/cronSpec\t<string> -required-\n {4}When it runs\./)
  expect(await kubectl.output('explain', 'crontab')).toMatch(/apiVersion\t<string>\n {4}APIVersion defines/)
  expect(await kubectl.output('explain', 'crontab.metadata')).toMatch(/DESCRIPTION:\n {4}Standard object's metadata\./)
  expect(await kubectl.output('api-resources', '--api-group=stable.example.com', '--no-headers')).toMatch(
    /^crontabs +ct +stable.example.com\/v1 +true +CronTab\n$/,
  )
})

test('objects are applied, shown, scaled and refused', async () => {
  expect((await apply(object('one', '{cronSpec: "* * * * 5", replicas: 2}'))).stdout).toBe(
    'crontab.stable.example.com/one created\n',
  )
  expect(await kubectl.output('get', 'ct')).toMatch(/^NAME +SPEC +REPLICAS\none +\* \* \* \* 5 +2\n$/)
  await kubectl.output('scale', 'ct/one', '--replicas=3')
  expect(await kubectl.output('get', 'ct', 'one', '-o', 'jsonpath={.spec.replicas} {.spec.image}')).toBe('3 busybox')
  expect((await apply(object('two', '{cronSpec: "x", replicas: 20}'))).stderr).toBe(
    `The CronTab "two" is invalid: \n* spec.cronSpec: Invalid value: "x": spec.cronSpec in body should match '^\\S+( \\S+){4}$'\n* spec.replicas: Invalid value: 20: spec.replicas in body should be less than or equal to 10\n`,
  )
  expect((await apply(object('two', '{cronSpec: "* * * * 5", image: forbidden}'))).stderr).toContain(
    'this image is not allowed',
  )
  expect((await apply(object('two', '{cronSpec: "* * * * 5", unknown: 1}'))).stderr).toContain(
    'strict decoding error: unknown field "spec.unknown"',
  )
})

test('a definition goes with its objects', async () => {
  await kubectl.output('delete', 'crd', 'crontabs.stable.example.com')
  // kubectl remembers what there was, and is told otherwise.
  expect((await kubectl.run(['get', 'ct'])).stderr).toContain('the server could not find the requested resource')
})
