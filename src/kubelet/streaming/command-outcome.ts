// How a command's end is told to the client: a Status on the error channel, after all of its output.

import type { Writable } from 'node:stream'
import { failure, type Status, success } from '../../machinery/status-error.ts'

export function exitStatus(command: readonly string[], exitCode: number): Status {
  if (exitCode === 0) return success()
  const message = `error executing command [${command.join(' ')}], exit code ${exitCode}`
  const status = failure(0, 'NonZeroExitCode', `command terminated with non-zero exit code: ${message}`, {
    causes: [{ reason: 'ExitCode', message: String(exitCode) }],
  }).status
  const { code: _none, ...withoutCode } = status
  return withoutCode as Status
}

/** The exit code that a Status of the error channel speaks of; undefined when it is about something else. */
export function exitCodeOf(status: Partial<Status>): number | undefined {
  if (status.status === 'Success') return 0
  if (status.reason !== 'NonZeroExitCode') return undefined
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')
  const code = Number(cause?.message)
  return Number.isInteger(code) ? code : undefined
}

/** What the error channel carries. */
export function errorChannelText(status: Status, json: boolean): string {
  if (json) return JSON.stringify(status)
  return status.status === 'Success' ? '' : status.message
}

/** Ends the stream; resolves when all of it is sent, or can't be any more. */
export function flushed(output: Writable, closed: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (closed.aborted || output.destroyed) {
      resolve()
      return
    }
    const done = () => {
      closed.removeEventListener('abort', done)
      resolve()
    }
    closed.addEventListener('abort', done)
    output.once('finish', done)
    output.once('close', done)
    if (output.writableFinished) done()
    else output.end()
  })
}
