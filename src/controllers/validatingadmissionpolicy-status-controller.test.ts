import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { validatingAdmissionPolicies } from '../api/admissionregistration/v1/validatingadmissionpolicy.ts'
import { Cluster } from '../cluster/cluster.ts'

// CEL is read from disk with the first policy, and virtual time does not wait for disks.
beforeAll(() => import('../api/admissionregistration/v1/policy-type-check.ts'))

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutScheduler: true })
})
afterEach(() => cluster.stop())

const rule = {
  apiGroups: ['apps'],
  apiVersions: ['v1'],
  operations: ['CREATE'],
  resources: ['deployments', 'daemonsets'],
}
const policy = (validations: object[], more: object = {}) =>
  ({ metadata: { name: 'p' }, spec: { matchConstraints: { resourceRules: [rule] }, validations, ...more } }) as never

test('a policy that fits its kinds is marked as checked', async () => {
  const policies = cluster.client.resource(validatingAdmissionPolicies)
  await policies.create(policy([{ expression: 'has(object.spec.template.spec.containers[0].resources)' }]))
  await cluster.clock.advance('1s')
  expect((await policies.get('p')).status).toEqual({ observedGeneration: 1, typeChecking: {} })
})

test('what does not fit is said, for each kind it does not fit', async () => {
  const policies = cluster.client.resource(validatingAdmissionPolicies)
  await policies.create(
    policy(
      [
        { expression: 'object.spec.replicas > 1', messageExpression: '"is " + string(object.spec.none)' },
        { expression: 'variables.labels == 1' },
      ],
      { variables: [{ name: 'labels', expression: 'object.metadata.labels' }] },
    ),
  )
  await cluster.clock.advance('1s')
  const { status } = await policies.get('p')
  const dots = (count: number): string => '.'.repeat(count)
  expect(status!.typeChecking!.expressionWarnings).toEqual([
    {
      fieldRef: 'spec.validations[0].expression',
      warning: `apps/v1, Kind=DaemonSet: ERROR: <input>:1:12: undefined field 'replicas'\n | object.spec.replicas > 1\n | ${dots(11)}^\n`,
    },
    {
      fieldRef: 'spec.validations[0].messageExpression',
      warning: ['DaemonSet', 'Deployment']
        .map(
          kind =>
            `apps/v1, Kind=${kind}: ERROR: <input>:1:27: undefined field 'none'\n | "is " + string(object.spec.none)\n | ${dots(26)}^\n`,
        )
        .join('\n'),
    },
    {
      fieldRef: 'spec.validations[1].expression',
      warning: expect.stringContaining("found no matching overload for '_==_' applied to '(map(string, string), int)'"),
    },
  ])
})

test('a changed policy is checked again', async () => {
  const policies = cluster.client.resource(validatingAdmissionPolicies)
  await policies.create(policy([{ expression: 'object.spec.none == 1' }]))
  await cluster.clock.advance('1s')
  const found = await policies.get('p')
  expect(found.status!.typeChecking!.expressionWarnings).toHaveLength(1)
  await policies.update({ ...found, spec: { ...found.spec, validations: [{ expression: 'true' }] } })
  await cluster.clock.advance('1s')
  expect((await policies.get('p')).status).toEqual({ observedGeneration: 2, typeChecking: {} })
})
