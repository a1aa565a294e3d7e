// Admission policies, from the outside: what they refuse, warn of and change, in which words, and which policies are
// themselves refused.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
} from '../../src/api/admissionregistration/v1/mutatingadmissionpolicy.ts'
import {
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from '../../src/api/admissionregistration/v1/validatingadmissionpolicy.ts'
import { deployments } from '../../src/api/apps/v1/deployment.ts'
import { configMaps } from '../../src/api/core/v1/configmap.ts'
import { namespaces } from '../../src/api/core/v1/namespace.ts'
import { pods } from '../../src/api/core/v1/pod.ts'
import { serviceAccounts } from '../../src/api/core/v1/serviceaccount.ts'
import { clusterRoles } from '../../src/api/rbac/v1/clusterrole.ts'
import { clusterRoleBindings } from '../../src/api/rbac/v1/clusterrolebinding.ts'
import { Cluster } from '../../src/cluster/cluster.ts'
import type { StatusError } from '../../src/machinery/status-error.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutControllers: true, withoutScheduler: true })
  await cluster.client.resource(namespaces).create({ metadata: { name: 'prod', labels: { env: 'prod' } } })
  for (const namespace of ['default', 'prod'])
    await cluster.client
      .resource(serviceAccounts)
      .namespace(namespace)
      .create({ metadata: { name: 'default' } })
})
afterAll(() => cluster.stop())

const policies = () => cluster.client.resource(validatingAdmissionPolicies)
const bindings = () => cluster.client.resource(validatingAdmissionPolicyBindings)
const mutatingPolicies = () => cluster.client.resource(mutatingAdmissionPolicies)
const mutatingBindings = () => cluster.client.resource(mutatingAdmissionPolicyBindings)

afterEach(async () => {
  for (const resource of [policies(), bindings(), mutatingPolicies(), mutatingBindings()])
    for (const { metadata } of (await resource.list()).items) await resource.delete(metadata!.name!)
  for (const namespace of ['default', 'prod']) {
    const of = cluster.client.resource(configMaps).namespace(namespace)
    for (const { metadata } of (await of.list()).items) await of.delete(metadata!.name!)
  }
})

const rule = (resource = 'configmaps', operations = ['CREATE', 'UPDATE'], group = '', version = 'v1') => ({
  operations,
  apiGroups: [group],
  apiVersions: [version],
  resources: [resource],
})

async function policy(spec: object, binding: object = {}): Promise<void> {
  const constraints = { matchConstraints: { resourceRules: [rule()] } }
  await policies().create({ metadata: { name: 'p' }, spec: { ...constraints, ...spec } } as never)
  await bindings().create({
    metadata: { name: 'b' },
    spec: { policyName: 'p', validationActions: ['Deny'], ...binding },
  } as never)
}

const outcome = (act: Promise<unknown>): Promise<StatusError | undefined> =>
  act.then(
    () => undefined,
    error => error as StatusError,
  )
const write = (data: Record<string, string> = {}, namespace = 'default', metadata: object = {}) =>
  outcome(
    cluster.client
      .resource(configMaps)
      .namespace(namespace)
      .create({ metadata: { name: 'm', ...metadata }, data }),
  )

