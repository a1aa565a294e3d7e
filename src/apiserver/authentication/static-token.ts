// Tokens that stand in a file: `token,user,uid,"group1,group2"`, one to a line (kube-apiserver's --token-auth-file).
// They are kept as hashes, so that looking one up takes the same time whether it is nearly right or all wrong.

import { hash } from 'node:crypto'
import type { UserInfo } from '../user.ts'
import {
  type AuthenticationInput,
  type AuthenticationResult,
  type Authenticator,
  authenticated,
} from './authenticator.ts'
import { bearerToken } from './bearer-token.ts'

export class StaticTokenAuthenticator implements Authenticator {
  readonly #users = new Map<string, UserInfo>()
  /** Tokens that have been shown and were right: each is hashed once. Never more than there are users. */
  readonly #shown = new Map<string, UserInfo>()

  constructor(users: Iterable<readonly [token: string, user: UserInfo]> = []) {
    for (const [token, user] of users) this.add(token, user)
  }

  add(token: string, user: UserInfo): void {
    this.#users.set(hashOf(token), authenticated(user))
    this.#shown.delete(token)
  }

  authenticate(request: AuthenticationInput): AuthenticationResult {
    if (this.#users.size === 0) return undefined
    const token = bearerToken(request.headers)
    if (token === undefined) return undefined
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

/** Reads a token file. Throws with the line's number when a line is not a proxy for a user. */
export function parseTokenFile(text: string): (readonly [token: string, user: UserInfo])[] {
  const users: (readonly [string, UserInfo])[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue
    const [token = '', name = '', uid = '', groups = '', ...rest] = csvFields(line)
    if (token === '' || name === '' || rest.length > 0)
      throw new Error(`token file, line ${index + 1}: want token,user,uid[,"group1,group2"]`)
    users.push([
      token,
      {
        name,
        ...(uid !== '' && { uid }),
        groups: groups
          .split(',')
          .map(group => group.trim())
          .filter(group => group !== ''),
      },
    ])
  }
  return users
}

function csvFields(line: string): string[] {
  const fields: string[] = []
  const field = /\s*(?:"((?:[^"]|"")*)"|([^,]*))(,|$)/y
  for (;;) {
    const match = field.exec(line)
    if (match === null) throw new Error('a quote is not closed, or something follows a closing one')
    fields.push(match[1] === undefined ? match[2]!.trim() : match[1].replaceAll('""', '"'))
    if (match[3] === '') return fields
  }
}
