// /statusz and /flagz (KEP-4827, KEP-4828): since when a component runs and what it is, and the flags it was started
// with; as text for people, and as Statusz and Flagz of config.k8s.io for programs that ask for one of them by name.

import { release } from '../../api/release.ts'
import type { Env } from '../../machinery/env/env.ts'
import { compareText } from '../../machinery/go-text.ts'
import { failure } from '../../machinery/status-error.ts'
import { formatTime } from '../../machinery/time.ts'
import { writeYaml } from '../../machinery/yaml/write.ts'
import type { RequestContext, Response } from '../request.ts'
import { json, parseAccept, yaml } from '../serving/media-type.ts'
import { versionInfo } from './version.ts'

export interface ZPages {
  readonly env: Env
  /** Upstream's name of it: `apiserver`, `kube-scheduler`. */
  readonly component: string
  /** What else is served; asked for at each request. */
  readonly paths: () => Iterable<string>
  /** By name, as Go would print the value. */
  readonly flags: Readonly<Record<string, string>>
}

interface Registry {
  register(path: string, endpoint: (request: RequestContext) => Response): void
}

export function registerZPages(registry: Registry, zpages: ZPages): void {
  const { env, component, flags, paths } = zpages
  const startedAt = env.clock.now()
  const page = (name: 'Statusz' | 'Flagz', text: () => string, object: () => object) => {
    const path = name.toLowerCase()
    registry.register(`/${path}`, (request): Response => {
      const form = formOf(request, name)
      if (form === undefined)
        throw failure(406, 'NotAcceptable', `only the following media types are accepted: ${taken}`)
      if (form === 'text')
        return {
          status: 200,
          contentType: 'text/plain; charset=utf-8',
          body: Buffer.from(`\n${component} ${path}\n${warning}\n${text()}`),
        }
      const { type, version } = form
      const whole = { kind: name, apiVersion: `${group}/${version}`, metadata: { name: component }, ...object() }
      return {
        status: 200,
        contentType: `${type};g=${group};v=${version};as=${name}`,
        ...(version === 'v1alpha1' && { headers: { warning: deprecation(path) } }),
        object: whole,
        body: Buffer.from(type === json ? `${JSON.stringify(whole)}\n` : writeYaml(whole)),
      }
    })
  }
  const seconds = () => Math.max(0, Math.floor((env.clock.now() - startedAt) / 1000))
  const binaryVersion = release.gitVersion.replace(/^v|\+.*$/g, '')
  const emulationVersion = `${versionInfo.emulationMajor}.${versionInfo.emulationMinor}`
  page(
    'Statusz',
    () => {
      const between = delimiter(env)
      const lines = [
        ['Started', unixDate(startedAt)],
        ['Up', uptime(seconds())],
        ['Go version', versionInfo.goVersion],
        ['Binary version', binaryVersion],
        ['Emulation version', emulationVersion],
        ['Paths', folders(paths()).join(' ')],
      ]
      return `\n${lines.map(([what, value]) => `${what}${between} ${value}\n`).join('')}`
    },
    () => ({
      startTime: formatTime(startedAt),
      uptimeSeconds: seconds(),
      goVersion: versionInfo.goVersion,
      binaryVersion,
      emulationVersion,
      paths: folders(paths()),
    }),
  )
  const names = Object.keys(flags).sort(compareText)
  // Which one it is stays the same.
  const between = delimiter(env)
  page(
    'Flagz',
    () => names.map(name => `${name}${between}${flags[name]}\n`).join(''),
    () => ({ flags: Object.fromEntries(names.map(name => [name, flags[name]])) }),
  )
}

const group = 'config.k8s.io'
const versions: readonly (string | undefined)[] = ['v1alpha1', 'v1beta1']
const taken = 'application/json, application/yaml, text/plain'
const warning =
  'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.'
const deprecation = (page: string): string =>
  `299 - "This version of the ${page} endpoint is deprecated. Please use a newer version."`

type Form = 'text' | { readonly type: string; readonly version: string }

/** The first of the client's wishes that there is. A kind has to be asked for in whole. */
function formOf({ headers }: RequestContext, kind: string): Form | undefined {
  const accept = String(headers['accept'] ?? '')
  if (accept.trim() === '') return 'text'
  for (const { type, parameters } of parseAccept(accept)) {
    const { as, g, v } = parameters
    const plain = as === undefined && g === undefined && v === undefined
    if (plain && ['text/plain', 'text/*', '*/*'].includes(type)) return 'text'
    if (plain || as !== kind || g !== group || v === undefined || !versions.includes(v)) continue
    if (type === json || type === 'application/*' || type === '*/*') return { type: json, version: v }
    if (type === yaml) return { type: yaml, version: v }
  }
  return undefined
}

/** Upstream changes it from time to time, so that nobody takes the text apart. */
const delimiters = [':', ': ', '=', ' ']
const delimiter = (env: Env): string => delimiters[Math.floor(env.random.next() * delimiters.length)]!

/** What clients of the API use is not told. */
const ofTheAPI = new Set(['/apis', '/api', '/openid', '/openapi', '/.well-known'])

function folders(paths: Iterable<string>): string[] {
  const found = new Set<string>()
  for (const path of paths) {
    const [, first = ''] = path.split('/')
    if (first !== '' && !ofTheAPI.has(`/${first}`)) found.add(`/${first}`)
  }
  return [...found].sort(compareText)
}

function uptime(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return `${Math.floor(seconds / 3600)} hr ${two(Math.floor(seconds / 60) % 60)} min ${two(seconds % 60)} sec`
}

/** Go's time.UnixDate, in UTC. */
function unixDate(milliseconds: number): string {
  const [weekday = '', day = '', month = '', year = '', time = ''] = new Date(milliseconds).toUTCString().split(' ')
  return `${weekday.slice(0, 3)} ${month} ${String(Number(day)).padStart(2)} ${time} UTC ${year}`
}
