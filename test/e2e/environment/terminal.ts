// A program at a terminal, as a person would run it: util-linux's `script` holds the other end.

import { RunningProcess, type RunOptions } from './process.ts'

/** What it says, `stdout`, is what the terminal shows: the echo of the input too, and lines that end with \r\n. */
export function inTerminal(command: string, args: readonly string[], options: RunOptions = {}): RunningProcess {
  const words = [command, ...args].map(word => `'${word.replaceAll("'", `'\\''`)}'`)
  return new RunningProcess('script', ['--quiet', '--return', '--flush', '--command', words.join(' '), '/dev/null'], {
    ...options,
    env: { ...(options.env ?? process.env), TERM: 'xterm' },
  })
}
