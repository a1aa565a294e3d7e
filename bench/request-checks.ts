// What a request pays before its verb does anything of its own: authentication, RBAC, the default admission chain.
//
//     node .tmp/bench/request-checks.js [--bindings 500] [--requests 20000] [--json]
//
// In process, over the caches of a registry as the API server has one. The user shows a service account's token, and of
// the role bindings in its namespace only the last one is about it; so a chain that asked them one by one would show.

import { generateKeyPairSync } from 'node:crypto'
import { parseArgs } from 'node:util'
import { pods } from '../src/api/core/v1/pod.ts'
import { applyDefaults } from '../src/api/defaults.ts'
import type { KubeObject } from '../src/api/resource.ts'
import { resources } from '../src/api/scheme.ts'
import type { AdmissionAttributes } from '../src/apiserver/admission/admission.ts'
import { AdmissionMetrics } from '../src/apiserver/admission/admission-metrics.ts'
import { AdmissionChain } from '../src/apiserver/admission/chain.ts'
import { defaultAdmissionPlugins } from '../src/apiserver/admission/default-plugins.ts'
import { ServiceAccountTokenIssuer } from '../src/apiserver/authentication/service-account-token-issuer.ts'
import { admissionLister, quotaWriter, servedResources } from '../src/apiserver/registry/admission-lister.ts'
import { Registry } from '../src/apiserver/registry/registry.ts'
import { strategyOf } from '../src/apiserver/registry/strategies/strategies.ts'
import { requestInfo } from '../src/apiserver/request-info.ts'
import { createSecurity } from '../src/apiserver/security.ts'
import type { UserInfo } from '../src/apiserver/user.ts'
import { systemEnv } from '../src/cluster/system-env.ts'
import { openEmbeddedStore } from '../src/etcd/embedded-store.ts'
import { decodeObject } from '../src/machinery/codec/decode.ts'
import { MetricsRegistry } from '../src/machinery/metrics/metrics.ts'

const { values: flags } = parseArgs({
  options: {
    bindings: { type: 'string', default: '500' },
    requests: { type: 'string', default: '20000' },
    json: { type: 'boolean', default: false },
  },
})
const bindingCount = Number(flags.bindings)
const requestCount = Number(flags.requests)

const env = systemEnv()
const store = await openEmbeddedStore({ env })
const registry = new Registry(store)
for (const declaration of resources) registry.add(declaration, strategyOf(declaration), {})
await registry.start()

const put = (resource: string, kind: string, apiVersion: string, object: Omit<KubeObject, 'kind' | 'apiVersion'>) => {
  const storage = registry.storage(resource)
  const { namespace = '', name = '' } = object.metadata
  return storage.put(storage.key(namespace, name), { kind, apiVersion, ...object } as KubeObject, 0)
}
const rbac = 'rbac.authorization.k8s.io'
const roleRef = { apiGroup: rbac, kind: 'ClusterRole', name: 'pod-maker' }
await put('namespaces', 'Namespace', 'v1', { metadata: { name: 'default' }, status: { phase: 'Active' } })
for (const name of ['default', 'maker'])
  await put('serviceaccounts', 'ServiceAccount', 'v1', { metadata: { name, namespace: 'default', uid: `uid-${name}` } })
await put(`clusterroles.${rbac}`, 'ClusterRole', `${rbac}/v1`, {
  metadata: { name: 'pod-maker' },
  rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['create', 'get'] }],
})
for (let index = 0; index < bindingCount; index++) {
  const name = index === bindingCount - 1 ? 'maker' : `other-${index}`
  await put(`rolebindings.${rbac}`, 'RoleBinding', `${rbac}/v1`, {
    metadata: { name: `binding-${String(index).padStart(5, '0')}`, namespace: 'default' },
    roleRef,
    subjects: [{ kind: 'ServiceAccount', name, namespace: 'default' }],
  })
}

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})
const metricsRegistry = new MetricsRegistry()
const security = createSecurity(registry, {
  env,
  metrics: metricsRegistry,
  authentication: { bootstrapTokens: true },
  serviceAccountKeys: [publicKey],
  client: () => {
    throw new Error('nothing is written')
  },
})
security.follow()
const metrics = new AdmissionMetrics(metricsRegistry, env.clock)
const admission = new AdmissionChain(
  defaultAdmissionPlugins({
    env,
    metrics,
    authorizer: security.authorizer,
    served: servedResources(registry),
    webhooks: { post: () => Promise.reject(new Error('there are no webhooks')) },
    writeQuota: quotaWriter(registry),
    createNamespace: () => Promise.reject(new Error('nothing is written')),
  }),
  admissionLister(registry),
  metrics,
)
const token = new ServiceAccountTokenIssuer({ env, signingKey: privateKey }).issue({
  namespace: 'default',
  serviceAccount: { name: 'maker', uid: 'uid-maker' },
  expirationSeconds: 3600,
})

const query = new URLSearchParams()
const headers = { authorization: `Bearer ${token}` }
const body = {
  metadata: { name: 'bench', namespace: 'default', labels: { app: 'bench' } },
  spec: { containers: [{ name: 'main', image: 'registry.example/app:1', resources: { requests: { cpu: '100m' } } }] },
}
/** Admission changes what it is given: each request needs its own, which is not part of what is measured. */
const newPods = Array.from({ length: requestCount }, () => {
  const { object } = decodeObject(pods.schema, body)
  applyDefaults(pods, object)
  return object as unknown as KubeObject
})

async function check(object: KubeObject): Promise<void> {
  const info = requestInfo('POST', '/api/v1/namespaces/default/pods', query)
  const user = (await security.authenticator.authenticate({ headers, notes: { warnings: [] } })) as UserInfo
  const decision = security.authorizer.authorize({ ...info, user, resourceRequest: true })
  if (!decision.allowed) throw new Error(decision.reason)
  const attributes: AdmissionAttributes = {
    operation: 'CREATE',
    resource: pods,
    subresource: '',
    namespace: 'default',
    name: 'bench',
    object,
    oldObject: undefined,
    user,
    dryRun: false,
    options: undefined,
    lister: admission.lister,
    warn() {},
    annotate() {},
  }
  const mutating = admission.admit(attributes)
  if (mutating) await mutating
  const validating = admission.validate(attributes)
  if (validating) await validating
}

const before = process.cpuUsage()
for (const object of newPods) await check(object)
const { user, system } = process.cpuUsage(before)
const micros = (user + system) / requestCount
await store.close()
process.stdout.write(flags.json ? `${JSON.stringify({ micros })}\n` : `${micros.toFixed(1)} µs of CPU per request\n`)
