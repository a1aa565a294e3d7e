// Tokens for pods: asked of the API server for one pod, one audience and a limited time, and asked anew in good time.

import type { TokenRequest } from '../../api/authentication/v1/tokenrequest.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import { serviceAccounts } from '../../api/core/v1/serviceaccount.ts'
import type { ServiceAccountTokenProjection } from '../../api/core/v1/volume.ts'
import type { Client } from '../../client/client.ts'
import type { Env } from '../../machinery/env/env.ts'

export interface TokenSource {
  token(pod: Pod, projection: ServiceAccountTokenProjection): Promise<string>
}

interface Held {
  readonly token: string
  readonly issuedAt: number
  readonly expiresAt: number
}

const day = 86_400_000

/** Holds a token until four fifths of its life, or a day, have passed. */
export class TokenManager implements TokenSource {
  readonly #client: Client
  readonly #env: Env
  readonly #held = new Map<string, Held>()

  constructor(client: Client, env: Env) {
    this.#client = client
    this.#env = env
  }

  async token(pod: Pod, projection: ServiceAccountTokenProjection): Promise<string> {
    const { name = '', namespace = '', uid = '' } = pod.metadata ?? {}
    const account = pod.spec?.serviceAccountName || 'default'
    const audiences = projection.audience ? [projection.audience] : []
    const expirationSeconds = projection.expirationSeconds ?? 3600
    const key = `${uid}/${account}/${audiences.join()}/${expirationSeconds}`
    const held = this.#held.get(key)
    const now = this.#env.clock.now()
    if (held && !needsRefresh(held, now)) return held.token
    try {
      const answer = await this.#client
        .resource(serviceAccounts)
        .namespace(namespace)
        .createSubresource<TokenRequest>(account, 'token', {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          metadata: {},
          spec: { audiences, expirationSeconds, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid } },
        })
      const token = answer.status!.token
      this.#held.set(key, { token, issuedAt: now, expiresAt: Date.parse(answer.status!.expirationTimestamp) })
      return token
    } catch (error) {
      // A token that still holds is better than none.
      if (held && held.expiresAt > now) return held.token
      throw new Error(`failed to fetch token: ${(error as Error).message}`, { cause: error })
    }
  }

  forgetPod(podUid: string): void {
    for (const key of this.#held.keys()) if (key.startsWith(`${podUid}/`)) this.#held.delete(key)
  }
}

function needsRefresh(held: Held, now: number): boolean {
  const life = held.expiresAt - held.issuedAt
  return now >= held.issuedAt + life * 0.8 || now >= held.issuedAt + day
}
