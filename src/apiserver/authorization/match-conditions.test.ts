import { expect, test } from 'vitest'
import { conditionCompiler } from './match-conditions.ts'
import type { ReviewSpec } from './webhook.ts'

const compile = conditionCompiler()

const list: ReviewSpec = {
  user: 'alice',
  groups: ['devs'],
  extra: { team: ['blue'] },
  resourceAttributes: {
    namespace: 'kube-system',
    verb: 'list',
    version: 'v1',
    resource: 'pods',
    fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }] },
  },
}
const path: ReviewSpec = { user: 'alice', nonResourceAttributes: { path: '/logs', verb: 'get' } }

test.each<[string, ReviewSpec, boolean]>([
  ["request.resourceAttributes.namespace == 'kube-system'", list, true],
  ["request.?resourceAttributes.namespace.orValue('') == 'kube-system'", list, true],
  ["request.?resourceAttributes.namespace.orValue('') == 'kube-system'", path, false],
  ["has(request.resourceAttributes) && request.resourceAttributes.group == ''", list, true],
  ["request.resourceAttributes.fieldSelector.requirements.exists(r, r.values == ['n1'])", list, true],
  ['has(request.resourceAttributes.labelSelector)', list, false],
  ["!('system:masters' in request.groups)", list, true],
  ["request.extra['team'] == ['blue']", list, true],
  ["has(request.nonResourceAttributes) && request.nonResourceAttributes.path.startsWith('/logs')", path, true],
  ["request.user == 'alice' && request.uid == ''", path, true],
])('%s', (expression, spec, expected) => {
  expect(compile(expression)(spec)).toBe(expected)
})

test.each([
  ['request.resourceAttributes.__namespace__ == ""', "undefined field '__namespace__'"],
  ['request.foo', "undefined field 'foo'"],
  ['request.user', 'must evaluate to bool but got string'],
])('%s is refused', (expression, why) => expect(() => compile(expression)).toThrow(why))
