/** An answer in plain text, which is how upstream's kubelet words its errors. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}
