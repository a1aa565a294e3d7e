import { describe, expect, test } from 'vitest'
import { type FieldError, fieldErrorMessage } from '../../../machinery/field-error.ts'
import type { KubeObject } from '../../resource.ts'
import {
  validateCertificateSigningRequest,
  validateCertificateSigningRequestUpdate,
} from './certificatesigningrequest.validation.ts'

const pem = `-----BEGIN CERTIFICATE REQUEST-----
MIHZMIGAAgEAMB4xDjAMBgNVBAMMBWFsaWNlMQwwCgYDVQQKDANkZXYwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAATfeNftwbW20E3lQ7+6PgfH/bgcWGHS7qybqGU1
T/8UbR9xxO2IcAL1NSEkJ2oJBden4aLEh8gXjDLErzDKu8iloAAwCgYIKoZIzj0E
AwIDSAAwRQIhAKYu+yG7Jmr2Jzupv3z9bcjUOksP/HvyxQb9s/buMiS1AiAFRib8
uONF8QU2NDinY9Wihmoa39APnEiBxseME3cksg==
-----END CERTIFICATE REQUEST-----
`
const certificate = `-----BEGIN CERTIFICATE-----
MIIBbzCCARWgAwIBAgIUfjQNyipj/wo2z/OdgFTtSUWN900wCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBeDAgFw0yNjExMjYyMTA2NDNaGA8yMTI2MTEwMjIxMDY0M1ow
DDEKMAgGA1UEAwwBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABN941+3BtbbQ
TeVDv7o+B8f9uBxYYdLurJuoZTVP/xRtH3HE7YhwAvU1ISQnagkF16fhosSHyBeM
MsSvMMq7yKWjUzBRMB0GA1UdDgQWBBS3cBoE0GLp26YeDHOOBmLW3RVIvDAfBgNV
HSMEGDAWgBS3cBoE0GLp26YeDHOOBmLW3RVIvDAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0gAMEUCIBpUvQxeaZUYNzUiuOrqqzs9V5WvrSCH8lNh9hjrQA0h
AiEAznFpQcwvbGvLn4LBUgUgwCsPUXf6CTnGB+8oTpaxmQA=
-----END CERTIFICATE-----
`
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const told = (errors: FieldError[]): string[] => errors.map(error => fieldErrorMessage(error).split('\n')[0]!)

const request = (spec: object = {}, status: object = {}): KubeObject => ({
  metadata: { name: 'r' },
  spec: {
    request: base64(pem),
    usages: ['client auth'],
    signerName: 'kubernetes.io/kube-apiserver-client',
    ...spec,
  },
  status,
})

const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const forged = base64(pem.replace('IhAKYu', 'IhAKYv'))

test.each<[string, object, string[]]>([
  ['that is right', {}, []],
  [
    'without a request',
    { request: 'eA==' },
    ['spec.request: Invalid value: "eA==": PEM block type must be CERTIFICATE REQUEST'],
  ],
  [
    'signed by another',
    { request: forged },
    [`spec.request: Invalid value: "${forged}": x509: ECDSA verification failure`],
  ],
  ['for nothing', { usages: [] }, ['spec.usages: Required value']],
  ['twice for one thing', { usages: ['signing', 'signing'] }, ['spec.usages[1]: Duplicate value: "signing"']],
  ['to nobody', { signerName: '' }, ['spec.signerName: Required value']],
  [
    'to a name without a path',
    { signerName: 'a' },
    [
      `spec.signerName: Invalid value: "a": must be a fully qualified domain and path of the form 'example.com/signer-name'`,
    ],
  ],
  [
    'to a bad domain',
    { signerName: 'A/b' },
    [
      `spec.signerName: Invalid value: "A": validating label "A": ${label}`,
      'spec.signerName: Invalid value: "A": should be a domain with at least two segments separated by dots',
    ],
  ],
  [
    'to the signer of old',
    { signerName: 'kubernetes.io/legacy-unknown' },
    [
      'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
    ],
  ],
  [
    'for a moment',
    { expirationSeconds: 599 },
    ['spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)'],
  ],
])('a request %s', (_name, spec, errors) => {
  expect(told(validateCertificateSigningRequest(request(spec)))).toEqual(errors)
})

test('an unknown usage', () => {
  expect(told(validateCertificateSigningRequest(request({ usages: ['x'] })))[0]).toMatch(
    /^spec\.usages\[0\]: Unsupported value: "x": supported values: "any", "cert sign", "client auth", /,
  )
})

const approved = { type: 'Approved', status: 'True' }
const denied = { type: 'Denied', status: 'True' }
const issued = base64(certificate)

describe('a change', () => {
  test.each<[string, string, object, object, string[]]>([
    ['an approval', 'approval', { conditions: [approved] }, {}, []],
    [
      'an approval through the status',
      'status',
      { conditions: [approved] },
      {},
      ['status.conditions: Forbidden: updates may not add a condition of type "Approved"'],
    ],
    [
      'an approval that is no more',
      'approval',
      {},
      { conditions: [approved] },
      ['status.conditions: Forbidden: updates may not remove a condition of type "Approved"'],
    ],
    [
      'both',
      'approval',
      { conditions: [approved, denied] },
      { conditions: [approved] },
      ['status.conditions[1].type: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive'],
    ],
    [
      'half an approval',
      'approval',
      { conditions: [{ type: 'Approved', status: 'False' }, { type: 'Other' }] },
      {},
      [
        'status.conditions[0].status: Unsupported value: "False": supported values: "True"',
        'status.conditions[1].status: Required value',
      ],
    ],
    ['a certificate', 'status', { certificate: issued }, {}, []],
    [
      'a certificate with the approval',
      'approval',
      { certificate: issued },
      {},
      ['status.certificate: Forbidden: updates may not set certificate content'],
    ],
    [
      'another certificate',
      'status',
      { certificate: base64(certificate.repeat(2)) },
      { certificate: issued },
      ['status.certificate: Forbidden: updates may not modify existing certificate content'],
    ],
    [
      'no certificate',
      'status',
      { certificate: base64(pem) },
      {},
      [
        'status.certificate: Invalid value: "<certificate data>": only CERTIFICATE PEM blocks are allowed, found "CERTIFICATE REQUEST"',
      ],
    ],
  ])('%s', (_name, subresource, next, old, errors) => {
    expect(told(validateCertificateSigningRequestUpdate(request({}, next), request({}, old), subresource))).toEqual(
      errors,
    )
  })
})
