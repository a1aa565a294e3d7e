import { describe, expect, test } from 'vitest'
import { cluster, pod } from '../testing/admission-cluster.ts'

const policies = 'validatingadmissionpolicies.admissionregistration.k8s.io'
const bindings = 'validatingadmissionpolicybindings.admissionregistration.k8s.io'
const rules = { resourceRules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }] }

function withPolicy(spec: object, validationActions: string[]) {
  const fixture = cluster()
  fixture.objects.put(policies, '', 'p', { spec: { matchConstraints: rules, ...spec } })
  fixture.objects.put(bindings, '', 'b', { spec: { policyName: 'p', validationActions } })
  const warnings: string[] = []
  const annotations: Record<string, string> = {}
  const write = () =>
    fixture.write({
      object: pod({}, { annotations: { note: ' noted ' } }),
      warn: text => warnings.push(text),
      annotate: (key, value) => {
        if (!key.startsWith('pod-security')) annotations[key] = value
      },
    })
  return { ...fixture, write, warnings, annotations }
}

test('a cluster without policies is answered at once', () => {
  const { chain, attributes } = cluster()
  const request = attributes({ object: pod() })
  expect(chain.admit(request)).toBeUndefined()
  expect(chain.validate(request)).toBeUndefined()
})

test('once its expressions are loaded, a policy is evaluated at once', async () => {
  const { chain, attributes, write } = withPolicy({ validations: [{ expression: 'true' }] }, ['Deny'])
  await write()
  const plugin = chain.plugins.find(({ name }) => name === 'ValidatingAdmissionPolicy')!
  expect(plugin.validate!(attributes({ object: pod() }))).toBeUndefined()
})

describe('validationActions', () => {
  test('Warn and Audit let the request pass', async () => {
    const validations = [{ expression: 'true' }, { expression: 'false', message: 'careful' }]
    const { write, warnings, annotations } = withPolicy({ validations }, ['Warn', 'Audit'])
    await write()
    expect(warnings).toEqual(["Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': careful"])
    expect(annotations).toEqual({
      'validation.policy.admission.k8s.io/validation_failure':
        '[{"message":"careful","policy":"p","binding":"b","expressionIndex":1,"validationActions":["Warn","Audit"]}]',
    })
  })
})

describe('auditAnnotations', () => {
  test.each<[string, Record<string, string>, string | undefined]>([
    ['string(object.metadata.annotations.note)', { 'p/key': 'noted' }, undefined],
    ['"  "', {}, undefined],
    ['null', {}, undefined],
    ['string(object.none)', {}, "expression 'string(object.none)' resulted in error: no such key: none"],
    ['authorizer.path("/x").check("get").reason()', {}, 'no such attribute(s): authorizer'],
  ])('%s', async (valueExpression, expected, refused) => {
    const { write, annotations } = withPolicy({ auditAnnotations: [{ key: 'key', valueExpression }] }, ['Audit'])
    const message = await write().then(
      () => undefined,
      error => (error as Error).message,
    )
    expect(annotations).toEqual(expected)
    if (refused === undefined) expect(message).toBeUndefined()
    else expect(message).toContain(refused)
  })
})

test('who configures admission, and reviews, are never asked about', async () => {
  const fixture = withPolicy({ validations: [{ expression: 'false' }] }, ['Deny'])
  for (const resource of [policies, bindings, 'subjectaccessreviews.authorization.k8s.io']) {
    const request = fixture.attributes({ resource, namespace: '', object: { metadata: { name: 'x' } } })
    expect(fixture.chain.validate(request)).toBeUndefined()
  }
})