describe('a validating policy', () => {
  test('refuses in upstream’s words', async () => {
    await policy({ validations: [{ expression: '"a" in object.data' }] })
    const error = await write({ b: '1' })
    const message =
      "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression: \"a\" in object.data"
    expect(error?.status).toMatchObject({
      status: 'Failure',
      code: 422,
      reason: 'Invalid',
      message: `configmaps "m" is forbidden: ${message}`,
      details: { name: 'm', kind: 'configmaps', causes: [{ message }] },
    })
    expect(await write({ a: '1' })).toBeUndefined()
  })

  test('without a binding is not in force', async () => {
    await policies().create({
      metadata: { name: 'p' },
      spec: { matchConstraints: { resourceRules: [rule()] }, validations: [{ expression: 'false' }] },
    } as never)
    expect(await write()).toBeUndefined()
  })

  test.each([
    ['a message', { message: 'no' }, 'no'],
    ['a message made by an expression', { message: 'no', messageExpression: '"no " + object.metadata.name' }, 'no m'],
    ['the message where the expression fails', { message: 'no', messageExpression: 'string(object.zip)' }, 'no'],
    ['the message where the expression makes lines', { message: 'no', messageExpression: '"a\\nb"' }, 'no'],
    [
      'the expression where there is no message',
      { messageExpression: '"  "' },
      'failed expression: object.data.x == "1"',
    ],
  ])('says %s', async (_what, more, expected) => {
    await policy({ validations: [{ expression: 'object.data.x == "1"', ...more }] })
    expect((await write({ x: '2' }))?.message).toContain(`denied request: ${expected}`)
  })

  test.each([
    ['Forbidden', 403],
    ['RequestEntityTooLarge', 413],
    ['Invalid', 422],
  ])('answers with its reason: %s', async (reason, code) => {
    await policy({ validations: [{ expression: 'false', reason }] })
    expect((await write())?.status).toMatchObject({ reason, code })
  })

  test.each<[string, boolean, string, Record<string, string>?]>([
    [
      'object',
      true,
      'object.kind == "ConfigMap" && object.apiVersion == "v1" && object.metadata.namespace == "default"',
    ],
    ['oldObject at creation', true, 'oldObject == null'],
    [
      'request',
      true,
      'request.operation == "CREATE" && request.resource.resource == "configmaps" && !has(request.subResource)',
    ],
    ['the user', true, '"system:masters" in request.userInfo.groups && request.kind.kind == "ConfigMap"'],
    ['the namespace of the request', true, 'request.namespace == "default" && request.name != ""'],
    ['the namespace', true, 'namespaceObject.metadata.labels["kubernetes.io/metadata.name"] == "default"'],
    ['authorizer', true, 'authorizer.group("apps").resource("deployments").namespace("x").check("create").allowed()'],
    [
      'a service account’s rights',
      false,
      'authorizer.serviceAccount("default", "default").group("").resource("pods").check("get").allowed()',
    ],
    ['authorizer.requestResource', true, 'authorizer.requestResource.check("create").allowed()'],
    ['optional fields', true, 'object.?data.?x.orValue("none") == "1"', { x: '1' }],
    ['an error', false, 'object.data.nothing == "1"', { x: '1' }],
  ])('knows %s', async (_what, allowed, expression, data) => {
    await policy({ validations: [{ expression }] })
    const error = await write(data)
    expect(error === undefined ? true : error.message).toEqual(allowed || expect.stringContaining('denied request'))
  })

  test('knows what stood before', async () => {
    await policy({
      validations: [{ expression: 'oldObject == null || object.data.x == oldObject.data.x', message: 'x stays' }],
    })
    expect(await write({ x: '1' })).toBeUndefined()
    const of = cluster.client.resource(configMaps).namespace('default')
    const error = await outcome(of.patch('m', 'application/merge-patch+json', { data: { x: '2' } }))
    expect(error?.message).toBe(
      "configmaps \"m\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: x stays",
    )
  })

  test('may say no to deletions', async () => {
    const matchConstraints = { resourceRules: [rule('configmaps', ['DELETE'])] }
    await policy({
      matchConstraints,
      validations: [{ expression: 'oldObject.metadata.name != "keep" && object == null' }],
    })
    const of = cluster.client.resource(configMaps).namespace('default')
    await of.create({ metadata: { name: 'keep' } })
    expect((await outcome(of.delete('keep')))?.message).toContain('failed expression')
    await bindings().delete('b')
  })

  test('computes variables when they are asked for', async () => {
    await policy({
      variables: [
        { name: 'keys', expression: 'object.data.map(k, k)' },
        { name: 'count', expression: 'variables.keys.size()' },
        { name: 'broken', expression: 'object.nothing' },
      ],
      validations: [{ expression: 'variables.count < 2 || variables.broken == 1', message: 'too many' }],
    })
    expect(await write({ a: '1' })).toBeUndefined()
    const error = await write({ a: '1', b: '2' }, 'prod')
    expect(error?.message).toContain(
      `expression 'variables.count < 2 || variables.broken == 1' resulted in error: composited variable "broken" fails to evaluate: no such key: nothing`,
    )
  })

  test('with failurePolicy Ignore lets errors pass, but not refusals', async () => {
    await policy({ failurePolicy: 'Ignore', validations: [{ expression: 'object.data.x == "1"' }] })
    expect(await write({ y: '1' })).toBeUndefined()
    expect((await write({ x: '2' }, 'prod'))?.message).toContain('failed expression')
  })

  test.each<[string, boolean, object[]]>([
    ['all hold', true, [{ name: 'a', expression: 'object.metadata.name == "m"' }]],
    [
      'one does not',
      false,
      [
        { name: 'a', expression: 'true' },
        { name: 'b', expression: 'request.dryRun' },
      ],
    ],
    [
      'one is false and another fails',
      false,
      [
        { name: 'a', expression: 'object.nothing == 1' },
        { name: 'b', expression: 'false' },
      ],
    ],
  ])('is asked when its conditions say so: %s', async (_what, asked, matchConditions) => {
    await policy({ matchConditions, validations: [{ expression: 'false', message: 'asked' }] })
    expect((await write())?.message.includes('asked') ?? false).toBe(asked)
  })

  test('fails when a condition fails', async () => {
    await policy({
      matchConditions: [{ name: 'a', expression: 'object.nothing == 1' }],
      validations: [{ expression: 'true' }],
    })
    expect((await write())?.message).toContain(
      "denied request: expression 'object.nothing == 1' resulted in error: no such key: nothing",
    )
  })

  test('stops when it costs too much', async () => {
    const list = `[${Array.from({ length: 120 }, (_, index) => index).join(', ')}]`
    const expression = `${list}.all(a, ${list}.all(b, ${list}.all(c, a + b + c >= 0)))`
    await policy({ validations: [{ expression }] })
    expect((await write())?.message).toContain('resulted in error: operation cancelled: actual cost limit exceeded')
  })
})

