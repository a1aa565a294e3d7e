import { describe, expect, test } from 'vitest'
import { fieldErrorMessage } from '../field-error.ts'
import { root } from '../field-path.ts'
import { validateLabelSelector } from './labels.ts'
import { nameIsDNSSubdomain } from './names.ts'
import { type MetadataToValidate, validateObjectMeta, validateObjectMetaUpdate } from './object-meta.ts'
import { validateDeleteOptions, validatePatchOptions, validateWriteOptions } from './request-options.ts'

const path = root('metadata')
const created = (meta: MetadataToValidate, namespaced = true) =>
  validateObjectMeta(
    { name: 'a', ...(namespaced && { namespace: 'ns' }), ...meta },
    { namespaced, nameFn: nameIsDNSSubdomain },
    path,
  ).map(fieldErrorMessage)
const stored = {
  name: 'a',
  namespace: 'ns',
  uid: 'u',
  resourceVersion: '1',
  generation: 2,
  creationTimestamp: '2026-01-01T00:00:00Z',
}
const updated = (next: MetadataToValidate, previous: MetadataToValidate = {}) =>
  validateObjectMetaUpdate({ ...stored, ...next }, { ...stored, ...previous }, path).map(fieldErrorMessage)
const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u' }

describe('metadata of a new object', () => {
  test.each<[MetadataToValidate, string[]]>([
    [{}, []],
    [{ name: '' }, ['metadata.name: Required value: name or generateName is required']],
    [{ namespace: '' }, ['metadata.namespace: Required value']],
    [{ generation: -1 }, ['metadata.generation: Invalid value: -1: must be greater than or equal to 0']],
    [{ finalizers: ['a.b/c'], ownerReferences: [owner] }, []],
    [
      { finalizers: ['orphan', 'foregroundDeletion'] },
      [
        'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
      ],
    ],
    [
      { ownerReferences: [{}] },
      [
        'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
        'metadata.ownerReferences.kind: Invalid value: "": must not be empty',
        'metadata.ownerReferences.name: Invalid value: "": must not be empty',
        'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
      ],
    ],
    [
      {
        ownerReferences: [
          { ...owner, controller: true },
          { ...owner, name: 's', controller: true },
        ],
      },
      [
        'metadata.ownerReferences: Invalid value: [{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"r","uid":"u","controller":true},{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"s","uid":"u","controller":true}]: Only one reference can have Controller set to true. Found "true" in references for ReplicaSet/r and ReplicaSet/s',
      ],
    ],
    [
      { ownerReferences: [{ apiVersion: 'v1', kind: 'Event', name: 'e', uid: 'u' }] },
      [
        'metadata.ownerReferences: Invalid value: {"apiVersion":"v1","kind":"Event","name":"e","uid":"u"}: /v1, Kind=Event is disallowed from being an owner',
      ],
    ],
    [
      { annotations: { 'UPPER/ok': 'x'.repeat(256 * 1024) } },
      ['metadata.annotations: Too long: may not be more than 262144 bytes'],
    ],
    [
      { managedFields: [{ operation: 'Delete', fieldsType: 'FieldsV2', manager: 'a\u0007b' }] },
      [
        'metadata.managedFields[0].operation: Invalid value: "Delete": must be `Apply` or `Update`',
        'metadata.managedFields[0].fieldsType: Invalid value: "FieldsV2": must be `FieldsV1`',
        'metadata.managedFields[0].manager: Invalid value: "a\\ab": invalid character U+0007 (at position 1)',
      ],
    ],
  ])('%j', (meta, messages) => {
    expect(created(meta)).toEqual(messages)
  })

  test('of a cluster-wide kind has no namespace', () => {
    expect(created({ namespace: 'ns' }, false)).toEqual(['metadata.namespace: Forbidden: not allowed on this type'])
  })

  test('labels', () => {
    expect(created({ labels: { a: 'ok', '-b': 'x y' } })).toHaveLength(2)
  })
})

describe('metadata of a changed object', () => {
  test.each<[MetadataToValidate, MetadataToValidate, string[]]>([
    [{}, {}, []],
    [{ labels: { a: 'b' } }, { labels: {} }, []],
    [{ resourceVersion: '' }, {}, ['metadata.resourceVersion: Invalid value: "": must be specified for an update']],
    [{ generation: 1 }, {}, ['metadata.generation: Invalid value: 1: must not be decremented']],
    [{ name: 'b' }, {}, ['metadata.name: Invalid value: "b": field is immutable']],
    [{ uid: 'v' }, {}, ['metadata.uid: Invalid value: "v": field is immutable']],
    [{ creationTimestamp: undefined }, {}, ['metadata.creationTimestamp: Invalid value: null: field is immutable']],
    [{ finalizers: ['a/b'] }, {}, []],
    [
      { finalizers: ['z', 'b', 'a'], deletionTimestamp: 't' },
      { finalizers: ['z'], deletionTimestamp: 't' },
      [
        'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a", "b"}',
      ],
    ],
  ])('%j over %j', (next, previous, messages) => {
    expect(updated(next, previous)).toEqual(messages)
  })
})

test('label selectors', () => {
  const messages = validateLabelSelector(
    {
      matchExpressions: [
        { key: 'a', operator: 'In' },
        { key: 'a', operator: 'Exists', values: ['b'] },
        { key: 'a', operator: 'Gt', values: ['b'] },
      ],
    },
    root('spec', 'selector'),
  ).map(fieldErrorMessage)
  expect(messages).toEqual([
    "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    "spec.selector.matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
    'spec.selector.matchExpressions[2].operator: Invalid value: "Gt": not a valid selector operator',
  ])
})

test('options of requests', () => {
  expect(validateWriteOptions({ dryRun: ['All'], fieldValidation: 'Strict', fieldManager: 'me' })).toEqual([])
  expect(validateWriteOptions({ dryRun: ['Some'], fieldValidation: 'Maybe' }).map(fieldErrorMessage)).toEqual([
    'dryRun: Unsupported value: ["Some"]: supported values: "All"',
    'fieldValidation: Unsupported value: "Maybe": supported values: "", "Ignore", "Strict", "Warn"',
  ])
  expect(validatePatchOptions({ force: true }, false).map(fieldErrorMessage)).toEqual([
    'force: Forbidden: may not be specified for non-apply patch',
  ])
  expect(validatePatchOptions({}, true).map(fieldErrorMessage)).toEqual([
    'fieldManager: Required value: is required for apply patch',
  ])
  expect(validateDeleteOptions({ orphanDependents: true, propagationPolicy: 'Now' }).map(fieldErrorMessage)).toEqual([
    'propagationPolicy: Invalid value: "Now": orphanDependents and deletionPropagation cannot be both set',
    'propagationPolicy: Unsupported value: "Now": supported values: "Foreground", "Background", "Orphan", "nil"',
  ])
})
