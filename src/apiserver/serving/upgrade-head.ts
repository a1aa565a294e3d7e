// The head of an HTTP/1.1 request as it came, to be passed on to the kubelet.

import type { IncomingMessage } from 'node:http'

export function upgradeHead(message: IncomingMessage): string {
  let head = `${message.method} ${message.url} HTTP/1.1\r\n`
  for (let index = 0; index < message.rawHeaders.length; index += 2)
    head += `${message.rawHeaders[index]}: ${message.rawHeaders[index + 1]}\r\n`
  return `${head}\r\n`
}
