// ServiceAccount: every pod runs as a service account, which must exist; it gets the account's pull secrets, and, unless
// one of the two says no, a volume with the account's token, mounted into each container.

import type { KubeObject } from '../../api/resource.ts'
import { deepFreeze } from '../../machinery/deep-freeze.ts'
import type { Env, Random } from '../../machinery/env/env.ts'
import { podSecretNames } from '../authorization/node-graph.ts'
import { type AdmissionAttributes, type AdmissionPlugin, refusal } from './admission.ts'

const tokenMountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const tokenVolumePrefix = 'kube-api-access-'
/** An hour and a little: by the odd number the server knows that the client did not choose it. */
const tokenExpirationSeconds = 3607
/** The default account is made by a controller a moment after its namespace: wait for it this often. */
const attemptsForDefault = 10

export function serviceAccount(env: Env): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    handles: operation => operation === 'CREATE' || operation === 'UPDATE',
    resources: ['pods'],
    admit(attributes): void | Promise<void> {
      if (!isNewPod(attributes)) return
      const pod = attributes.object!
      if (isMirrorPod(pod)) return checkMirrorPod(attributes, pod)
      const { spec } = pod as { spec: Record<string, any> } & KubeObject
      spec['serviceAccountName'] ||= spec['serviceAccount'] || 'default'
      spec['serviceAccount'] = spec['serviceAccountName']
      const account = find(attributes, spec['serviceAccountName'])
      if (account !== undefined) return fillIn(attributes, pod, account, env.random)
      if (spec['serviceAccountName'] !== 'default') throw missing(attributes, spec['serviceAccountName'])
      return awaitDefault(attributes, env).then(found => fillIn(attributes, pod, found, env.random))
    },
    validate(attributes): void {
      if (!isNewPod(attributes)) return
      const pod = attributes.object!
      if (isMirrorPod(pod)) {
        checkMirrorPod(attributes, pod)
        return
      }
      const name: string = pod['spec'].serviceAccountName ?? ''
      if (name === '')
        throw refusal(
          attributes,
          `no service account specified for pod ${attributes.namespace}/${pod.metadata.name ?? ''}`,
        )
      const account = find(attributes, name)
      if (account === undefined) throw missing(attributes, name)
      if (account.metadata['annotations']?.['kubernetes.io/enforce-mountable-secrets'] === 'true')
        checkMountableSecrets(attributes, pod, account)
    },
  }
}

function isNewPod(attributes: AdmissionAttributes): boolean {
  return attributes.operation === 'CREATE' && attributes.subresource === ''
}

function find({ lister, namespace }: AdmissionAttributes, name: string): KubeObject | undefined {
  return lister.get('serviceaccounts', namespace, name)
}

function missing(attributes: AdmissionAttributes, name: string) {
  return refusal(
    attributes,
    `error looking up service account ${attributes.namespace}/${name}: serviceaccount "${name}" not found`,
  )
}

async function awaitDefault(attributes: AdmissionAttributes, env: Env): Promise<KubeObject> {
  const interval = 100 + Math.floor(env.random.next() * 100)
  for (let attempt = 1; attempt < attemptsForDefault; attempt++) {
    await env.clock.sleep(interval)
    const account = find(attributes, 'default')
    if (account !== undefined) return account
  }
  throw missing(attributes, 'default')
}

function fillIn(_attributes: AdmissionAttributes, pod: KubeObject, account: KubeObject, random: Random): void {
  const spec = pod['spec']
  const automount = spec.automountServiceAccountToken ?? account['automountServiceAccountToken'] ?? true
  if (automount) mountToken(spec, random)
  if (!spec.imagePullSecrets?.length && account['imagePullSecrets']?.length)
    spec.imagePullSecrets = account['imagePullSecrets'].map((secret: object) => ({ ...secret }))
}

interface Mounting {
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[]
}

const containerLists = ['initContainers', 'containers']
const none: readonly never[] = []