describe('a binding', () => {
  test.each<[string, boolean, object]>([
    ['the namespace’s labels', true, { namespaceSelector: { matchLabels: { env: 'prod' } } }],
    ['other labels', false, { namespaceSelector: { matchLabels: { env: 'test' } } }],
    ['the object’s labels', true, { objectSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } }],
    ['labels it has not', false, { objectSelector: { matchLabels: { app: 'other' } } }],
    ['its resource', true, { resourceRules: [rule('*')] }],
    ['another resource', false, { resourceRules: [rule('secrets')] }],
    ['its name', true, { resourceRules: [{ ...rule(), resourceNames: ['m'] }] }],
    ['another name', false, { resourceRules: [{ ...rule(), resourceNames: ['n'] }] }],
    ['an exclusion', false, { excludeResourceRules: [rule('*', ['*'], '*', '*')] }],
    ['cluster scope', false, { resourceRules: [{ ...rule(), scope: 'Cluster' }] }],
    ['namespaced scope', true, { resourceRules: [{ ...rule(), scope: 'Namespaced' }] }],
    ['only subresources', false, { resourceRules: [rule('configmaps/status')] }],
  ])('narrows by %s', async (_what, matches, matchResources) => {
    await policy({ validations: [{ expression: 'false' }] }, { matchResources })
    expect((await write({}, 'prod', { labels: { app: 'web' } })) !== undefined).toBe(matches)
  })
})

test('a connection is asked about with its options', async () => {
  const of = cluster.client.resource(pods).namespace('default')
  await of.create({ metadata: { name: 'shell' }, spec: { containers: [{ name: 'c', image: 'i' }] } } as never)
  await policy({
    matchConstraints: { resourceRules: [rule('pods/exec', ['CONNECT'])] },
    validations: [
      {
        expression: 'object.kind != "PodExecOptions" || !("sh" in object.command) || !object.?tty.orValue(false)',
        message: 'no shells',
        reason: 'Forbidden',
      },
    ],
  })
  const exec = async (tty: string) => {
    const path = '/api/v1/namespaces/default/pods/shell/exec'
    const query = { command: ['sh', '-i'], tty, container: 'c', stdout: 'true' }
    const { response } = await cluster.plane.apiServer.transport().upgrade({ method: 'GET', path, query })
    return (response.body as { message?: string }).message
  }
  expect(await exec('true')).toBe(
    "pods \"shell\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no shells",
  )
  expect(await exec('false')).not.toContain('no shells')
  await of.delete('shell')
})

