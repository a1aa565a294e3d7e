import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type CertificateSigningRequest,
  certificateSigningRequests,
} from '../../api/certificates/v1/certificatesigningrequest.ts'
import { clusterRoleBindings } from '../../api/rbac/v1/clusterrolebinding.ts'
import { createClient } from '../../client/rest-client.ts'
import { Cluster } from '../../cluster/cluster.ts'
import { certificateRequest, type RequestedNames } from '../../machinery/x509/testing/certificate-request.ts'

// Who gets a certificate from the cluster, for what, and how long requests are kept.

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = (names: RequestedNames) => certificateRequest(names, keys)
const node: RequestedNames = { commonName: 'system:node:one', organizations: ['system:nodes'] }

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutScheduler: true })
})
afterEach(() => cluster.stop())

const requests = (user?: string, groups: string[] = []) =>
  (user === undefined
    ? cluster.client
    : createClient(cluster.plane.apiServer.transport({ name: user, groups: [...groups, 'system:authenticated'] }))
  ).resource(certificateSigningRequests)
const client = 'kubernetes.io/kube-apiserver-client'
const kubelet = 'kubernetes.io/kube-apiserver-client-kubelet'
const serving = 'kubernetes.io/kubelet-serving'
const clientUsages = ['digital signature', 'key encipherment', 'client auth']
const servingUsages = ['digital signature', 'key encipherment', 'server auth']

async function ask(
  signerName: string,
  asked: RequestedNames,
  usages: string[],
  { expirationSeconds, as = requests() }: { expirationSeconds?: number; as?: ReturnType<typeof requests> } = {},
) {
  const request = Buffer.from(pem(asked)).toString('base64')
  const spec = { signerName, request, usages, expirationSeconds } as CertificateSigningRequest['spec']
  await as.create({ metadata: { name: 'csr' }, spec })
  await cluster.clock.advance('1s')
  return requests().get('csr')
}
async function decide(type: 'Approved' | 'Denied') {
  const request = await requests().get('csr')
  const condition = { type, status: 'True', reason: 'Test', message: 'said so' }
  const status = { ...request.status, conditions: [condition] }
  await requests().updateSubresource('csr', 'approval', { ...request, status })
  await cluster.clock.advance('1s')
  return requests().get('csr')
}
const certificateOf = ({ status }: CertificateSigningRequest) =>
  new X509Certificate(Buffer.from(status.certificate!, 'base64'))

describe('what is approved is signed', () => {
  test('by the cluster, for the subject and the key of the request', async () => {
    await ask(client, { commonName: 'jane', organizations: ['devs', 'ops'] }, clientUsages)
    const certificate = certificateOf(await decide('Approved'))
    expect(certificate.subject).toBe('O=devs\nO=ops\nCN=jane')
    expect(certificate.issuer).toBe('CN=kubernetes')
    expect(certificate.checkPrivateKey(keys.privateKey)).toBe(true)
    const authority = new X509Certificate(cluster.plane.pki.certificateAuthority.certificate)
    expect(certificate.verify(authority.publicKey)).toBe(true)
    expect(certificate.ca).toBe(false)
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
  })

  test('with the names it asks for', async () => {
    await ask(serving, { ...node, dns: ['one.example'], ips: ['10.0.0.1'] }, servingUsages)
    const certificate = certificateOf(await decide('Approved'))
    expect(certificate.subjectAltName).toBe('DNS:one.example, IP Address:10.0.0.1')
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
  })

  test.each<[asked: number | undefined, minutes: number]>([
    [undefined, 365 * 24 * 60],
    [2 * 365 * 24 * 3600, 365 * 24 * 60],
    [600, 15],
    [3600, 65],
    [10 * 3600, 10 * 60],
  ])('for %s seconds: %i minutes, the five before now included', async (expirationSeconds, minutes) => {
    await ask(client, {}, clientUsages, { expirationSeconds })
    const { validFrom, validTo } = certificateOf(await decide('Approved'))
    expect((Date.parse(validTo) - Date.parse(validFrom)) / 60_000).toBe(minutes)
    expect(Math.round((cluster.clock.now() - Date.parse(validFrom)) / 60_000)).toBe(5)
  })

  test('but not what is denied, or nobody has looked at', async () => {
    expect((await ask(client, {}, clientUsages)).status.certificate).toBeUndefined()
    expect((await decide('Denied')).status.certificate).toBeUndefined()
  })

  test('and not for other signers', async () => {
    await ask('example.com/mine', {}, clientUsages)
    expect((await decide('Approved')).status).toEqual({ conditions: [expect.objectContaining({ type: 'Approved' })] })
  })
})

