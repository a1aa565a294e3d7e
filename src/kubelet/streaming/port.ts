import { quote } from '../../machinery/go-text.ts'

/** A port as clients write it. Throws a text for them, which shows `shown`: where the number stood. */
export function parsePort(text: string | undefined, shown: string = text ?? ''): number {
  if (text === undefined || (text === '' && shown === '')) throw new Error('"port" header is required')
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65535)) throw new Error(`unable to parse ${quote(shown)} as a port`)
  if (port < 1) throw new Error(`port ${quote(shown)} must be > 0`)
  return port
}
