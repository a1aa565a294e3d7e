// Handlers: how a container is probed, and what runs after its start and before its end.

import { forbidden, invalid, notSupported, required } from '../../../machinery/field-error.ts'
import type { FieldPath } from '../../../machinery/field-path.ts'
import { checkPortOrName, type Errors } from '../../../machinery/validation/field-checks.ts'
import { isHTTPHeaderName } from '../../../machinery/validation/names.ts'
import type { HTTPGetAction, Lifecycle, LifecycleHandler, ProbeHandler } from './container.ts'
import { signals } from './signal.ts'

export interface LifecycleRules {
  /** The pod's terminationGracePeriodSeconds; undefined when that is wrong itself. */
  readonly gracePeriod: number | undefined
  readonly os: string | undefined
}

const signalsOfWindows = ['SIGKILL', 'SIGTERM']
const schemes = ['HTTP', 'HTTPS']
const kinds = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const

export function checkHandler(
  handler: ProbeHandler & LifecycleHandler,
  path: FieldPath,
  rules: LifecycleRules,
  errors: Errors,
): void {
  let count = 0
  for (const kind of kinds) {
    if (handler[kind] === undefined) continue
    if (++count > 1) errors.push(forbidden(path.child(kind), 'may not specify more than 1 handler type'))
    else checkAction(handler, kind, path.child(kind), rules, errors)
  }
  if (count === 0) errors.push(required(path, 'must specify a handler type'))
}

function checkAction(
  handler: ProbeHandler & LifecycleHandler,
  kind: (typeof kinds)[number],
  path: FieldPath,
  { gracePeriod }: LifecycleRules,
  errors: Errors,
): void {
  switch (kind) {
    case 'exec':
      if (!handler.exec!.command?.length) errors.push(required(path.child('command')))
      break
    case 'httpGet':
      checkHTTPGet(handler.httpGet!, path, errors)
      break
    case 'tcpSocket':
      checkPortOrName(handler.tcpSocket!.port, path, 'port', errors)
      break
    case 'grpc':
      checkPortOrName(handler.grpc!.port, path, 'port', errors)
      break
    case 'sleep': {
      const seconds = handler.sleep!.seconds ?? 0
      if (gracePeriod !== undefined && (seconds < 0 || seconds > gracePeriod))
        errors.push(
          invalid(path, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod})`),
        )
    }
  }
}

function checkHTTPGet(get: HTTPGetAction, path: FieldPath, errors: Errors): void {
  if (!get.path) errors.push(required(path.child('path')))
  checkPortOrName(get.port, path, 'port', errors)
  if (!schemes.includes(get.scheme ?? '')) errors.push(notSupported(path.child('scheme'), get.scheme ?? '', schemes))
  for (const { name = '' } of get.httpHeaders ?? [])
    for (const message of isHTTPHeaderName(name)) errors.push(invalid(path.child('httpHeaders'), name, message))
}

export function checkLifecycle(lifecycle: Lifecycle, path: FieldPath, rules: LifecycleRules, errors: Errors): void {
  if (lifecycle.postStart) checkHandler(lifecycle.postStart, path.child('postStart'), rules, errors)
  if (lifecycle.preStop) checkHandler(lifecycle.preStop, path.child('preStop'), rules, errors)
  if (lifecycle.stopSignal === undefined) return
  const at = path.child('stopSignal')
  if (rules.os === undefined) errors.push(forbidden(at, 'may not be set for containers with empty `spec.os.name`'))
  else {
    const known: readonly string[] = rules.os === 'windows' ? signalsOfWindows : signals
    if (!known.includes(lifecycle.stopSignal)) errors.push(notSupported(at, lifecycle.stopSignal, known))
  }
}
