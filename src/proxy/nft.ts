// The kernel's packet filter, as far as this room needs it, and the `nft` program that changes it.

import { spawn } from 'node:child_process'

export interface Nft {
  /** Carries out the commands in one transaction: all of them or, when it rejects, none. */
  apply(text: string): Promise<void>
}

export class NftError extends Error {
  override readonly name = 'NftError'
}

export class NftCommand implements Nft {
  readonly #command: readonly string[]

  /** `nft`, with what has to come before it to run it elsewhere (`ip netns exec …`). */
  constructor(command: readonly string[] = ['nft']) {
    this.#command = command
  }

  apply(text: string): Promise<void> {
    return run([...this.#command, '-f', '-'], text)
  }

  /** Undefined when it can be used here; otherwise why not. */
  async unusable(): Promise<Error | undefined> {
    try {
      await run([...this.#command, 'list', 'tables'], '')
      return undefined
    } catch (error) {
      return error as Error
    }
  }
}

function run([program, ...args]: readonly string[], input: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // Where Debian puts it is not on everyone's path.
    const child = spawn(program!, args, {
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
    })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', chunk => {
      stderr += chunk
    })
    // It may end before it has read all its input; its exit code says why.
    child.stdin.on('error', () => {})
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new NftError(
          error.code === 'ENOENT'
            ? `${program} is not on this machine: install nftables`
            : `${program}: ${error.message}`,
        ),
      ),
    )
    child.once('close', code => {
      if (code === 0) resolve()
      else
        reject(new NftError(`${[program, ...args].join(' ')}: ${stderr.trim().slice(0, 2000) || `exit code ${code}`}`))
    })
    child.stdin.end(input)
  })
}
