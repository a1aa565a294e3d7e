// Who may do what at the API server, over HTTPS: certificates, tokens, roles, nodes, admission, from the outside.

import { connect } from 'node:http2'
import { request } from 'node:https'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ApiServer } from '../../src/apiserver/apiserver.ts'
import { type KeyAndCertificate, loadOrCreatePki, type Pki } from '../../src/cluster/pki/pki.ts'
import { systemEnv } from '../../src/cluster/system-env.ts'
import { openEmbeddedStore } from '../../src/etcd/embedded-store.ts'
import type { Store } from '../../src/etcd/store.ts'
import { issueCertificate } from '../../src/machinery/x509/certificate.ts'

let store: Store
let server: ApiServer
let pki: Pki

beforeAll(async () => {
  const env = systemEnv()
  pki = loadOrCreatePki({ env, serviceAddress: '10.96.0.1' })
  store = await openEmbeddedStore({ env })
  server = new ApiServer({
    env,
    store,
    serviceAccountKey: pki.serviceAccountKey,
    authentication: { staticTokens: [['alices-token', { name: 'alice', groups: ['devs'] }]] },
    serviceCIDR: '10.96.0.0/12',
    serviceNodePortRange: [30000, 32767],
    advertiseAddress: '127.0.0.1',
    port: 6443,
    kubelets: undefined as never,
    https: {
      bindAddress: '127.0.0.1',
      port: 0,
      cert: pki.apiServer.certificate,
      key: pki.apiServer.privateKey,
    },
    clientCA: pki.certificateAuthority.certificate,
    requestHeader: {
      clientCA: pki.frontProxyAuthority.certificate,
      allowedNames: ['front-proxy-client'],
      usernameHeaders: ['X-Remote-User'],
      uidHeaders: ['X-Remote-Uid'],
      groupHeaders: ['X-Remote-Group'],
      extraHeaderPrefixes: ['X-Remote-Extra-'],
    },
  })
  await server.start()
})

afterAll(async () => {
  await server.stop()
  await store.close()
})

interface Answer {
  readonly status: number
  readonly body: any
}

type Who = KeyAndCertificate | { readonly token: string } | undefined

function call(who: Who, method: string, path: string, body?: object, headers: object = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: server.port,
        method,
        path,
        agent: false,
        ca: pki.certificateAuthority.certificate,
        ...(who && 'certificate' in who && { cert: who.certificate, key: who.privateKey }),
        headers: {
          ...(who && 'token' in who && { authorization: `Bearer ${who.token}` }),
          ...(body && { 'content-type': 'application/json' }),
          ...headers,
        },
      },
      response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          const isJson = response.headers['content-type']?.includes('json')
          resolve({ status: response.statusCode!, body: isJson ? JSON.parse(text) : text })
        })
      },
    )
    sent.on('error', reject)
    sent.end(body && JSON.stringify(body))
  })
}

async function callHttp2(who: KeyAndCertificate, method: string, path: string, body: object, headers: object) {
  const session = connect(`https://127.0.0.1:${server.port}`, {
    ca: pki.certificateAuthority.certificate,
    cert: who.certificate,
    key: who.privateKey,
  })
  const stream = session.request({ ':method': method, ':path': path, 'content-type': 'application/json', ...headers })
  stream.end(JSON.stringify(body))
  const answer = await json(stream)
  session.close()
  return { body: answer as any }
}

const alice = { token: 'alices-token' }
const pods = '/api/v1/namespaces/default/pods'
const rbac = '/apis/rbac.authorization.k8s.io/v1'

const grant = async (name: string, role: string, subject: object, namespace?: string) => {
  const [kind, where] = namespace
    ? ['RoleBinding', `${rbac}/namespaces/${namespace}/rolebindings`]
    : ['ClusterRoleBinding', `${rbac}/clusterrolebindings`]
  const answer = await call(pki.admin, 'POST', where, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind,
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [subject],
  })
  expect(answer.status).toBe(201)
}