test('a change of scale is asked about as a Scale', async () => {
  const of = cluster.client.resource(deployments).namespace('default')
  const labels = { app: 'x' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  await of.create({
    metadata: { name: 'd' },
    spec: { replicas: 1, selector: { matchLabels: labels }, template },
  } as never)
  await policy({
    matchConstraints: { resourceRules: [rule('deployments/scale', ['UPDATE'], 'apps')] },
    validations: [
      {
        expression: 'object.kind == "Scale" && oldObject.spec.replicas == 1 && object.spec.replicas < 3',
        messageExpression: 'request.kind.kind + " to " + string(object.spec.replicas)',
      },
    ],
  })
  const scale = async (replicas: number) => {
    const path = '/apis/apps/v1/namespaces/default/deployments/d/scale'
    const body = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'd' }, spec: { replicas } }
    return cluster.plane.apiServer.transport().request({ method: 'PUT', path, body })
  }
  expect((await scale(5)).body).toMatchObject({
    message: `deployments.apps "d" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: Scale to 5`,
  })
  expect((await scale(2)).status).toBe(200)
  await of.delete('d')
})

test('evictions and bindings are asked about as what they are', async () => {
  const of = cluster.client.resource(pods).namespace('default')
  await of.create({ metadata: { name: 'held' }, spec: { containers: [{ name: 'c', image: 'i' }] } } as never)
  const resourceRules = [rule('pods/eviction', ['CREATE']), rule('pods/binding', ['CREATE'])]
  await policy({
    matchConstraints: { resourceRules },
    validations: [{ expression: 'false', messageExpression: '"no " + object.kind + " of " + request.kind.kind' }],
  })
  const post = async (subresource: string, body: object) => {
    const path = `/api/v1/namespaces/default/pods/held/${subresource}`
    return (await cluster.plane.apiServer.transport().request({ method: 'POST', path, body })).body as {
      message: string
    }
  }
  const metadata = { name: 'held', namespace: 'default' }
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata }
  expect((await post('eviction', eviction)).message).toContain('denied request: no Eviction of Eviction')
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata, target: { kind: 'Node', name: 'n' } }
  expect((await post('binding', binding)).message).toContain('denied request: no Binding of Binding')
  await of.delete('held')
})

describe('parameters', () => {
  const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' }
  const validations = [
    { expression: 'int(object.data.n) <= int(params.data.max)', messageExpression: '"at most " + params.data.max' },
  ]
  const limit = (name: string, max: string, namespace = 'prod', labels = {}) =>
    cluster.client
      .resource(configMaps)
      .namespace(namespace)
      .create({ metadata: { name, labels }, data: { max, n: '0' } })

  test('come by name, from the object’s namespace unless another is named', async () => {
    await limit('limits', '3')
    await policy({ paramKind, validations }, { paramRef: { name: 'limits', parameterNotFoundAction: 'Deny' } })
    expect((await write({ n: '4' }, 'prod'))?.message).toContain('denied request: at most 3')
    expect((await write({ n: '2' }, 'default'))?.message).toContain(
      "with binding 'b' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
    )
    await bindings().delete('b')
  })

  test('come by labels: all must be satisfied', async () => {
    await limit('small', '1', 'prod', { use: 'limit' })
    await limit('large', '9', 'prod', { use: 'limit' })
    const paramRef = {
      namespace: 'prod',
      selector: { matchLabels: { use: 'limit' } },
      parameterNotFoundAction: 'Allow',
    }
    await policy({ paramKind, validations }, { paramRef })
    expect((await write({ n: '5' }))?.message).toContain('denied request: at most 1')
    expect(await write({ n: '1' })).toBeUndefined()
  })

  test('may be missing where the binding allows it', async () => {
    await policy({ paramKind, validations }, { paramRef: { name: 'none', parameterNotFoundAction: 'Allow' } })
    expect(await write({ n: '5' })).toBeUndefined()
  })

  test('of a kind that nobody serves', async () => {
    await policy({ paramKind: { apiVersion: 'example.com/v1', kind: 'Limit' }, validations: [{ expression: 'true' }] })
    expect((await write())?.message).toContain(
      "ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'example.com/v1, Kind=Limit'",
    )
  })
})

