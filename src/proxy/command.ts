// Another program of the machine, run to its end.

import { spawn } from 'node:child_process'

export class CommandError extends Error {
  override readonly name = 'CommandError'
}

export interface Command {
  /** With what has to come before it to run it elsewhere (`ip netns exec …`). */
  readonly words: readonly string[]
  readonly input?: string
  /** What to install where it is not there. */
  readonly debianPackage: string
  /** Exit codes that are no failure, beside 0. */
  readonly alsoWell?: readonly number[]
}

/** Resolves with what it has written. */
export function runCommand({ words, input = '', debianPackage, alsoWell = [] }: Command): Promise<string> {
  const [program = '', ...args] = words
  return new Promise((resolve, reject) => {
    // Where Debian puts it is not on everyone's path.
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', chunk => {
      stdout += chunk
    })
    child.stderr.setEncoding('utf8').on('data', chunk => {
      stderr += chunk
    })
    // It may end before it has read all its input; its exit code says why.
    child.stdin.on('error', () => {})
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new CommandError(
          error.code === 'ENOENT'
            ? `${program} is not on this machine: install ${debianPackage}`
            : `${program}: ${error.message}`,
        ),
      ),
    )
    child.once('close', code => {
      if (code === 0 || alsoWell.includes(code ?? -1)) resolve(stdout)
      else reject(new CommandError(`${words.join(' ')}: ${stderr.trim().slice(0, 2000) || `exit code ${code}`}`))
    })
    child.stdin.end(input)
  })
}