describe('who is asking', () => {
  test('someone who shows nothing sees what everyone may see', async () => {
    expect((await call(undefined, 'GET', '/version')).status).toBe(200)
    expect((await call(undefined, 'GET', '/healthz')).body).toBe('ok')
    expect(await call(undefined, 'GET', pods)).toEqual({
      status: 403,
      body: {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message:
          'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "default"',
        reason: 'Forbidden',
        details: { kind: 'pods' },
        code: 403,
      },
    })
    expect((await call(undefined, 'GET', '/metrics')).body.message).toBe(
      'forbidden: User "system:anonymous" cannot get path "/metrics"',
    )
  })

  describe('a front proxy', () => {
    const review = async (who: Who, headers: object) => {
      const self = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
      const answer = await call(
        who,
        'POST',
        self,
        { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
        headers,
      )
      return answer.status === 201 ? answer.body.status.userInfo : answer.status
    }
    const speaksFor = {
      'X-Remote-User': 'dave',
      'X-Remote-Uid': '42',
      'X-Remote-Group': ['one', 'two'],
      'X-Remote-Extra-Acme.com%2FProject': ['p1', 'p2'],
    }

    test('says for whom it asks', async () => {
      expect(await review(pki.frontProxyClient, speaksFor)).toEqual({
        username: 'dave',
        uid: '42',
        groups: ['one', 'two', 'system:authenticated'],
        extra: { 'acme.com/project': ['p1', 'p2'] },
      })
      // Anonymous is in no group of those who are known.
      expect(await review(pki.frontProxyClient, { 'X-Remote-User': 'system:anonymous' })).toBe(403)
    })

    test('may name groups with commas', async () => {
      const headers = { 'X-Remote-User': 'dave', 'X-Remote-Group': ['cn=a, ou=b', ',,c'] }
      expect(await review(pki.frontProxyClient, headers)).toMatchObject({
        groups: ['cn=a, ou=b', ',,c', 'system:authenticated'],
      })
    })

    test('is nobody by itself: its authority vouches for proxies, not for users', async () => {
      expect(await review(pki.frontProxyClient, {})).toBe(401)
    })

    test('is not whoever shows a certificate, or none', async () => {
      expect(await review(alice, speaksFor)).toMatchObject({ username: 'alice' })
      expect(await review(pki.admin, speaksFor)).toMatchObject({ username: 'kubernetes-admin' })
      expect((await call(undefined, 'GET', pods, undefined, speaksFor)).body.message).toContain('system:anonymous')
    })

    test('must have an allowed name', async () => {
      const now = Date.now()
      const other = issueCertificate(
        pki.frontProxyAuthority,
        { subject: { commonName: 'other' }, usages: ['clientAuth'] },
        { notBefore: now - 3_600_000, notAfter: now + 3_600_000 },
        Buffer.from([9]),
      )
      expect(await review(other, speaksFor)).toBe(401)
    })
  })

  test.each(['wrong', 'a.b.c', `${'x'.repeat(5000)}`])(
    'a wrong token is refused without a hint: %.10s',
    async token => {
      expect(await call({ token }, 'GET', '/version')).toEqual({
        status: 401,
        body: {
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Failure',
          message: 'Unauthorized',
          reason: 'Unauthorized',
          code: 401,
        },
      })
    },
  )

  test('a certificate of another authority is refused', async () => {
    const stranger = loadOrCreatePki({ env: systemEnv() })
    expect((await call(stranger.admin, 'GET', pods)).status).toBe(401)
    expect((await call(pki.frontProxyClient, 'GET', pods)).status).toBe(401)
  })

  test('a server’s certificate is not a client’s', async () => {
    expect((await call(pki.apiServer, 'GET', pods)).status).toBe(401)
    expect((await call(pki.node('n9', []).serving, 'GET', '/version')).status).toBe(401)
  })

  test('the administrator’s certificate opens every door', async () => {
    expect((await call(pki.admin, 'GET', pods)).status).toBe(200)
    expect((await call(pki.admin, 'GET', '/metrics')).status).toBe(200)
  })

  test('SelfSubjectReview tells', async () => {
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
    const { body } = await call(alice, 'POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', review)
    expect(body.status.userInfo).toEqual({ username: 'alice', groups: ['devs', 'system:authenticated'] })
  })
})

describe('what they may do', () => {
  test('is what their roles say, from the moment they are bound', async () => {
    expect((await call(alice, 'GET', pods)).body.message).toBe(
      'pods is forbidden: User "alice" cannot list resource "pods" in API group "" in the namespace "default"',
    )
    await grant('devs-view', 'view', { kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'devs' }, 'default')
    expect((await call(alice, 'GET', pods)).status).toBe(200)
    expect((await call(alice, 'GET', '/api/v1/namespaces/kube-system/pods')).status).toBe(403)
    expect((await call(alice, 'GET', '/api/v1/namespaces/default/secrets')).status).toBe(403)
    await call(pki.admin, 'DELETE', `${rbac}/namespaces/default/rolebindings/devs-view`)
    expect((await call(alice, 'GET', pods)).status).toBe(403)
  })

  test('can be asked', async () => {
    const review = (verb: string) => ({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { verb, resource: 'namespaces' } },
    })
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
    expect((await call(alice, 'POST', path, review('list'))).body.status).toEqual({ allowed: false })
    expect((await call(pki.admin, 'POST', path, review('list'))).body.status.allowed).toBe(true)
  })

  test('can be asked by who answers for a namespace', async () => {
    const path = '/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews'
    const spec = { user: 'nobody', resourceAttributes: { verb: 'list', resource: 'pods', namespace: 'default' } }
    const answer = await call(pki.admin, 'POST', path, { kind: 'LocalSubjectAccessReview', spec })
    expect(answer.body.status).toEqual({ allowed: false })
    const elsewhere = { ...spec, resourceAttributes: { ...spec.resourceAttributes, namespace: 'kube-system' } }
    expect((await call(pki.admin, 'POST', path, { kind: 'LocalSubjectAccessReview', spec: elsewhere })).status).toBe(
      422,
    )
  })

  test('does not include giving others more than they have', async () => {
    const subject = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'alice' }
    await grant('alice-admin', 'admin', subject, 'default')
    const role = (resource: string) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: `of-${resource}` },
      rules: [{ verbs: ['delete'], apiGroups: [''], resources: [resource] }],
    })
    const roles = `${rbac}/namespaces/default/roles`
    expect((await call(alice, 'POST', roles, role('configmaps'))).status).toBe(201)
    expect((await call(alice, 'POST', roles, role('resourcequotas'))).body).toMatchObject({
      code: 403,
      message: expect.stringContaining(
        'is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["resourcequotas"], Verbs:["delete"]}',
      ),
    })
    const binding = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'mine' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [subject],
    }
    expect((await call(alice, 'POST', `${rbac}/namespaces/default/rolebindings`, binding)).status).toBe(403)
  })

  test('can be someone else’s, if they may impersonate them', async () => {
    const as = { 'impersonate-user': 'bob' }
    expect((await call(pki.admin, 'GET', pods, undefined, as)).body.message).toContain('User "bob" cannot list')
    expect((await call(alice, 'GET', pods, undefined, as)).body.message).toBe(
      'pods is forbidden: User "alice" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "default"',
    )
  })

  test.each(['HTTP/1.1', 'HTTP/2'])('can be that of groups with commas in their names, over %s', async version => {
    const as = {
      'impersonate-user': 'bob',
      'impersonate-group': ['b', 'a', ',,,c', 'cn=d, ou=e'],
      'impersonate-extra-scope': ['one,two', 'three'],
    }
    const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
    const send = version === 'HTTP/2' ? callHttp2 : call
    expect((await send(pki.admin, 'POST', path, body, as)).body.status.userInfo).toEqual({
      username: 'bob',
      groups: ['b', 'a', ',,,c', 'cn=d, ou=e', 'system:authenticated'],
      extra: { scope: ['one,two', 'three'] },
    })
  })
})