test('a rule for another version of the same resource matches, unless exactly that is asked for', async () => {
  const events = { apiGroups: ['events.k8s.io'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['events'] }
  const event = async (): Promise<number> => {
    const body = {
      metadata: { generateName: 'e-' },
      involvedObject: { kind: 'Pod', namespace: 'default', name: 'x' },
      reason: 'r',
      type: 'Normal',
      source: { component: 'c' },
    }
    const path = '/api/v1/namespaces/default/events'
    return (await cluster.plane.apiServer.transport().request({ method: 'POST', path, body })).status
  }
  const validations = [
    { expression: 'object.apiVersion != "events.k8s.io/v1" || has(object.involvedObject)', message: 'matched' },
  ]
  await policy({ matchConstraints: { resourceRules: [events] }, validations })
  expect(await event()).toBe(422)
  await policies().delete('p')
  await bindings().delete('b')
  await policy({ matchConstraints: { resourceRules: [events], matchPolicy: 'Exact' }, validations })
  expect(await event()).toBe(201)
})

describe('a mutating policy', () => {
  const mutating = async (mutations: object[], more: object = {}, binding: object = {}, name = 'p'): Promise<void> => {
    await mutatingPolicies().create({
      metadata: { name },
      spec: {
        matchConstraints: { resourceRules: [rule(), rule('pods'), rule('deployments', ['CREATE'], 'apps')] },
        reinvocationPolicy: 'Never',
        mutations,
        ...more,
      },
    } as never)
    await mutatingBindings().create({ metadata: { name }, spec: { policyName: name, ...binding } } as never)
  }
  const jsonPatch = (expression: string) => ({ patchType: 'JSONPatch', jsonPatch: { expression } })
  const apply = (expression: string) => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } })
  const created = (data: Record<string, string> = {}, metadata: object = {}) =>
    cluster.client
      .resource(configMaps)
      .namespace('default')
      .create({ metadata: { name: 'm', ...metadata }, data })

  test('adds by JSON patch, its steps in order', async () => {
    await mutating([
      jsonPatch('[JSONPatch{op: "add", path: "/data/x", value: "1"}]'),
      jsonPatch(
        '[JSONPatch{op: "test", path: "/data/x", value: "1"}, JSONPatch{op: "replace", path: "/data/x", value: object.data.x + "2"}]',
      ),
      jsonPatch('[JSONPatch{op: "test", path: "/data/x", value: "no"}, JSONPatch{op: "remove", path: "/data/x"}]'),
      jsonPatch(
        '[JSONPatch{op: "add", path: "/metadata/labels", value: {}}, JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("example.com/a"), value: "b"}]',
      ),
    ])
    expect(await created({ a: '0' })).toMatchObject({
      data: { a: '0', x: '12' },
      metadata: { labels: { 'example.com/a': 'b' } },
    })
  })

  test('merges an apply configuration: maps by key, lists of type map by theirs', async () => {
    await mutating([
      apply(`Object{
        metadata: Object.metadata{labels: Object.metadata.labels{team: "a"}},
        spec: Object.spec{containers: [Object.spec.containers{name: "c", image: "pinned"}, Object.spec.containers{name: "sidecar", image: "s"}]}
      }`),
    ])
    const pod = await cluster.client
      .resource(pods)
      .namespace('default')
      .create({
        metadata: { name: 'p', labels: { app: 'x' } },
        spec: { containers: [{ name: 'c', image: 'i', args: ['a'] }] },
      } as never)
    expect(pod.metadata!.labels).toEqual({ app: 'x', team: 'a' })
    expect(
      pod.spec!.containers.map(({ name, image, args, imagePullPolicy }) => ({ name, image, args, imagePullPolicy })),
    ).toEqual([
      { name: 'c', image: 'pinned', args: ['a'], imagePullPolicy: 'Always' },
      { name: 'sidecar', image: 's', args: undefined, imagePullPolicy: 'Always' },
    ])
    await cluster.client.resource(pods).namespace('default').delete('p')
  })

  test.each<[string, object, string]>([
    [
      'an object in the wrong place',
      apply('Object{metadata: Object.spec{}}'),
      'type mismatch: unexpected type name "Object.spec", expected "Object.metadata", which matches field name path from root Object type',
    ],
    [
      'an unknown field',
      apply('Object{zip: 1}'),
      'error applying patch: failed to convert patch object to typed object: .zip: field not declared in schema',
    ],
    [
      'a path that is not there',
      jsonPatch('[JSONPatch{op: "remove", path: "/data/none"}]'),
      "JSON Patch: error in remove for path: '/data/none': Unable to remove nonexistent key: none: missing value",
    ],
    [
      'an error',
      jsonPatch('[JSONPatch{op: "add", path: "/data/x", value: object.none}]'),
      `expression '[JSONPatch{op: "add", path: "/data/x", value: object.none}]' resulted in error: no such key: none`,
    ],
  ])('fails on %s', async (_what, mutation, expected) => {
    await mutating([mutation])
    const error = await outcome(created({ a: '1' }))
    expect(error?.message).toBe(`policy 'p' with binding 'p' denied request: ${expected}`)
    expect(error?.status).toMatchObject({ code: 403, reason: 'Invalid', details: { kind: 'configmaps', name: 'm' } })
  })

  test('may not touch lists that only exist as a whole', async () => {
    await mutating([apply('Object{spec: Object.spec{containers: [Object.spec.containers{name: "c", args: ["x"]}]}}')])
    const error = await outcome(
      cluster.client
        .resource(pods)
        .namespace('default')
        .create({ metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } } as never),
    )
    expect(error?.message).toBe(
      "policy 'p' with binding 'p' denied request: error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.containers[0].args",
    )
  })

  test('with failurePolicy Ignore lets the object pass as it is', async () => {
    await mutating([jsonPatch('[JSONPatch{op: "remove", path: "/data/none"}]')], { failurePolicy: 'Ignore' })
    expect((await created({ a: '1' })).data).toEqual({ a: '1' })
  })

  test('looks again, where it wants to, when a later one changed the object', async () => {
    const count = jsonPatch('[JSONPatch{op: "add", path: "/data/seen", value: string(object.data.size())}]')
    await mutating([count], { reinvocationPolicy: 'IfNeeded' }, {}, 'a')
    await mutating([jsonPatch('[JSONPatch{op: "add", path: "/data/late", value: "1"}]')], {}, {}, 'b')
    expect((await created({ x: '1' })).data).toEqual({ x: '1', late: '1', seen: '3' })
  })

  test('is seen by validating ones, and never touches policies', async () => {
    await mutating([jsonPatch('[JSONPatch{op: "add", path: "/data/x", value: "1"}]')])
    await policy({ validations: [{ expression: '!("x" in object.data)', message: 'has x' }] })
    expect((await outcome(created({ a: '1' })))?.message).toContain('denied request: has x')
  })

  test('uses variables, parameters and conditions', async () => {
    await cluster.client
      .resource(configMaps)
      .namespace('prod')
      .create({ metadata: { name: 'values' }, data: { team: 'blue' } })
    await mutating(
      [apply('Object{metadata: Object.metadata{labels: {"team": variables.team}}}')],
      {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        variables: [{ name: 'team', expression: 'params.data.team' }],
        matchConditions: [{ name: 'unlabelled', expression: '!has(object.metadata.labels)' }],
      },
      { paramRef: { name: 'values', namespace: 'prod', parameterNotFoundAction: 'Deny' } },
    )
    expect((await created()).metadata!.labels).toEqual({ team: 'blue' })
    await cluster.client.resource(configMaps).namespace('default').delete('m')
    expect((await created({}, { labels: { a: 'b' } })).metadata!.labels).toEqual({ a: 'b' })
  })
})

