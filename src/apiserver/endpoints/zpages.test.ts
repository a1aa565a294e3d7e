import { expect, test } from 'vitest'
import { virtualEnv } from '../../machinery/env/virtual-env.ts'
import type { RequestContext, Response } from '../request.ts'
import { registerZPages } from './zpages.ts'

const env = virtualEnv()
const pages = new Map<string, (request: RequestContext) => Response>()
registerZPages(
  { register: (path, page) => void pages.set(path, page) },
  {
    env,
    component: 'kube-scheduler',
    paths: () => ['/healthz', '/livez/ping', '/livez', '/openapi/v2', '/apis', '/metrics', '/'],
    flags: { v: '0', 'secure-port': '10259', authentication: '' },
  },
)
const startedAt = new Date(env.clock.now())
await env.clock.advance(3_725_000)

const get = (path: string, accept?: string) =>
  pages.get(path)!({ headers: accept === undefined ? {} : { accept } } as unknown as RequestContext)
const text = ({ body }: Response) => Buffer.from(body as Uint8Array).toString()

test.each([undefined, '', 'text/plain', 'text/*', '*/*', 'text/html, text/plain;q=0.5'])('as text for %j', accept => {
  const answer = get('/statusz', accept)
  expect(answer.contentType).toBe('text/plain; charset=utf-8')
  expect(text(answer)).toMatch(/^\nkube-scheduler statusz\nWarning: This endpoint is not meant to be machine parseable/)
  expect(text(answer)).toMatch(/\nUp[:= ]+1 hr 02 min 05 sec\n/)
  expect(text(answer)).toMatch(/\nPaths[:= ]+\/healthz \/livez \/metrics\n$/)
})

test('as an object for who asks for one by its whole name', () => {
  const answer = get('/statusz', 'application/json;v=v1beta1;g=config.k8s.io;as=Statusz')
  expect(answer.contentType).toBe('application/json;g=config.k8s.io;v=v1beta1;as=Statusz')
  expect(answer.headers).toBeUndefined()
  expect(JSON.parse(text(answer))).toMatchObject({
    kind: 'Statusz',
    apiVersion: 'config.k8s.io/v1beta1',
    metadata: { name: 'kube-scheduler' },
    startTime: startedAt.toISOString().replace(/\.\d+Z/, 'Z'),
    uptimeSeconds: 3725,
    emulationVersion: '1.36',
    paths: ['/healthz', '/livez', '/metrics'],
  })
})

test('the older version is there, in YAML too, and says that it is old', () => {
  const answer = get('/flagz', 'application/yaml;v=v1alpha1;g=config.k8s.io;as=Flagz')
  expect(answer.headers).toEqual({
    warning: '299 - "This version of the flagz endpoint is deprecated. Please use a newer version."',
  })
  expect(text(answer)).toBe(
    `apiVersion: config.k8s.io/v1alpha1\nflags:\n  authentication: ""\n  secure-port: "10259"\n  v: "0"\nkind: Flagz\nmetadata:\n  name: kube-scheduler\n`,
  )
})

test('flags are told in their order', () => {
  const lines = text(get('/flagz')).split('\n').slice(3)
  expect(lines.map(line => line.replace(/[:= ].*/, ''))).toEqual(['authentication', 'secure-port', 'v', ''])
})

test.each([
  'application/json',
  'application/json;v=v1;g=config.k8s.io;as=Statusz',
  'application/json;v=v1beta1;g=config.k8s.io;as=Flagz',
  'application/json;v=v1beta1;as=Statusz',
  'application/cbor;v=v1beta1;g=config.k8s.io;as=Statusz',
  'text/plain;v=v1beta1;g=config.k8s.io;as=Statusz',
])('nothing for %s', accept => {
  expect(() => get('/statusz', accept)).toThrow(
    expect.objectContaining({
      code: 406,
      message: 'only the following media types are accepted: application/json, application/yaml, text/plain',
    }),
  )
})
