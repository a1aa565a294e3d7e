// The directory that keeps certificates and keys: `<name>.crt` (readable by all) and `<name>.key` (by the owner only).
// A file appears whole or not at all.

import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorText } from '../../machinery/error-text.ts'
import type { KeyAndCertificate } from '../../machinery/x509/certificate.ts'
import { replaceFile } from '../replace-file.ts'

/** A file that must not be replaced, and cannot be used. */
export class PkiError extends Error {
  override readonly name = 'PkiError'

  constructor(path: string, cause: unknown) {
    super(`${path} cannot be used: ${errorText(cause)}`, { cause })
  }
}

export class PkiDirectory {
  readonly #path: string | undefined

  /** Without a path nothing is kept. */
  constructor(path: string | undefined) {
    this.#path = path
    if (path === undefined) return
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 })
    } catch (error) {
      throw new PkiError(path, error)
    }
  }

  path(file: string): string {
    return join(this.#path ?? '', file)
  }

  has(file: string): boolean {
    return this.#readFile(file) !== undefined
  }

  /** The certificate and key of that name; undefined unless both are there. */
  read(name: string): KeyAndCertificate | undefined {
    const certificate = this.#readFile(`${name}.crt`)
    const privateKey = this.#readFile(`${name}.key`)
    return certificate === undefined || privateKey === undefined ? undefined : { certificate, privateKey }
  }

  write(name: string, pair: KeyAndCertificate, options: { durable?: boolean } = {}): void {
    this.#writeFile(`${name}.key`, pair.privateKey, 0o600, options.durable)
    this.#writeFile(`${name}.crt`, pair.certificate, 0o644, options.durable)
  }

  readKey(name: string): string | undefined {
    return this.#readFile(`${name}.key`)
  }

  writeKey(name: string, privateKey: string, publicKey: string): void {
    this.#writeFile(`${name}.pub`, publicKey, 0o644)
    this.#writeFile(`${name}.key`, privateKey, 0o600, true)
  }

  #readFile(file: string): string | undefined {
    if (this.#path === undefined) return undefined
    try {
      return readFileSync(this.path(file), 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw new PkiError(this.path(file), error)
    }
  }

  #writeFile(file: string, content: string, mode: number, durable = false): void {
    if (this.#path === undefined) return
    const path = this.path(file)
    try {
      replaceFile(path, content, { mode, durable })
    } catch (error) {
      throw new PkiError(path, error)
    }
  }
}
