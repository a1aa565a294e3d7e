// The kernel's packet filter, as far as this room needs it, and the `nft` program that changes it.

import { runCommand } from './command.ts'

export interface Nft {
  /** Carries out the commands in one transaction: all of them or, when it rejects, none. */
  apply(text: string): Promise<void>
}

const debianPackage = 'nftables'

export class NftCommand implements Nft {
  readonly #command: readonly string[]

  /** `nft`, with what has to come before it to run it elsewhere (`ip netns exec …`). */
  constructor(command: readonly string[] = ['nft']) {
    this.#command = command
  }

  async apply(text: string): Promise<void> {
    await runCommand({ words: [...this.#command, '-f', '-'], input: text, debianPackage })
  }

  /** Undefined when it can be used here; otherwise why not. */
  async unusable(): Promise<Error | undefined> {
    try {
      await runCommand({ words: [...this.#command, 'list', 'tables'], debianPackage })
      return undefined
    } catch (error) {
      return error as Error
    }
  }
}
