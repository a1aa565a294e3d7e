// Commands beside a simulated container's own: `kubectl exec`, exec probes and hooks. One command is run by the simulated
// shell; a shell without a script reads its commands from its input, with a prompt and an echo if it is at a terminal.

import type { Env } from '../../../machinery/env/env.ts'
import type { ContainerStreams } from '../container-runtime.ts'
import type { ExecRequest } from '../cri/container-requests.ts'
import type { SimulatedContainer } from './container.ts'
import { isShell, notRun, runCommands, scriptOf } from './shell.ts'
import { type CommandList, parseArguments, parseScript, UnsupportedScript } from './shell-syntax.ts'

const encoder = new TextEncoder()

export async function execute(
  container: SimulatedContainer,
  { cmd = [], tty = false }: ExecRequest,
  streams: ContainerStreams,
): Promise<number> {
  const stdout = (text: string) => streams.stdout(encoder.encode(tty ? text.replaceAll('\n', '\r\n') : text))
  const stderr = (text: string) => (tty ? stdout(text) : streams.stderr(encoder.encode(text)))
  const signal = streams.signal ? AbortSignal.any([streams.signal, container.over]) : container.over
  const { stdin } = streams
  const world = container.world(signal, {
    stdout,
    stderr,
    writeBytes: chunk => streams.stdout(chunk),
    ...(stdin && { stdin }),
  })
  const runOne = async (parse: () => CommandList, words: readonly string[]) => {
    try {
      return await runCommands(parse(), container.environment, world)
    } catch (error) {
      // What runs in a container ends with it.
      if (container.over.aborted) return 137
      if (!(error instanceof UnsupportedScript)) throw error
      stderr(notRun(words))
      return 126
    }
  }
  if (isShell(cmd[0] ?? '') && scriptOf(cmd) === undefined && cmd.length === 1) {
    return interact(streams, tty, stdout, line => runOne(() => parseScript(line), [line]))
  }
  return runOne(() => parseArguments(cmd), cmd)
}

/** For `execSync`: everything it wrote, and its exit code; or undefined when the time (milliseconds, 0 for any) was over. */
export async function executeToEnd(
  container: SimulatedContainer,
  request: ExecRequest,
  env: Env,
  timeout: number,
): Promise<{ stdout: Uint8Array; stderr: Uint8Array; exitCode: number } | undefined> {
  const written = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] }
  const abort = new AbortController()
  const timer = timeout > 0 ? env.clock.setTimeout(() => abort.abort(new TimeOver()), timeout) : undefined
  try {
    const exitCode = await execute(container, request, {
      stdout: chunk => written.stdout.push(chunk),
      stderr: chunk => written.stderr.push(chunk),
      signal: abort.signal,
    })
    return { stdout: Buffer.concat(written.stdout), stderr: Buffer.concat(written.stderr), exitCode }
  } catch (error) {
    if (error instanceof TimeOver) return undefined
    throw error
  } finally {
    timer?.cancel()
  }
}

class TimeOver extends Error {}

async function interact(
  { stdin }: ContainerStreams,
  tty: boolean,
  print: (text: string) => void,
  run: (line: string) => Promise<number>,
): Promise<number> {
  if (!stdin) return 0
  if (tty) print('simulated container: a few commands (echo, env, hostname, cat, sleep, exit …), no programs\n')
  const prompt = () => tty && print('/ # ')
  const decoder = new TextDecoder()
  let line = ''
  let code = 0
  prompt()
  for await (const chunk of stdin) {
    for (const char of decoder.decode(chunk, { stream: true })) {
      if (tty && char === '\u0004' && line === '') return code // ^D
      if (tty && char === '\u0003') {
        print('^C\n')
        line = ''
        prompt()
      } else if (tty && (char === '\u007f' || char === '\b')) {
        if (line !== '') print('\b \b')
        line = line.slice(0, -1)
      } else if (char === '\n' || (tty && char === '\r')) {
        if (tty) print('\n')
        const leave = /^\s*exit(?:\s+(\d+))?\s*$/.exec(line)
        if (leave) return leave[1] === undefined ? code : Number(leave[1]) & 0xff
        if (line.trim() !== '') code = await run(line)
        line = ''
        prompt()
      } else {
        line += char
        if (tty) print(char)
      }
    }
  }
  return line.trim() === '' ? code : run(line)
}
