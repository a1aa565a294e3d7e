// kubectl: the command line client, as functions. cli/kubectl.ts reads the arguments for them.
//
// Comes in: a connection (transport and namespace, from a kubeconfig), and where to write. Goes out: requests to the API
// server, and text for people.
//   rest-mapper.ts      what `po`, `deploy/web` or a manifest's kind is called on this server
//   manifests.ts        what -f names
//   get.ts, table.ts    get, printed by the server's own columns
//   apply.ts, three-way-patch.ts
//   create.ts, delete.ts, logs.ts, about.ts (version, api-resources)

import { isFailure, responseError } from '../client/response-error.ts'
import type { ApiRequest, ApiResponse, Transport } from '../client/transport.ts'
import { asStatusError } from '../machinery/status-error.ts'
import { YamlSyntaxError } from '../machinery/yaml/parse.ts'
import { RestMapper } from './rest-mapper.ts'

export interface Output {
  stdout(text: string): void
  stderr(text: string): void
}

export interface Kubectl extends Output {
  readonly transport: Transport
  /** Where names without a namespace are. */
  readonly namespace: string
  /** The namespace was asked for, and is not only where things go by default. */
  readonly namespaceGiven: boolean
  readonly mapper: RestMapper
}

export interface Connection {
  readonly transport: Transport
  readonly namespace: string
  readonly namespaceGiven?: boolean
}

/** Something about what was asked for; the message says it as it is printed. */
export class KubectlError extends Error {
  override readonly name = 'KubectlError'
}

export function kubectl({ transport, namespace, namespaceGiven = false }: Connection, output: Output): Kubectl {
  return {
    transport,
    namespace,
    namespaceGiven,
    mapper: new RestMapper(transport),
    stdout: text => output.stdout(text),
    stderr: text => output.stderr(text),
  }
}

/** The answer's body, or the StatusError in it; the server's warnings are printed. */
export async function ask<T = any>(to: Pick<Kubectl, 'transport' | 'stderr'>, request: ApiRequest): Promise<T> {
  const response = await to.transport.request(request)
  printWarnings(to, response)
  return bodyOf(request, response) as T
}

export function bodyOf(request: ApiRequest, response: ApiResponse): unknown {
  if (isFailure(response)) throw responseError(request.method, undefined, response)
  return response.body
}

function printWarnings(to: Pick<Kubectl, 'stderr'>, { headers }: ApiResponse): void {
  for (const [, text] of (headers['warning'] ?? '').matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g))
    to.stderr(`Warning: ${text!.replaceAll(/\\(.)/g, '$1')}\n`)
}

/** How kubectl says what went wrong. */
export function errorText(error: unknown): string {
  const status = asStatusError(error)
  if (status) {
    const { reason, message, details } = status.status
    if (reason === 'Invalid' && details?.kind)
      return `The ${details.kind} "${details.name ?? ''}" is invalid: ${invalidCauses(message, details.causes ?? [])}\n`
    return `Error from server${reason ? ` (${reason})` : ''}: ${message}\n`
  }
  if (error instanceof KubectlError || error instanceof YamlSyntaxError) return `error: ${error.message}\n`
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED')
    return `The connection to the server was refused - did you specify the right host or port? (${message})\n`
  return `error: ${message}\n`
}

function invalidCauses(message: string, causes: readonly { field?: string; message?: string }[]): string {
  if (causes.length === 0) return message
  const texts = causes.map(cause => `${cause.field}: ${cause.message}`)
  return texts.length === 1 ? texts[0]! : `\n${texts.map(text => `* ${text}`).join('\n')}`
}
