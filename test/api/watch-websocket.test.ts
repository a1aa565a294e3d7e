// Watches over WebSocket, as browsers have them: every event is a message.

import { once } from 'node:events'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { configMaps } from '../../src/api/core/v1/configmap.ts'
import { Cluster } from '../../src/cluster/cluster.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start({
    nodes: 0,
    withoutControllers: true,
    withoutScheduler: true,
    listen: { address: '127.0.0.1', port: 0 },
    staticTokens: [['admin-token', { name: 'admin', groups: ['system:masters'] }]],
  })
  for (const name of ['a', 'b']) await maps().create({ metadata: { name, labels: { of: name } } })
})
afterAll(() => cluster.stop())

const maps = () => cluster.client.resource(configMaps).namespace('default')

interface Wanted {
  readonly query?: string
  readonly path?: string
  readonly protocols?: readonly string[]
  readonly accept?: string
  readonly origin?: string | undefined
  /** In a header; without it, in a subprotocol. */
  readonly token?: boolean
}

class Client {
  readonly socket: WebSocket
  readonly messages: { readonly data: Buffer; readonly binary: boolean }[] = []
  #waiting: (() => void) | undefined

  constructor({ query = '', path = '/api/v1/namespaces/default/configmaps', protocols = [], ...wanted }: Wanted = {}) {
    const { accept = 'application/json', token = true } = wanted
    const origin = 'origin' in wanted ? wanted.origin : 'https://dashboard.example.org'
    this.socket = new WebSocket(
      `wss://127.0.0.1:${cluster.plane.apiServer.port}${path}?watch=1&${query}`,
      [...protocols],
      {
        headers: { accept, ...(token && { authorization: 'Bearer admin-token' }) },
        ca: cluster.plane.pki.certificateAuthority.certificate,
        ...(origin !== undefined && { origin }),
      },
    )
    this.socket.on('message', (data: Buffer, binary) => {
      this.messages.push({ data, binary })
      this.#waiting?.()
    })
  }

