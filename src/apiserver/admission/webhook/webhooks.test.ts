import { describe, expect, test } from 'vitest'
import type { AdmissionPlugin } from '../admission.ts'
import { cluster, pod, services } from '../testing/admission-cluster.ts'
import { mutatingAdmissionWebhook } from './mutating-admission-webhook.ts'
import { validatingAdmissionWebhook } from './validating-admission-webhook.ts'

const rules = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }]
const hook = { name: 'h.example.com', rules, sideEffects: 'None', admissionReviewVersions: ['v1'], clientConfig: {} }

type Response = Record<string, unknown>

function withWebhook(kind: 'mutating' | 'validating', more: object, answer: (uid: string) => Response) {
  const fixture = cluster()
  const post = async (_: unknown, { body }: { body: object }) => {
    const { uid } = (body as { request: { uid: string } }).request
    return { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid, ...answer(uid) } }
  }
  const make = kind === 'mutating' ? mutatingAdmissionWebhook : validatingAdmissionWebhook
  const plugin: AdmissionPlugin = make({ ...services(fixture.env), webhooks: { post } })
  fixture.objects.put(`${kind}webhookconfigurations.admissionregistration.k8s.io`, '', 'w', {
    webhooks: [{ ...hook, ...more }],
  })
  const warnings: string[] = []
  const annotations: Record<string, string> = {}
  const ask = async (request: object = {}) => {
    const attributes = fixture.attributes({
      object: pod(),
      warn: text => warnings.push(text),
      annotate: (key, value) => {
        annotations[key] = value
      },
      ...request,
    })
    await (kind === 'mutating' ? plugin.admit : plugin.validate)?.call(plugin, attributes)
  }
  return { ask, warnings, annotations }
}

test('a cluster without webhooks is answered at once', () => {
  const { chain, attributes } = cluster()
  const request = attributes({ object: pod() })
  expect(chain.admit(request)).toBeUndefined()
  expect(chain.validate(request)).toBeUndefined()
})

describe('besides its verdict, a webhook', () => {
  test('warns the client and adds to the audit log', async () => {
    const { ask, warnings, annotations } = withWebhook('validating', {}, () => ({
      allowed: true,
      warnings: ['careful'],
      auditAnnotations: { seen: 'yes' },
    }))
    await ask()
    expect(warnings).toEqual(['careful'])
    expect(annotations).toEqual({ 'h.example.com/seen': 'yes' })
  })

  test('has noted what it changed', async () => {
    const patch = [{ op: 'add', path: '/metadata/labels', value: { a: 'b' } }]
    const { ask, annotations } = withWebhook('mutating', {}, () => ({
      allowed: true,
      patchType: 'JSONPatch',
      patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
    }))
    await ask()
    expect(annotations).toEqual({
      'patch.webhook.admission.k8s.io/round_0_index_0': JSON.stringify({
        configuration: 'w',
        webhook: 'h.example.com',
        patch,
        patchType: 'JSONPatch',
      }),
      'mutation.webhook.admission.k8s.io/round_0_index_0':
        '{"configuration":"w","webhook":"h.example.com","mutated":true}',
    })
  })

  test.each([
    ['validating', 'failed-open.validating.webhook.admission.k8s.io/round_0_index_0'],
    ['mutating', 'failed-open.mutation.webhook.admission.k8s.io/round_0_index_0'],
  ] as const)('has noted that it failed open: %s', async (kind, key) => {
    const { ask, annotations } = withWebhook(kind, { failurePolicy: 'Ignore' }, () => ({ uid: 'another' }))
    await ask()
    expect(annotations[key]).toBe('h.example.com')
  })
})

test.each(['None', 'NoneOnDryRun', 'Some', 'Unknown'])('a dry run with side effects %s', async sideEffects => {
  const { ask } = withWebhook('validating', { sideEffects }, () => ({ allowed: true }))
  const refused = await ask({ dryRun: true }).then(
    () => undefined,
    error => [error.code, error.message],
  )
  expect(refused).toEqual(
    sideEffects.startsWith('None') ? undefined : [400, 'admission webhook "h.example.com" does not support dry run'],
  )
})
