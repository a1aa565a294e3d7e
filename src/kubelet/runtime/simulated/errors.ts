// Errors as containerd words them, so that whoever reads them need not know which runtime it was.

import { RuntimeError } from '../container-runtime.ts'

export const notFound = (what: 'sandbox' | 'container', id: string) =>
  new RuntimeError('NotFound', `an error occurred when try to find ${what} "${id}": not found`)

export const reserved = (what: 'sandbox' | 'container', name: string, id: string) =>
  new RuntimeError('Unknown', `failed to reserve ${what} name "${name}": name "${name}" is reserved for "${id}"`)

export function noStreaming(): never {
  throw new RuntimeError('Unimplemented', 'the simulated runtime has no streaming server: use its inProcess')
}