  async received(count: number): Promise<this> {
    while (this.messages.length < count) await new Promise<void>(resolve => (this.#waiting = resolve))
    return this
  }

  get events(): any[] {
    return this.messages.map(({ data }) => JSON.parse(data.toString()))
  }

  async closed(): Promise<number> {
    const [code] = await once(this.socket, 'close')
    return code
  }

  /** The status of the refusal, and its body. */
  async refused(): Promise<[number, string]> {
    const [, response] = await once(this.socket, 'unexpected-response')
    let body = ''
    for await (const piece of response) body += piece
    return [response.statusCode, body]
  }
}

describe('a watch', () => {
  test('sends what there is, and then what changes, in messages of text', async () => {
    const client = await new Client({ query: 'labelSelector=of+in+(a,c)' }).received(1)
    await maps().create({ metadata: { name: 'c', labels: { of: 'c' } } })
    await maps().create({ metadata: { name: 'd', labels: { of: 'd' } } })
    await maps().delete('c')
    await client.received(3)
    expect(client.events.map(({ type, object }) => [type, object.metadata.name])).toEqual([
      ['ADDED', 'a'],
      ['ADDED', 'c'],
      ['DELETED', 'c'],
    ])
    expect(client.messages.every(({ data, binary }) => !binary && data.toString().endsWith('}\n'))).toBe(true)
    client.socket.close()
    expect(await client.closed()).toBe(1005)
  })

  test('in protobuf has binary messages, without the lengths that tell events apart in a stream', async () => {
    const client = await new Client({ accept: 'application/vnd.kubernetes.protobuf' }).received(1)
    const [{ data, binary }] = client.messages as [{ data: Buffer; binary: boolean }]
    expect(binary).toBe(true)
    expect(data.subarray(0, 7).toString('latin1')).toBe('\n\u0005ADDED')
    client.socket.close()
  })

  test('as tables names the columns once', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
    const client = await new Client({ accept, query: 'labelSelector=of+in+(a,b)' }).received(2)
    expect(client.events.map(({ object }) => object.columnDefinitions?.length ?? null)).toEqual([3, null])
    client.socket.close()
  })

  test('ends after timeoutSeconds, with the status of a normal end', async () => {
    const client = await new Client({ query: 'timeoutSeconds=5&fieldSelector=metadata.name=a' }).received(1)
    const closed = client.closed()
    await cluster.clock.advance('5s')
    expect(await closed).toBe(1000)
  })

  test('tells of errors in the stream', async () => {
    const client = await new Client({
      query: 'resourceVersionMatch=NotOlderThan&sendInitialEvents=1&resourceVersion=9999',
    }).received(1)
    expect(client.events).toMatchObject([{ type: 'ERROR', object: { code: 504, reason: 'Timeout' } }])
  })

  test('of the deprecated path', async () => {
    const client = new Client({ path: '/api/v1/watch/namespaces/default/configmaps/b' })
    await client.received(1)
    expect(client.events).toMatchObject([{ type: 'ADDED', object: { metadata: { name: 'b' } } }])
    client.socket.close()
  })

  test.each<[string[], string]>([
    [[], ''],
    [['binary.k8s.io'], 'binary.k8s.io'],
    [['of.my.own'], 'of.my.own'],
    [['base64url.bearer.authorization.k8s.io.YWRtaW4tdG9rZW4', 'of.my.own'], 'of.my.own'],
  ])('takes whichever one subprotocol is asked for: %j', async (protocols, spoken) => {
    const client = new Client({ protocols, token: protocols.length < 2 })
    await once(client.socket, 'open')
    expect(client.socket.protocol).toBe(spoken)
    client.socket.close()
  })
})

test.each<[string, Wanted, number, RegExp]>([
  ['two subprotocols', { protocols: ['a', 'b'] }, 400, /^$/],
  ['no origin', { origin: undefined }, 403, /^$/],
  ['an origin that is no address', { origin: 'null' }, 403, /^$/],
  ['options that are none', { query: 'timeoutSeconds=x' }, 400, /invalid syntax/],
  ['a form that cannot be watched', { accept: 'application/yaml' }, 406, /stream=watch/],
  ['what does not exist', { path: '/api/v1/things' }, 404, /could not find the requested resource/],
])('%s: refused over HTTP', async (_name, wanted, status, body) => {
  const [refusedWith, text] = await new Client(wanted).refused()
  expect(refusedWith).toBe(status)
  expect(text).toMatch(body)
})

test.each([
  [
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'HTTP/1.1 400 Bad Request\r\nSec-WebSocket-Version: 13\r\n\r\nmissing or bad',
  ],
  ['Sec-WebSocket-Version: 13', 'HTTP/1.1 400 Bad Request\r\n\r\nmismatch challenge/response'],
])('a handshake with nothing but %s is none', async (header, answer) => {
  expect(await upgraded(`Upgrade: websocket\r\n${header}`)).toMatch(new RegExp(`^${answer.replace('/1.1', '/1\\.1')}`))
})

test('another upgrade than to a WebSocket is not looked at: the watch is a stream', async () => {
  const answer = await upgraded('Upgrade: h2c', '"name":"a"')
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  expect(answer).toContain('"type":"ADDED"')
})

/** What is answered, until the connection ends or the text has come. */
async function upgraded(headers: string, until?: string): Promise<string> {
  const { port } = cluster.plane.apiServer
  const socket = connect({ port, ca: cluster.plane.pki.certificateAuthority.certificate, servername: 'localhost' })
  socket.write(
    `GET /api/v1/namespaces/default/configmaps?watch=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nAuthorization: Bearer admin-token\r\n${headers}\r\n\r\n`,
  )
  let answer = ''
  for await (const piece of socket) {
    answer += piece
    if (until !== undefined && answer.includes(until)) break
  }
  socket.destroy()
  return answer
}