describe('a policy that is not one is refused', () => {
  const valid = { matchConstraints: { resourceRules: [rule()] }, validations: [{ expression: 'true' }] }
  const compile = (expression: string, column: number, message: string): string =>
    `compilation failed: ERROR: <input>:1:${column}: ${message}\n | ${expression}\n | ${'.'.repeat(column - 1)}^`
  test.each<[object, string]>([
    [{ matchConstraints: undefined }, 'spec.matchConstraints: Required value'],
    [{ matchConstraints: {} }, 'spec.matchConstraints.resourceRules: Required value'],
    [
      { matchConstraints: { resourceRules: [{ ...rule('pods'), apiGroups: [] }] } },
      'spec.matchConstraints.resourceRules[0].apiGroups: Required value',
    ],
    [
      { matchConstraints: { resourceRules: [rule('pods', ['LOOK'])] } },
      'spec.matchConstraints.resourceRules[0].operations[0]: Unsupported value: "LOOK": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
    ],
    [{ failurePolicy: 'Maybe' }, 'spec.failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"'],
    [
      { validations: [] },
      'spec.validations: Required value: validations or auditAnnotations must contain at least one item',
    ],
    [
      { validations: [{ expression: '' }] },
      'spec.validations[0].expression: Required value: expression is not specified',
    ],
    [
      { validations: [{ expression: 'objct.x' }] },
      `spec.validations[0].expression: Invalid value: "objct.x": ${compile('objct.x', 1, "undeclared reference to 'objct' (in container '')")}`,
    ],
    [
      { validations: [{ expression: 'object.x' }] },
      'spec.validations[0].expression: Invalid value: "object.x": must evaluate to bool but got dyn',
    ],
    [
      { validations: [{ expression: 'params == null' }] },
      `spec.validations[0].expression: Invalid value: "params == null": ${compile('params == null', 1, "undeclared reference to 'params' (in container '')")}`,
    ],
    [
      { validations: [{ expression: 'true', messageExpression: '1' }] },
      'spec.validations[0].messageExpression: Invalid value: "1": must evaluate to string but got int',
    ],
    [
      { validations: [{ expression: 'true', reason: 'Because' }] },
      'spec.validations[0].reason: Unsupported value: "Because": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
    ],
    [
      { variables: [{ name: '1x', expression: 'true' }] },
      'spec.variables[0].name: Invalid value: "1x": must be a valid CEL identifier',
    ],
    [
      { matchConditions: [{ name: 'a b', expression: 'true' }] },
      'spec.matchConditions[0].name: Invalid value: "a b": name part must consist of alphanumeric characters',
    ],
    [
      { auditAnnotations: [{ key: 'a', valueExpression: '1' }] },
      'spec.auditAnnotations[0].valueExpression: Invalid value: "1": must evaluate to one of [string null_type] but got int',
    ],
    [{ paramKind: { apiVersion: 'v1' } }, 'spec.paramKind.kind: Required value'],
  ])('%j', async (spec, message) => {
    const error = await outcome(policies().create({ metadata: { name: 'p' }, spec: { ...valid, ...spec } } as never))
    expect(error?.status).toMatchObject({ code: 422, reason: 'Invalid' })
    expect(error?.message).toContain('ValidatingAdmissionPolicy.admissionregistration.k8s.io "p" is invalid: ')
    expect(error?.message).toContain(message)
  })

  test.each<[object, string]>([
    [{ policyName: '' }, 'spec.policyName: Required value'],
    [{ validationActions: [] }, 'spec.validationActions: Required value: at least one validation action is required'],
    [
      { validationActions: ['Deny', 'Warn'] },
      'spec.validationActions: Invalid value: ["Deny","Warn"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
    ],
    [
      { paramRef: { parameterNotFoundAction: 'Deny' } },
      'spec.paramRef: Required value: one of name or selector must be specified',
    ],
    [{ paramRef: { name: 'x' } }, 'spec.paramRef.parameterNotFoundAction: Required value'],
  ])('binding %j', async (spec, message) => {
    const valid = { policyName: 'p', validationActions: ['Deny'] }
    const error = await outcome(bindings().create({ metadata: { name: 'b' }, spec: { ...valid, ...spec } } as never))
    expect(error?.message).toContain(message)
  })

  test.each<[object, string]>([
    [{ mutations: [] }, 'spec.mutations: Required value: mutations must contain at least one item'],
    [{ reinvocationPolicy: undefined }, 'spec.reinvocationPolicy: Required value'],
    [
      { matchConstraints: { resourceRules: [rule('pods', ['DELETE'])] } },
      'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE"',
    ],
    [
      { mutations: [{ patchType: 'JSONPatch' }] },
      'spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch',
    ],
    [
      { mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[1]' } }] },
      'spec.mutations[0].jsonPatch.expression: Invalid value: "[1]": must evaluate to list(JSONPatch) but got list(int)',
    ],
    [
      { mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object.spec{}' } }] },
      'spec.mutations[0].applyConfiguration.expression: Invalid value: "Object.spec{}": must evaluate to Object but got Object.spec',
    ],
  ])('mutating %j', async (spec, message) => {
    const valid = {
      matchConstraints: { resourceRules: [rule()] },
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }],
    }
    const error = await outcome(
      mutatingPolicies().create({ metadata: { name: 'p' }, spec: { ...valid, ...spec } } as never),
    )
    expect(error?.message).toContain(message)
  })
})

