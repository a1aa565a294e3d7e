/** Fields that speak of one HTTP/1.1 connection: HTTP/2 has none, in requests or answers (RFC 9113, 8.2.2). */
export const http1Fields: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])
