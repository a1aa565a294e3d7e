import { describe, expect, test } from 'vitest'
import { fieldErrorMessage, invalid } from '../../machinery/field-error.ts'
import type { ObjectSchema } from '../../machinery/schema/schema.ts'
import { MatchResources } from '../admissionregistration/v1/matchresources.ts'
import { JSONSchemaProps } from '../apiextensions/v1/jsonschemaprops.ts'
import { Container } from '../core/v1/container.ts'
import { PersistentVolumeClaim } from '../core/v1/persistentvolumeclaim.ts'
import { Pod, PodTemplateSpec } from '../core/v1/pod.ts'
import { Volume } from '../core/v1/volume.ts'
import { internalForm, shownInternally } from './internal-form.ts'

const form = (schema: ObjectSchema, value: object): any => internalForm(schema, value)

describe('a field is called', () => {
  test.each<[ObjectSchema, string]>([
    [Container, 'Name'],
    [Container, 'TTY'],
    [Volume, 'NFS'],
    [Volume, 'GCEPersistentDisk'],
    [Volume, 'CephFS'],
    [Volume, 'HostPath'],
    [JSONSchemaProps, 'Ref'],
    [JSONSchemaProps, 'XListMapKeys'],
  ])('in a %#: %s', (schema, name) => {
    expect(Object.keys(form(schema, {}))).toContain(name)
  })
})

test('what is absent is null or zero, as its Go type has it', () => {
  expect(form(Container, { name: 'c', ports: [{ containerPort: 80 }] })).toMatchObject({
    Name: 'c',
    Image: '',
    Command: null,
    Ports: [{ Name: '', HostPort: 0, ContainerPort: 80, Protocol: '', HostIP: '' }],
    Resources: { Limits: null, Requests: null, Claims: null },
    LivenessProbe: null,
    Stdin: false,
  })
})

test("a template's metadata is its own, and what a pod shares with its host stands in the security context", () => {
  const { Spec, ...metadata } = form(PodTemplateSpec, {
    metadata: { labels: { b: '2', a: '1' } },
    spec: { hostNetwork: true, containers: [], securityContext: { runAsUser: 5 } },
  })
  expect(JSON.stringify(metadata)).toBe('{"labels":{"a":"1","b":"2"}}')
  expect(Object.entries(Spec.SecurityContext).slice(0, 8)).toEqual([
    ['HostNetwork', true],
    ['HostPID', false],
    ['HostIPC', false],
    ['ShareProcessNamespace', null],
    ['HostUsers', null],
    ['SELinuxOptions', null],
    ['WindowsOptions', null],
    ['RunAsUser', 5],
  ])
  expect(Object.keys(Spec).slice(0, 3)).toEqual(['Volumes', 'InitContainers', 'Containers'])
})

test('the type of an object within another stands in it', () => {
  const claim = { kind: 'PersistentVolumeClaim', apiVersion: 'v1', metadata: { name: 'c' }, spec: {} }
  expect(form(PersistentVolumeClaim, claim)).toMatchObject({
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    name: 'c',
  })
})

test('rules of webhooks stand in the rules with names', () => {
  const rule = { apiGroups: ['a'], operations: ['*'], resourceNames: ['n'] }
  expect(form(MatchResources, { resourceRules: [rule] }).ResourceRules).toEqual([
    {
      ResourceNames: ['n'],
      RuleWithOperations: { Operations: ['*'], APIGroups: ['a'], APIVersions: null, Resources: null, Scope: null },
    },
  ])
})

test('what may have one of several shapes has a field for each', () => {
  const { Items, AdditionalProperties, Dependencies } = form(JSONSchemaProps, {
    items: { type: 'string' },
    additionalProperties: false,
    dependencies: { a: ['b'] },
  })
  expect(Items).toMatchObject({ Schema: { Type: 'string' }, JSONSchemas: null })
  expect(AdditionalProperties).toEqual({ Allows: false, Schema: null })
  expect(Dependencies).toEqual({ a: { Schema: null, Property: ['b'] } })
})

describe('an error shows', () => {
  const shown = (field: string, value: unknown) =>
    shownInternally(Pod, [invalid(field, value, 'no')], {}).map(fieldErrorMessage)[0]

  test.each<[string, string, unknown, string]>([
    [
      'the value at its path',
      'spec.tolerations[0]',
      { key: 'k' },
      '{"Key":"k","Operator":"","Value":"","Effect":"","TolerationSeconds":null}',
    ],
    ['what is behind a key', 'spec.nodeSelector[a.b/c]', 'x', '"x"'],
    ['nothing as zero', 'spec.nodeName', undefined, '""'],
    ['nothing as null', 'spec.priority', undefined, 'null'],
    [
      'what is the same everywhere as it is',
      'metadata.ownerReferences[0]',
      { kind: 'K', apiVersion: 'v1' },
      '{"apiVersion":"v1","kind":"K"}',
    ],
    ['what it cannot find as it is', 'nowhere', { a: 1 }, '{"a":1}'],
  ])('%s', (_name, field, value, text) => {
    expect(shown(field, value)).toContain(`${field}: Invalid value: ${text}`)
  })
})
