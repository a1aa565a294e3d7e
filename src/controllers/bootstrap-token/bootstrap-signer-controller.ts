// Signs the ConfigMap cluster-info in kube-public with every bootstrap token, so that a machine that only has a token can
// tell that what it reads there, without any certificate to go by, is its cluster's.

import { createHmac } from 'node:crypto'
import { type ConfigMap, configMaps } from '../../api/core/v1/configmap.ts'
import { type Secret, secrets } from '../../api/core/v1/secret.ts'
import { controller, watch } from '../../client/controller.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { isConflict, isNotFound } from '../../machinery/status-error.ts'
import { bootstrapTokenSelector, expiryOf, tokenField } from './bootstrap-tokens.ts'

const clusterInfo = 'kube-public/cluster-info'
const signaturePrefix = 'jws-kubeconfig-'

export const bootstrapSignerController = controller<ConfigMap>({
  name: 'bootstrap-signer-controller',
  reconciles: configMaps,
  fieldSelector: 'metadata.namespace=kube-public,metadata.name=cluster-info',
  watches: [watch(secrets, { fieldSelector: bootstrapTokenSelector, keys: () => [clusterInfo] })],
  async reconcile(key, { lister, client, clock }) {
    const current = lister(configMaps).get(key)
    const content = current?.data?.['kubeconfig']
    if (!current || content === undefined) return
    const data: Record<string, string> = {}
    for (const [name, value] of Object.entries(current.data ?? {}))
      if (!name.startsWith(signaturePrefix)) data[name] = value
    for (const secret of lister(secrets).list()) {
      const token = signingToken(secret, clock.now())
      if (token) data[`${signaturePrefix}${token.id}`] ??= detachedSignature(content, token)
    }
    if (deepEqual(data, current.data)) return
    try {
      await client.resource(configMaps).update({ ...current, data })
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error
    }
  },
})

interface Token {
  readonly id: string
  readonly secret: string
}

/** A token that may sign: complete, called after its id, not expired, and meant for it. */
function signingToken(secret: Secret, now: number): Token | undefined {
  const token = { id: tokenField(secret, 'token-id'), secret: tokenField(secret, 'token-secret') }
  if (secret.metadata.name !== `bootstrap-token-${token.id}` || !/^[a-z0-9]{6}$/.test(token.id)) return undefined
  if (token.secret === '' || expiryOf(secret) <= now) return undefined
  return tokenField(secret, 'usage-bootstrap-signing') === 'true' ? token : undefined
}

/** A JSON Web Signature without its content, which the reader has. */
function detachedSignature(content: string, { id, secret }: Token): string {
  const encode = (text: string) => Buffer.from(text).toString('base64url')
  const header = encode(JSON.stringify({ alg: 'HS256', kid: id }))
  const signature = createHmac('sha256', secret)
    .update(`${header}.${encode(content)}`)
    .digest('base64url')
  return `${header}..${signature}`
}
