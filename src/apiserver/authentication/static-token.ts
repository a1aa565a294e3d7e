// Tokens that stand in a file: `token,user,uid,"group1,group2"`, one to a line (kube-apiserver's --token-auth-file).
// They are kept as hashes, so that looking one up takes the same time whether it is nearly right or all wrong.

import { hash } from 'node:crypto'
import type { UserInfo } from '../user.ts'
import { type AuthenticationResult, authenticated, type TokenAuthenticator } from './authenticator.ts'
import { parseCsv } from './csv.ts'

export class StaticTokenAuthenticator implements TokenAuthenticator {
  readonly #users = new Map<string, UserInfo>()
  /** Tokens that have been shown and were right: each is hashed once. Never more than there are users. */
  readonly #shown = new Map<string, UserInfo>()

  constructor(users: Iterable<readonly [token: string, user: UserInfo]> = []) {
    for (const [token, user] of users) this.#users.set(hashOf(token), authenticated(user))
  }

  authenticateToken(token: string): AuthenticationResult {
    if (this.#users.size === 0) return undefined
    const known = this.#shown.get(token)
    if (known) return known
    const user = this.#users.get(hashOf(token))
    if (user) this.#shown.set(token, user)
    return user
  }
}

function hashOf(token: string): string {
  return hash('sha256', token, 'base64')
}

export interface TokenFile {
  readonly users: (readonly [token: string, user: UserInfo])[]
  /** What is odd about the file, but no reason to refuse it. */
  readonly warnings: readonly string[]
}

/** Reads a token file. Throws, in upstream's words, when it is none. */
export function parseTokenFile(text: string, path: string): TokenFile {
  const users = new Map<string, UserInfo>()
  const warnings: string[] = []
  for (const [index, record] of parseCsv(text).entries()) {
    const [token, name, uid, groups] = record
    if (token === undefined || name === undefined || uid === undefined)
      throw new Error(
        `token file '${path}' must have at least 3 columns (token, user name, user uid), found ${record.length}`,
      )
    const where = `in token file '${path}', record number '${index + 1}'`
    if (token === '') {
      warnings.push(`empty token has been found ${where}`)
      continue
    }
    if (users.has(token)) warnings.push(`duplicate token has been found ${where}`)
    users.set(token, { name, ...(uid !== '' && { uid }), groups: groups === undefined ? [] : groups.split(',') })
  }
  return { users: [...users], warnings }
}