describe('a service account', () => {
  test('acts with tokens that die with it', async () => {
    const accounts = '/api/v1/namespaces/default/serviceaccounts'
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'builder' } }
    expect((await call(pki.admin, 'POST', accounts, account)).status).toBe(201)
    const wanted = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 600 } }
    const { body, status } = await call(pki.admin, 'POST', `${accounts}/builder/token`, wanted)
    expect(status).toBe(201)
    const builder = { token: body.status.token }
    expect((await call(builder, 'GET', pods)).body.message).toContain(
      'User "system:serviceaccount:default:builder" cannot list',
    )
    await grant('builder', 'edit', { kind: 'ServiceAccount', name: 'builder', namespace: 'default' }, 'default')
    expect((await call(builder, 'GET', pods)).status).toBe(200)
    await call(pki.admin, 'DELETE', `${accounts}/builder`)
    expect((await call(builder, 'GET', pods)).status).toBe(401)
  })

  test('lets others check its tokens', async () => {
    const { body } = await call(pki.admin, 'GET', '/openid/v1/jwks')
    expect(body.keys).toMatchObject([{ alg: 'ES256', kty: 'EC', use: 'sig' }])
  })
})

describe('a kubelet', () => {
  test('writes its own node, and no other', async () => {
    const { client } = pki.node('n1', [])
    const node = (name: string) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } })
    const created = await call(client, 'POST', '/api/v1/nodes', node('n1'))
    expect(created.status).toBe(201)
    expect(created.body.spec.taints).toEqual([{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }])
    expect((await call(client, 'POST', '/api/v1/nodes', node('n2'))).body.message).toBe(
      'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"',
    )
    expect((await call(client, 'GET', '/api/v1/nodes/n1')).status).toBe(200)
    expect((await call(client, 'GET', '/api/v1/nodes')).body.message).toContain(
      "node 'n1' cannot read all nodes, only its own Node object",
    )
    expect((await call(client, 'GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Dn1')).status).toBe(200)
    expect((await call(client, 'GET', '/api/v1/pods')).status).toBe(403)
    expect((await call(client, 'GET', '/api/v1/namespaces/default/secrets/x')).body.message).toContain(
      "no relationship found between node 'n1' and this object",
    )
  })

  test('reads the secrets of its pods, while they are its', async () => {
    const { client } = pki.node('n3', [])
    await call(pki.admin, 'POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
    const secrets = '/api/v1/namespaces/default/secrets'
    await call(pki.admin, 'POST', secrets, { metadata: { name: 's' }, stringData: { a: 'b' } })
    expect((await call(client, 'GET', `${secrets}/s`)).status).toBe(403)
    const made = await call(pki.admin, 'POST', pods, {
      metadata: { name: 'p' },
      spec: {
        nodeName: 'n3',
        containers: [{ name: 'c', image: 'i' }],
        volumes: [{ name: 'v', secret: { secretName: 's' } }],
      },
    })
    expect(made.status).toBe(201)
    expect((await call(client, 'GET', `${secrets}/s`)).status).toBe(200)
    expect((await call(client, 'GET', `${secrets}?fieldSelector=metadata.name%3Ds`)).status).toBe(200)
    expect((await call(client, 'GET', secrets)).status).toBe(403)
    const token = '/api/v1/namespaces/default/serviceaccounts/default/token'
    const boundTo = (boundObjectRef?: object) => ({ kind: 'TokenRequest', spec: { audiences: [], boundObjectRef } })
    expect((await call(client, 'POST', token, boundTo())).body.message).toContain(
      'node requested token not bound to a pod',
    )
    const mine = { kind: 'Pod', apiVersion: 'v1', name: 'p', uid: made.body.metadata.uid }
    expect((await call(client, 'POST', token, boundTo(mine))).status).toBe(201)
    await call(pki.admin, 'DELETE', `${pods}/p?gracePeriodSeconds=0`)
    expect((await call(client, 'GET', `${secrets}/s`)).status).toBe(403)
  })
})
