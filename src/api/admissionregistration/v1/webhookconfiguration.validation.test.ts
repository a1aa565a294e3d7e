import { expect, test } from 'vitest'
import { fieldErrorMessage } from '../../../machinery/field-error.ts'
import { validateWebhookConfiguration } from './webhookconfiguration.validation.ts'

const good = {
  name: 'a.b.c',
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  clientConfig: { url: 'https://a/b' },
}
const rule = (of: object) => ({
  rules: [{ operations: ['*'], apiGroups: [''], apiVersions: ['*'], resources: ['*'], ...of }],
})
const form = '; desired format: https://host[/path]'
const service = (of: object) => ({ clientConfig: { service: { name: 's', namespace: 'n', port: 443, ...of } } })

test.each<[string, object, string[]]>([
  ['that is right', rule({}), []],
  [
    'without what is needed',
    { name: 'a.b', sideEffects: undefined, admissionReviewVersions: null, clientConfig: {} },
    [
      'webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots',
      'webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun',
      'webhooks[0].clientConfig: Required value: exactly one of url or service is required',
      'webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1',
    ],
  ],
  [
    'with unknown words',
    {
      failurePolicy: 'x',
      matchPolicy: 'x',
      sideEffects: 'Some',
      timeoutSeconds: 31,
      reinvocationPolicy: 'x',
      admissionReviewVersions: ['v2', 'v2'],
    },
    [
      'webhooks[0].failurePolicy: Unsupported value: "x": supported values: "Fail", "Ignore"',
      'webhooks[0].matchPolicy: Unsupported value: "x": supported values: "Equivalent", "Exact"',
      'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
      'webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
      'webhooks[0].reinvocationPolicy: Unsupported value: "x": supported values: "IfNeeded", "Never"',
      'webhooks[0].admissionReviewVersions[1]: Invalid value: "v2": duplicate version',
      'webhooks[0].admissionReviewVersions: Invalid value: ["v2","v2"]: must include at least one of v1, v1beta1',
    ],
  ],
  [
    'with an empty rule',
    rule({ operations: null, apiGroups: [], apiVersions: [''], resources: [''], scope: 'x' }),
    [
      'webhooks[0].rules[0].operations: Required value',
      'webhooks[0].rules[0].apiGroups: Required value',
      'webhooks[0].rules[0].apiVersions[0]: Required value',
      'webhooks[0].rules[0].resources[0]: Required value',
      'webhooks[0].rules[0].scope: Unsupported value: "x": supported values: "*", "Cluster", "Namespaced"',
    ],
  ],
  [
    'for everything and more',
    rule({
      operations: ['*', 'x'],
      apiGroups: ['*', 'a'],
      apiVersions: ['*', 'v1'],
      resources: ['*', 'pods', 'pods/*', 'pods/status', '*/scale', 'a/scale'],
    }),
    [
      `webhooks[0].rules[0].operations: Invalid value: ["*","x"]: if '*' is present, must not specify other operations`,
      'webhooks[0].rules[0].operations[1]: Unsupported value: "x": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
      `webhooks[0].rules[0].apiGroups: Invalid value: ["*","a"]: if '*' is present, must not specify other API groups`,
      `webhooks[0].rules[0].apiVersions: Invalid value: ["*","v1"]: if '*' is present, must not specify other API versions`,
      `webhooks[0].rules[0].resources[3]: Invalid value: "pods/status": if 'pods/*' is present, must not specify pods/status`,
      `webhooks[0].rules[0].resources[5]: Invalid value: "a/scale": if '*/scale' is present, must not specify a/scale`,
      `webhooks[0].rules[0].resources: Invalid value: ["*","pods","pods/*","pods/status","*/scale","a/scale"]: if '*' is present, must not specify other resources without subresources`,
    ],
  ],
  [
    'at an odd URL',
    { clientConfig: { url: 'http://u@/a?b#c' } },
    [
      `webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme${form}`,
      `webhooks[0].clientConfig.url: Invalid value: "": host must be specified${form}`,
      'webhooks[0].clientConfig.url: Invalid value: "u": user information is not permitted in the URL',
      'webhooks[0].clientConfig.url: Invalid value: "c": fragments are not permitted in the URL',
      'webhooks[0].clientConfig.url: Invalid value: "b": query parameters are not permitted in the URL',
    ],
  ],
  [
    'at an odd Service',
    service({ name: '', port: 0, path: 'a/-' }),
    [
      // Upstream takes the one for the other.
      'webhooks[0].clientConfig.service.namespace: Required value',
      'webhooks[0].clientConfig.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive',
      `webhooks[0].clientConfig.service.path: Invalid value: "a/-": must start with a '/'`,
      'webhooks[0].clientConfig.service.path: Invalid value: "a/-": segment[0] may not be empty',
      `webhooks[0].clientConfig.service.path: Invalid value: "a/-": segment[1]: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
    ],
  ],
  [
    'with conditions',
    {
      matchConditions: [
        { name: 'a', expression: 'true' },
        { name: 'a', expression: ' ' },
        { name: '', expression: 'true' },
      ],
    },
    [
      'webhooks[0].matchConditions[1].expression: Required value',
      'webhooks[0].matchConditions[1].name: Duplicate value: "a"',
      'webhooks[0].matchConditions[2].name: Required value',
    ],
  ],
])('a webhook %s', (_name, webhook, errors) => {
  const configuration = { metadata: { name: 'w' }, webhooks: [{ ...good, ...webhook }] }
  expect(validateWebhookConfiguration(configuration).map(fieldErrorMessage)).toEqual(errors)
})

test('two webhooks of one name', () => {
  const configuration = { metadata: { name: 'w' }, webhooks: [good, good] }
  expect(validateWebhookConfiguration(configuration).map(fieldErrorMessage)).toEqual([
    'webhooks[1].name: Duplicate value: "a.b.c"',
  ])
})
