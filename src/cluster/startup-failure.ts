// What to tell a user whose cluster did not start: what is wrong, and what can be done about it, in one line.

import { UserFacingError } from './user-facing-error.ts'

interface SystemError extends Error {
  readonly code?: string
  readonly syscall?: string
  readonly address?: string
  readonly port?: number
}

/** Errors whose messages are such lines already. */
const written = ['StoreOpenError', 'PkiError', 'AuthenticationOptionsError']

/** The error itself when it is none that a user can do something about. */
export function explained(error: unknown, apiPort: number): unknown {
  if (!(error instanceof Error) || error instanceof UserFacingError) return error
  if (written.includes(error.name)) return new UserFacingError(oneLine(error.message))
  if (error.name === 'KubeconfigError')
    return new UserFacingError(`${oneLine(error.message)}; mend it, or start with --no-merge-kubeconfig`)
  const { code, syscall } = error as SystemError
  if (syscall === 'listen' || syscall === 'bind' || syscall === 'getaddrinfo') return listenFailure(error, apiPort)
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EROFS')
    return new UserFacingError(`the data directory cannot be written: ${oneLine(error.message)}`)
  return error
}

function listenFailure(error: SystemError, apiPort: number): UserFacingError {
  const { code, address = '', port, hostname } = error as SystemError & { hostname?: string }
  if (code === 'EADDRINUSE' && port !== apiPort)
    return new UserFacingError(
      `port ${port} on ${address} is in use, and the node's kubelet needs it: stop what uses it, or start with --runtime simulated`,
    )
  if (code === 'EADDRINUSE')
    return new UserFacingError(
      `port ${port} on ${address} is in use: stop what uses it, or choose another with --port (0 picks a free one)`,
    )
  const place = hostname ?? (port === undefined ? address : `${address}:${port}`)
  return new UserFacingError(`cannot listen on ${place} (${code}): choose another --bind-address or --port`)
}

export const oneLine = (text: string): string => text.split('\n')[0]!.trimEnd()
