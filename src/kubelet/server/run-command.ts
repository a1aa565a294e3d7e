// POST /run/{namespace}/{pod}/{container}?cmd=…: runs a command and answers with all of its output.

import { Writable } from 'node:stream'
import type { StreamingRuntime } from '../streaming/streaming-runtime.ts'

/** Resolves with stdout and stderr together; rejects when the command fails. */
export async function runCommand(
  runtime: StreamingRuntime,
  containerId: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<Buffer> {
  const output: Buffer[] = []
  const collect = () =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        output.push(chunk)
        done()
      },
    })
  const exitCode = await runtime.exec(containerId, command, {
    stdout: collect(),
    stderr: collect(),
    tty: false,
    signal,
    resize() {},
    async exit() {},
  })
  if (exitCode !== 0)
    throw new Error(`command '${command.join(' ')}' exited with ${exitCode}: ${Buffer.concat(output)}`)
  return Buffer.concat(output)
}
