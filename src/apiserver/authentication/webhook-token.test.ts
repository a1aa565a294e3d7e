import { describe, expect, test } from 'vitest'
import { ConnectionError } from '../../client/http-exchange.ts'
import { settledEnv } from '../../client/testing/settled-env.ts'
import type { ApiRequest, ApiResponse, Transport } from '../../client/transport.ts'
import type { LogFields, Logger } from '../../machinery/env/env.ts'
import { type AuthenticationNotes, InvalidCredentials } from './authenticator.ts'
import { type TokenReviewVersion, WebhookTokenAuthenticator } from './webhook-token.ts'

type Reply = ApiResponse | Error | 'silence'

const reviewed = (status: object, version = 'v1'): ApiResponse => ({
  status: 200,
  headers: {},
  body: { kind: 'TokenReview', apiVersion: `authentication.k8s.io/${version}`, status },
})
const refusal = (status: number, headers = {}): ApiResponse => ({ status, headers, body: undefined })
const good = reviewed({ authenticated: true, user: { username: 'wanda' } })

/** A webhook that replies so, one after the other, the last for ever. */
function webhook(replies: readonly Reply[], version: TokenReviewVersion = 'v1') {
  const logged: string[] = []
  const error = (message: string, fields?: LogFields) => void logged.push(`${message} ${JSON.stringify(fields)}`)
  const log = { debug() {}, info() {}, warn() {}, error } as unknown as Logger
  const env = settledEnv({ log })
  const asked: { readonly at: number; readonly request: ApiRequest }[] = []
  const transport = {
    request(request: ApiRequest): Promise<ApiResponse> {
      const reply = replies[Math.min(asked.length, replies.length - 1)]!
      const body = JSON.parse(Buffer.from(request.body as Uint8Array).toString())
      asked.push({ at: env.clock.now(), request: { ...request, body } })
      if (reply instanceof Error) return Promise.reject(reply)
      if (reply !== 'silence') return Promise.resolve(reply)
      return new Promise((_resolve, reject) => {
        request.signal!.addEventListener('abort', () => reject(request.signal!.reason))
      })
    },
  } as Transport
  const authenticator = new WebhookTokenAuthenticator({ env, transport, path: '/review', version, audiences: ['own'] })
  const notes: AuthenticationNotes = { warnings: [] }
  const ask = (audiences?: readonly string[]) =>
    authenticator.authenticateToken('the-token', { headers: {}, notes, audiences })
  return { env, asked, logged, ask, notes }
}

describe('a webhook is asked', () => {
  test.each<TokenReviewVersion>(['v1', 'v1beta1'])('in %s', async version => {
    const { ask, asked } = webhook([reviewed({ authenticated: true, user: { username: 'wanda' } }, version)], version)
    expect(await ask(['a'])).toBeUndefined()
    expect(asked[0]!.request).toMatchObject({
      method: 'POST',
      path: '/review',
      query: { timeout: '30s' },
      body: {
        kind: 'TokenReview',
        apiVersion: `authentication.k8s.io/${version}`,
        spec: { token: 'the-token', audiences: ['a'] },
      },
    })
  })

  test.each<[string, Reply]>([
    ['it fails', refusal(500)],
    ['it is slow behind its own proxy', refusal(504)],
    ['it has too much to do', refusal(429)],
    ['it asks for patience', refusal(503, { 'retry-after': '1' })],
    ['the connection breaks', new ConnectionError('reset', { code: 'ECONNRESET' })],
  ])('again, when %s', async (_why, reply) => {
    const { ask, asked, env } = webhook([reply, reply, good])
    const answer = ask()
    await env.clock.advance(10_000)
    expect(await answer).toMatchObject({ name: 'wanda', groups: ['system:authenticated'] })
    const waits = asked.slice(1).map(({ at }, index) => at - asked[index]!.at)
    for (const [index, base] of [500, 750].entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(base)
      expect(waits[index]).toBeLessThanOrEqual(base * 1.2)
    }
  })

  const at = 'Post "https://webhook/review?timeout=30s": '
  test.each<[string, Reply, string]>([
    ['it says no', { status: 403, headers: {}, body: undefined, text: 'not you' }, 'not you'],
    [
      'it is not there',
      new ConnectionError('refused', { code: 'ECONNREFUSED' }),
      `${at}dial tcp webhook:443: connect: connection refused`,
    ],
    [
      'its certificate is not trusted',
      new ConnectionError('self-signed certificate', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
      `${at}tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    ],
    [
      'it answers something else',
      { status: 200, headers: {}, body: undefined, text: 'certainly' },
      String.raw`couldn't get version/kind; json parse error: json: cannot unmarshal string into Go value of type struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }`,
    ],
    [
      'it answers in another version',
      reviewed({ authenticated: true }, 'v1beta1'),
      "the webhook's answer is no TokenReview of authentication.k8s.io/v1",
    ],
    [
      'it answers nonsense',
      reviewed({ authenticated: 'yes' }),
      'the status of the TokenReview is not what it should be',
    ],
  ])('once, when %s', async (_why, reply, reason) => {
    const { ask, asked } = webhook([reply])
    expect(await ask()).toEqual(new InvalidCredentials(reason))
    expect(asked).toHaveLength(1)
  })

  test('and may leave out that its answer is a TokenReview', async () => {
    const status = { authenticated: true, user: { username: 'wanda' } }
    expect(await webhook([{ status: 200, headers: {}, body: { status } }]).ask()).toMatchObject({ name: 'wanda' })
  })

  test('five times at most', async () => {
    const { ask, asked, env } = webhook([refusal(500)])
    const answer = ask()
    await env.clock.advance(60_000)
    expect(await answer).toBeInstanceOf(InvalidCredentials)
    expect(asked).toHaveLength(5)
  })

  test('for half a minute at most', async () => {
    const { ask, env, asked } = webhook(['silence'])
    const answer = ask()
    await env.clock.advance(30_000)
    expect(await answer).toEqual(new InvalidCredentials(`${at}context deadline exceeded`))
    expect(asked).toHaveLength(1)
  })
})

test('what it says of the token is not logged with the token', async () => {
  const { ask, logged } = webhook([new Error('no route for the-token')])
  await ask()
  expect(logged).toEqual([
    String.raw`Failed to make webhook authenticator request {"error":"Post \"https://webhook/review?timeout=30s\": no route for <token>"}`,
  ])
  expect(await webhook([reviewed({ authenticated: false, error: 'the-token is unknown' })]).ask()).toEqual(
    new InvalidCredentials('<token> is unknown'),
  )
})

test.each([
  [undefined, undefined, 'wanda', ['own']],
  [undefined, ['own', 'x'], 'wanda', ['own']],
  [undefined, ['x'], undefined, undefined],
  [['own', 'x'], undefined, 'wanda', ['own']],
  [['x'], undefined, undefined, undefined],
  [['x', 'y'], ['y', 'z'], 'wanda', ['y']],
  [['own'], ['z'], undefined, undefined],
])('asked for %j, and told %j: %s, for %j', async (asked, told, name, audiences) => {
  const { ask, notes } = webhook([reviewed({ authenticated: true, user: { username: 'wanda' }, audiences: told })])
  const answer = await ask(asked)
  expect((answer as { name?: string } | undefined)?.name).toBe(name)
  expect(notes.credentialAudiences).toEqual(audiences)
})
