// Those outside the cluster whom authentication asks, on loopback: an issuer of ID tokens, a webhook, AWS' STS.

import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import type { KeyAndCertificate } from '../../../src/cluster/pki/pki.ts'
import { serverCertificate } from './certificates.ts'

type Answer = { readonly status?: number; readonly json?: unknown; readonly text?: string; readonly headers?: object }
type Handler = (request: IncomingMessage, body: string) => Answer | Promise<Answer> | undefined

export interface LocalServer {
  readonly url: string
  close(): Promise<void>
}

/** A server that answers as the handler says; not at all when that says nothing. HTTPS with an authority. */
export async function serve(handler: Handler, authority?: KeyAndCertificate): Promise<LocalServer> {
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', async () => {
      const answer = await handler(request, Buffer.concat(chunks).toString())
      if (!answer) return
      const { status = 200, json, text, headers } = answer
      response.writeHead(status, { 'content-type': json === undefined ? 'text/plain' : 'application/json', ...headers })
      response.end(json === undefined ? text : JSON.stringify(json))
    })
  }
  const shown = authority && serverCertificate(authority)
  const server = shown
    ? createHttpsServer({ cert: shown.certificate, key: shown.privateKey }, listener)
    : createHttpServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `${authority ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export interface TestIssuer extends LocalServer {
  /** How often its keys were fetched. */
  readonly fetches: number
  /** A token with these claims beside `iss`, `aud`, `exp`; an undefined claim is left out. */
  token(claims?: JWTPayload, header?: { alg?: string; kid?: string }): Promise<string>
  /** From now on it signs with another key. */
  rotate(): Promise<void>
  /** Claims of the token it gives for a distributed claim. */
  distributed: JWTPayload | undefined
}

export async function startIssuer(authority: KeyAndCertificate): Promise<TestIssuer> {
  let number = 0
  const algorithms = ['RS256', 'ES384'] as const
  let keys: { kid: string; alg: string; key: CryptoKey; jwk: JWK }[] = []
  let fetches = 0
  const generate = async () => {
    number++
    keys = await Promise.all(
      algorithms.map(async alg => {
        const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
        const kid = `${alg}-${number}`
        return {
          kid,
          alg,
          key: privateKey,
          jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
        }
      }),
    )
  }
  await generate()
  const issuer: TestIssuer = {
    url: '',
    get fetches() {
      return fetches
    },
    distributed: undefined,
    rotate: generate,
    close: () => server.close(),
    async token(claims = {}, { alg = 'RS256', kid } = {}) {
      const signer = keys.find(each => each.alg === alg)!
      const now = Math.floor(Date.now() / 1000)
      return new SignJWT({ iss: server.url, aud: 'k8ts', exp: now + 600, ...claims })
        .setProtectedHeader({ alg, ...(kid === '' ? {} : { kid: kid ?? signer.kid }) })
        .sign(signer.key)
    },
  }
  const server = await serve(async request => {
    switch (request.url) {
      case '/.well-known/openid-configuration':
      case '/elsewhere/configuration':
        return { json: { issuer: server.url, jwks_uri: `${server.url}/keys` } }
      case '/keys':
        fetches++
        return { json: { keys: keys.map(({ jwk }) => jwk) } }
      case '/groups':
        if (request.headers.authorization !== 'Bearer groups-please') return { status: 401, text: '' }
        return { text: await issuer.token(issuer.distributed) }
      default:
        return { status: 404, text: 'not here' }
    }
  }, authority)
  return Object.assign(issuer, { url: server.url })
}

export interface TestSts extends LocalServer {
  /** The paths and queries it was asked, with the cluster's name. */
  readonly asked: { readonly query: URLSearchParams; readonly clusterID: string | undefined }[]
}

/** Answers who it is by the session token of the URL: an ARN, an account and a user id, with | between. */
export async function startSts(): Promise<TestSts> {
  const asked: TestSts['asked'] = []
  const server = await serve(request => {
    const query = new URL(request.url!, 'http://sts').searchParams
    const clusterID = request.headers['x-k8s-aws-id'] as string | undefined
    asked.push({ query, clusterID })
    const [Arn, Account, UserId] = (query.get('X-Amz-Security-Token') ?? '').split('|')
    if (clusterID !== 'test-cluster' || request.headers.accept !== 'application/json' || !UserId)
      return { status: 403, json: { Error: { Code: 'SignatureDoesNotMatch' } } }
    return {
      json: {
        GetCallerIdentityResponse: {
          GetCallerIdentityResult: { Account, Arn, UserId },
          ResponseMetadata: { RequestId: 'r' },
        },
      },
    }
  })
  return { ...server, asked }
}

/** As `aws eks get-token` makes it, for an STS at `url`. */
export function eksToken(
  url: string,
  identity: string,
  { drop = [] as readonly string[], change = {} as Record<string, string>, at = Date.now() } = {},
): string {
  const query = new URLSearchParams({
    Action: 'GetCallerIdentity',
    Version: '2011-06-15',
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': 'ASIAEXAMPLE/20260101/eu-central-1/sts/aws4_request',
    'X-Amz-Date': new Date(at).toISOString().replace(/[-:]|\.\d+/g, ''),
    'X-Amz-Expires': '60',
    'X-Amz-Security-Token': identity,
    'X-Amz-SignedHeaders': 'host;x-k8s-aws-id',
    'X-Amz-Signature': 'feed',
    ...change,
  })
  for (const name of drop) query.delete(name)
  return `k8s-aws-v1.${Buffer.from(`${url}/?${query}`).toString('base64url')}`
}
