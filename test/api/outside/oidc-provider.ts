// A real OpenID provider on loopback (the npm package oidc-provider), and a user who signs in there with a browser's
// manners: redirects, cookies, forms.

import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders, RequestListener } from 'node:http'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { KeyAndCertificate } from '../../../src/cluster/pki/pki.ts'
import { serverCertificate } from './certificates.ts'

export const clientID = 'kubectl'
const clientSecret = 'the secret of kubectl'
const redirectURI = 'https://localhost/callback'

export interface OidcProvider {
  readonly issuer: string
  /** Signs in and comes back with an ID token. */
  idToken(user: string): Promise<string>
  close(): Promise<void>
}

export async function startOidcProvider(authority: KeyAndCertificate): Promise<OidcProvider> {
  const shown = serverCertificate(authority)
  let handle: RequestListener = () => {}
  const server = createServer({ cert: shown.certificate, key: shown.privateKey }, (...asked) => handle(...asked))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  // It brings no types.
  const { default: Provider } = (await import('oidc-provider' as string)) as any
  const provider = new Provider(issuer, {
    clients: [{ client_id: clientID, client_secret: clientSecret, redirect_uris: [redirectURI] }],
    claims: { openid: ['sub', 'email', 'email_verified', 'groups'] },
    conformIdTokenClaims: false,
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true, groups: ['devs', 'ops'] }),
    }),
    cookies: { keys: ['cookies'] },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
  })
  handle = provider.callback()
  return {
    issuer,
    idToken: user => new Browser(issuer, authority.certificate).signIn(user),
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

class Browser {
  readonly #issuer: string
  readonly #ca: string
  readonly #cookies = new Map<string, string>()

  constructor(issuer: string, ca: string) {
    this.#issuer = issuer
    this.#ca = ca
  }

  async signIn(user: string): Promise<string> {
    const verifier = 'v'.repeat(43)
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    const query = new URLSearchParams({
      client_id: clientID,
      response_type: 'code',
      redirect_uri: redirectURI,
      scope: 'openid',
      code_challenge: challenge,
      code_challenge_method: 'S256',
    })
    let place = await this.#follow(`${this.#issuer}/auth?${query}`)
    for (const form of [`prompt=login&password=any&login=${user}`, 'prompt=consent']) {
      const { location } = await this.#send('POST', place, form)
      place = await this.#follow(location!)
    }
    const code = new URL(place).searchParams.get('code')!
    const { body } = await this.#send(
      'POST',
      `${this.#issuer}/token`,
      new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectURI,
        code_verifier: verifier,
      }).toString(),
      { authorization: `Basic ${Buffer.from(`${clientID}:${encodeURIComponent(clientSecret)}`).toString('base64')}` },
    )
    return JSON.parse(body).id_token
  }

  /** Where redirects lead: a form, or back to whoever sent us. */
  async #follow(url: string): Promise<string> {
    let place = new URL(url, this.#issuer).href
    while (!place.startsWith(redirectURI)) {
      const { location } = await this.#send('GET', place)
      if (location === undefined) return place
      place = new URL(location, this.#issuer).href
    }
    return place
  }

  #send(
    method: string,
    url: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<{ location: string | undefined; body: string; headers: IncomingHttpHeaders }> {
    return new Promise((resolve, reject) => {
      const sent = request(
        url,
        {
          method,
          ca: this.#ca,
          agent: false,
          headers: {
            ...(this.#cookies.size > 0 && { cookie: [...this.#cookies].map(([k, v]) => `${k}=${v}`).join('; ') }),
            ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
            ...headers,
          },
        },
        response => {
          for (const cookie of response.headers['set-cookie'] ?? []) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!
            if (value === '') this.#cookies.delete(name!)
            else this.#cookies.set(name!, value!)
          }
          const chunks: Buffer[] = []
          response.on('data', chunk => chunks.push(chunk))
          response.once('end', () => {
            const text = Buffer.concat(chunks).toString()
            if (response.statusCode! >= 400) reject(new Error(`${method} ${url}: ${response.statusCode} ${text}`))
            else resolve({ location: response.headers.location, body: text, headers: response.headers })
          })
        },
      )
      sent.once('error', reject)
      sent.end(body)
    })
  }
}