describe('what a signer refuses fails', () => {
  const named = { ...node, dns: ['one'] }
  test.each<[signer: string, asked: RequestedNames, usages: string[], message: string]>([
    [client, {}, ['client auth', 'server auth'], 'invalid usage for client certificate: server auth'],
    [client, {}, ['digital signature'], 'missing required usage for client certificate: client auth'],
    [kubelet, { ...node, organizations: ['other'] }, clientUsages, 'subject organization is not system:nodes'],
    [kubelet, named, clientUsages, 'DNS subjectAltNames are not allowed'],
    [kubelet, { ...node, emails: ['a@b.c'] }, clientUsages, 'Email subjectAltNames are not allowed'],
    [kubelet, { ...node, ips: ['10.0.0.1'] }, clientUsages, 'IP subjectAltNames are not allowed'],
    [kubelet, { ...node, uris: ['urn:x'] }, clientUsages, 'URI subjectAltNames are not allowed'],
    [kubelet, { ...node, commonName: 'one' }, clientUsages, 'subject common name does not begin with system:node:'],
    [kubelet, node, servingUsages, 'usages did not match [client auth digital signature key encipherment]'],
    [serving, node, servingUsages, 'DNS or IP subjectAltName is required'],
    [serving, { ...named, organizations: [] }, servingUsages, 'subject organization is not system:nodes'],
    [serving, { ...named, emails: ['a@b.c'] }, servingUsages, 'Email subjectAltNames are not allowed'],
    [serving, { ...named, uris: ['urn:x'] }, servingUsages, 'URI subjectAltNames are not allowed'],
    [serving, named, clientUsages, 'usages did not match [digital signature key encipherment server auth]'],
  ])('%s, %j for %j: %s', async (signer, asked, usages, message) => {
    await ask(signer, asked, usages)
    const { status } = await decide('Approved')
    expect(status.certificate).toBeUndefined()
    expect(status.conditions?.find(({ type }) => type === 'Failed')).toMatchObject({
      status: 'True',
      reason: 'SignerValidationFailure',
      message,
    })
  })
})

describe("a kubelet's request to call the API server is approved by itself", () => {
  const bind = (name: string, role: string, user: string) =>
    cluster.client.resource(clusterRoleBindings).create({
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
    })
  const role = 'system:certificates.k8s.io:certificatesigningrequests'

  test.each<[right: string, user: string, message: string]>([
    ['nodeclient', 'joiner', 'Auto approving kubelet client certificate after SubjectAccessReview.'],
    ['selfnodeclient', 'system:node:one', 'Auto approving self kubelet client certificate after SubjectAccessReview.'],
  ])('by whoever may create %s', async (right, user, message) => {
    await bind('bound', `${role}:${right}`, user)
    await bind('creates', 'cluster-admin', user === 'joiner' ? 'nobody' : 'nobody')
    await bind('bootstraps', 'system:node-bootstrapper', user)
    const { status } = await ask(kubelet, node, clientUsages, { as: requests(user) })
    expect(status.conditions).toEqual([
      expect.objectContaining({ type: 'Approved', status: 'True', reason: 'AutoApproved', message }),
    ])
    expect(status.certificate).toBeDefined()
  })

  test('but not by others, nor for other names, nor for serving', async () => {
    await bind('bound', `${role}:selfnodeclient`, 'system:node:two')
    await bind('bootstraps', 'system:node-bootstrapper', 'system:node:two')
    const other = await ask(kubelet, node, clientUsages, { as: requests('system:node:two') })
    expect(other.status.conditions ?? []).toEqual([])
  })
})

describe('a request is kept', () => {
  const exists = async () => (await requests().list()).items.length === 1
  test('for a day while nobody decides', async () => {
    await ask(client, {}, clientUsages)
    await cluster.clock.advance('23h59m')
    expect(await exists()).toBe(true)
    await cluster.clock.advance('2m')
    expect(await exists()).toBe(false)
  })

  test('for a day when it is approved, and nobody signs', async () => {
    await ask('example.com/own', {}, clientUsages)
    await cluster.clock.advance('1h')
    await decide('Approved')
    await cluster.clock.advance('23h59m')
    expect(await exists()).toBe(true)
    await cluster.clock.advance('2m')
    expect(await exists()).toBe(false)
  })

  test.each(['Approved', 'Denied'] as const)('for an hour when it is %s', async type => {
    await ask(client, {}, clientUsages)
    await decide(type)
    await cluster.clock.advance('59m')
    expect(await exists()).toBe(true)
    await cluster.clock.advance('2m')
    expect(await exists()).toBe(false)
  })
})