test('whoever makes a policy depend on parameters must be allowed to read them', async () => {
  const bob = cluster.plane.client({ name: 'bob', groups: ['writers', 'system:authenticated'] })
  const rules = [
    { apiGroups: ['admissionregistration.k8s.io'], resources: ['*'], verbs: ['*'] },
    { apiGroups: [''], resources: ['secrets'], verbs: ['get'] },
  ]
  await cluster.client.resource(clusterRoles).create({ metadata: { name: 'writer' }, rules })
  await cluster.client.resource(clusterRoleBindings).create({
    metadata: { name: 'writers' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'writer' },
    subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'writers' }],
  })
  const create = (kind: string) =>
    outcome(
      bob.resource(validatingAdmissionPolicies).create({
        metadata: { name: 'p' },
        spec: {
          paramKind: { apiVersion: 'v1', kind },
          matchConstraints: { resourceRules: [rule()] },
          validations: [{ expression: 'true' }],
        },
      } as never),
    )
  expect((await create('ConfigMap'))?.message).toBe(
    'ValidatingAdmissionPolicy.admissionregistration.k8s.io "p" is invalid: spec.paramKind: Forbidden: user &{bob  [writers system:authenticated] map[]} must have "get" permission on all objects of the referenced paramKind (kind=ConfigMap, apiVersion=v1)',
  )
  expect(await create('Secret')).toBeUndefined()
})