function mountToken(spec: Record<string, any>, random: Random): void {
  const volumes: { name: string }[] = spec['volumes'] ?? []
  const existing = volumes.find(volume => volume.name.startsWith(tokenVolumePrefix))
  const name = existing?.name ?? `${tokenVolumePrefix}${suffix(random)}`
  let mounted = false
  for (const list of containerLists) {
    for (const container of (spec[list] ?? none) as readonly Mounting[]) {
      if (container.volumeMounts?.some(mount => mount.mountPath === tokenMountPath)) continue
      container.volumeMounts = [
        ...(container.volumeMounts ?? none),
        { name, readOnly: true, mountPath: tokenMountPath },
      ]
      mounted = true
    }
  }
  if (mounted && existing === undefined) spec['volumes'] = [...volumes, tokenVolume(name)]
}

/** The same in all pods, so it is in memory once. */
const tokenSources = deepFreeze({
  sources: [
    { serviceAccountToken: { expirationSeconds: tokenExpirationSeconds, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    {
      downwardAPI: {
        items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
      },
    },
  ],
  defaultMode: 420,
})

const tokenVolume = (name: string): { name: string } => ({ name, projected: tokenSources }) as { name: string }

/** Five characters as upstream generates them: no vowels, nothing that looks like another. */
function suffix(random: Random): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
  let text = ''
  for (let index = 0; index < 5; index++) text += alphabet[Math.floor(random.next() * alphabet.length)]
  return text
}

// ---- mirror pods: the kubelet's own, of which the API server may change nothing ---------------------------------------

function isMirrorPod(pod: KubeObject): boolean {
  return pod.metadata['annotations']?.['kubernetes.io/config.mirror'] !== undefined
}

function checkMirrorPod(attributes: AdmissionAttributes, pod: KubeObject): void {
  if (pod['spec'].serviceAccountName) throw refusal(attributes, 'a mirror pod may not reference service accounts')
  if (!podSecretNames(pod).next().done) throw refusal(attributes, 'a mirror pod may not reference secrets')
  for (const volume of pod['spec'].volumes ?? [])
    for (const source of volume.projected?.sources ?? [])
      if (source.serviceAccountToken)
        throw refusal(attributes, 'a mirror pod may not use ServiceAccountToken volume projections')
}

// ---- accounts that say which secrets their pods may use ----------------------------------------------------------------

function checkMountableSecrets(attributes: AdmissionAttributes, pod: KubeObject, account: KubeObject): void {
  const names = (list: { name?: string }[] | undefined) => new Set((list ?? []).map(each => each.name))
  const mountable = names(account['secrets'])
  const refuse = (what: string, secret: string) => {
    throw refusal(
      attributes,
      `${what} referencing secret.secretName="${secret}" is not allowed because service account ${account.metadata.name} does not reference that secret`,
    )
  }
  const { spec } = pod as { spec: Record<string, any> } & KubeObject
  for (const { secret } of spec['volumes'] ?? [])
    if (secret && !mountable.has(secret.secretName))
      throw refusal(
        attributes,
        `volume with secret.secretName="${secret.secretName}" is not allowed because service account ${account.metadata.name} does not reference that secret`,
      )
  for (const [list, what] of [
    ['initContainers', 'init container'],
    ['containers', 'container'],
  ] as const) {
    for (const container of spec[list] ?? []) {
      for (const { name, valueFrom } of container.env ?? []) {
        const secret = valueFrom?.secretKeyRef?.name
        if (secret !== undefined && !mountable.has(secret))
          refuse(`${what} ${container.name} with envVar ${name}`, secret)
      }
      for (const { secretRef } of container.envFrom ?? [])
        if (secretRef && !mountable.has(secretRef.name))
          refuse(`${what} ${container.name} with envFrom`, secretRef.name)
    }
  }
  const pullSecrets = names(account['imagePullSecrets'])
  for (const [index, { name }] of (spec['imagePullSecrets'] ?? []).entries())
    if (!pullSecrets.has(name))
      throw refusal(
        attributes,
        `imagePullSecrets[${index}].name="${name}" is not allowed because service account ${account.metadata.name} does not reference that imagePullSecret`,
      )
}
