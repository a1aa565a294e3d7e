/** Why a stream was reset (RST_STREAM) or a session ended; the numbers are SPDY/3.1's. */
export const resetStatuses = {
  PROTOCOL_ERROR: 1,
  INVALID_STREAM: 2,
  REFUSED_STREAM: 3,
  UNSUPPORTED_VERSION: 4,
  CANCEL: 5,
  INTERNAL_ERROR: 6,
  FLOW_CONTROL_ERROR: 7,
  STREAM_IN_USE: 8,
  STREAM_ALREADY_CLOSED: 9,
  FRAME_TOO_LARGE: 11,
} as const

export type ResetStatus = keyof typeof resetStatuses

/** The peer broke the protocol so that the whole connection must end. */
export class SpdyError extends Error {
  override readonly name = 'SpdyError'
  readonly status: ResetStatus

  constructor(status: ResetStatus, message: string, options?: ErrorOptions) {
    super(`spdy: ${message}`, options)
    this.status = status
  }
}