test('what policies and plugins do is counted', async () => {
  const counted = async (name: string, ...labels: string[]) => {
    const { text = '' } = await cluster.client.transport.request({ method: 'GET', path: '/metrics' })
    return text.split('\n').filter(line => line.startsWith(`${name}{`) && labels.every(label => line.includes(label)))
  }
  await policies().create({
    metadata: { name: 'counted' },
    spec: {
      failurePolicy: 'Ignore',
      matchConstraints: { resourceRules: [rule()] },
      validations: [{ expression: 'object.data.a == "x"' }, { expression: 'object.data.none == "x"' }],
    },
  } as never)
  await bindings().create({
    metadata: { name: 'counting' },
    spec: { policyName: 'counted', validationActions: ['Warn', 'Audit'] },
  } as never)
  await write({ a: 'b' })
  const labels = 'error_type="invalid_error",policy="counted",policy_binding="counting"'
  expect(await counted('apiserver_validating_admission_policy_check_total', 'policy="counted"')).toEqual(
    ['allow', 'warn', 'audit'].map(
      action => `apiserver_validating_admission_policy_check_total{enforcement_action="${action}",${labels}} 1`,
    ),
  )
  await mutatingPolicies().create({
    metadata: { name: 'counted' },
    spec: {
      reinvocationPolicy: 'Never',
      matchConstraints: { resourceRules: [rule()] },
      mutations: [
        { patchType: 'JSONPatch', jsonPatch: { expression: '[JSONPatch{op: "add", path: "/data/z", value: "1"}]' } },
      ],
    },
  } as never)
  await mutatingBindings().create({ metadata: { name: 'counting' }, spec: { policyName: 'counted' } } as never)
  await write({ a: 'x' }, 'prod')
  expect(await counted('apiserver_mutating_admission_policy_check_total', 'policy="counted"')).toEqual([
    'apiserver_mutating_admission_policy_check_total{error_type="no_error",policy="counted",policy_binding="counting"} 1',
  ])
  const created = ['operation="CREATE"', 'rejected="false"', 'type="admit"']
  for (const plugin of ['NamespaceLifecycle', 'MutatingAdmissionPolicy'])
    expect(
      await counted('apiserver_admission_controller_admission_duration_seconds_count', `name="${plugin}"`, ...created),
    ).toHaveLength(1)
  expect(await counted('apiserver_admission_step_admission_duration_seconds_count', ...created)).toHaveLength(1)
})
