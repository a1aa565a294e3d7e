// Running a command in a container, or attaching to it, over a connection: `kubectl exec`, `attach`, `cp`, `run -it`.
//
// Comes in: an HTTP upgrade in any of the protocols that clients have spoken (WebSocket v5.channel.k8s.io and older,
// SPDY v4.channel.k8s.io and older). Goes out: `RemoteCommandStreams`, the same for all of them.

import type { Readable, Writable } from 'node:stream'
import type { Clock } from '../../machinery/env/env.ts'
import { internalError, type Status } from '../../machinery/status-error.ts'
import { exitStatus } from './command-outcome.ts'
import { acceptSpdyCommand } from './remote-command-spdy.ts'
import { acceptWebSocketCommand } from './remote-command-websocket.ts'
import type { TerminalSize } from './terminal-size.ts'
import { isSpdyRequest, isWebSocketRequest, refuseUpgrade, type UpgradeRequest } from './upgrade.ts'

/** Which streams there are. With a terminal there is no stderr: it comes with stdout. */
export interface RemoteCommandOptions {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

export interface RemoteCommandStreams {
  readonly stdin?: Readable
  readonly stdout?: Writable
  readonly stderr?: Writable
  readonly tty: boolean
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal
  /** Calls back with the terminal's size at once, if it is known, and whenever it changes. */
  resize(listener: (size: TerminalSize) => void): void
  /** Sends what was written to stdout and stderr, then the outcome, and closes the connection. */
  exit(status: Status): Promise<void>
}

/** The query of kubelet's /exec and /attach. Throws a text for the client when it asks for no stream at all. */
export function remoteCommandOptions(query: URLSearchParams): RemoteCommandOptions {
  const tty = query.get('tty') === '1'
  const options = {
    stdin: query.get('input') === '1',
    stdout: query.get('output') === '1',
    stderr: query.get('error') === '1' && !tty,
    tty,
  }
  if (!options.stdin && !options.stdout && !options.stderr) {
    throw new Error('you must specify at least 1 of stdin, stdout, stderr')
  }
  return options
}

/** What a runtime is asked for, to serve the streams. */
export function optionsOf({ stdin, stdout, stderr, tty }: RemoteCommandStreams): RemoteCommandOptions {
  return { stdin: stdin !== undefined, stdout: stdout !== undefined, stderr: stderr !== undefined, tty }
}

/** Takes the upgrade; undefined when it was refused, which has then been answered. */
export async function acceptRemoteCommand(
  upgrade: UpgradeRequest,
  options: RemoteCommandOptions,
  clock: Clock,
): Promise<RemoteCommandStreams | undefined> {
  if (isWebSocketRequest(upgrade.request)) return acceptWebSocketCommand(upgrade, options)
  if (isSpdyRequest(upgrade.request)) return acceptSpdyCommand(upgrade, options, clock)
  refuseUpgrade(upgrade, 400, 'unable to upgrade: missing upgrade headers in request')
  return undefined
}

/** Runs the command with the streams and reports how it ended: exit code, or why it could not run. */
export async function serveRemoteCommand(
  streams: RemoteCommandStreams,
  command: readonly string[],
  run: (streams: RemoteCommandStreams) => Promise<number>,
): Promise<void> {
  let status: Status
  try {
    status = exitStatus(command, await run(streams))
  } catch (error) {
    status = internalError(`error executing command in container: ${(error as Error).message}`).status
  }
  await streams.exit(status)
}
