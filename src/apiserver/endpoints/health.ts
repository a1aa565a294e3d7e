// /healthz, /livez, /readyz and a path below each for every check: `ok`, or what is wrong. `?verbose` lists all checks,
// `?exclude=name` leaves one out.

import type { Dispatcher } from '../dispatcher.ts'
import type { RequestContext, Response } from '../request.ts'

export interface HealthCheck {
  readonly name: string
  /** undefined: all is well; else what is wrong, for the log. */
  check(): string | undefined
  /** Only asked by /readyz. */
  readonly readyOnly?: boolean
}

const text = (status: number, body: string): Response => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  headers: { 'x-content-type-options': 'nosniff' },
  body: Buffer.from(body),
})

export function registerHealth(dispatcher: Dispatcher, checks: readonly HealthCheck[]): void {
  for (const endpoint of ['healthz', 'livez', 'readyz']) {
    const own = checks.filter(check => endpoint === 'readyz' || !check.readyOnly)
    dispatcher.register(`/${endpoint}`, request => answer(endpoint, own, request))
    for (const check of own)
      dispatcher.register(`/${endpoint}/${check.name}`, () => {
        const problem = check.check()
        return problem === undefined ? text(200, 'ok') : text(500, `internal server error: ${problem}\n`)
      })
  }
}

function answer(endpoint: string, checks: readonly HealthCheck[], request: RequestContext): Response {
  const excluded = new Set(request.query.getAll('exclude'))
  const lines: string[] = []
  let failed = false
  for (const { name, check } of checks) {
    if (excluded.delete(name)) {
      lines.push(`[+]${name} excluded: ok`)
      continue
    }
    const failure = check()
    if (failure !== undefined) failed = true
    lines.push(failure === undefined ? `[+]${name} ok` : `[-]${name} failed: reason withheld`)
  }
  for (const name of excluded) lines.push(`warn: some health checks cannot be excluded: no matches for "${name}"`)
  if (failed) return text(500, `${lines.join('\n')}\n${endpoint} check failed\n`)
  return request.query.has('verbose') ? text(200, `${lines.join('\n')}\n${endpoint} check passed\n`) : text(200, 'ok')
}
