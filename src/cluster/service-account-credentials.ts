// The identity of a controller in a process of its own (kube-controller-manager --use-service-account-credentials): a
// token of its service account in kube-system, asked for when it is first needed and again before it expires.

import type { TokenRequest } from '../api/authentication/v1/tokenrequest.ts'
import { serviceAccounts } from '../api/core/v1/serviceaccount.ts'
import type { Client } from '../client/client.ts'
import type { Env } from '../machinery/env/env.ts'
import { isAlreadyExists, isNotFound } from '../machinery/status-error.ts'

const namespace = 'kube-system'
/** Upstream's dynamic client builder asks for this long. */
const lifetimeSeconds = 3607
/** What is left when the next one is asked for: a fifth of its life. */
const spareMs = 0.2 * lifetimeSeconds * 1000

/** Answers the current token. */
export function serviceAccountToken(client: Client, env: Env, name: string): () => Promise<string> {
  let token: Promise<string> | undefined
  let renewAt = 0
  return () => {
    const now = env.clock.monotonic()
    if (token === undefined || now >= renewAt) {
      renewAt = now + lifetimeSeconds * 1000 - spareMs
      token = requestToken(client, name).catch(error => {
        token = undefined
        throw error
      })
    }
    return token
  }
}

async function requestToken(client: Client, name: string): Promise<string> {
  const accounts = client.resource(serviceAccounts).namespace(namespace)
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    spec: { expirationSeconds: lifetimeSeconds },
  }
  const ask = () => accounts.createSubresource<TokenRequest>(name, 'token', request)
  try {
    return (await ask()).status.token
  } catch (error) {
    if (!isNotFound(error)) throw error
    await accounts.create({ metadata: { name, namespace } }).catch(failure => {
      if (!isAlreadyExists(failure)) throw failure
    })
    return (await ask()).status.token
  }
}
