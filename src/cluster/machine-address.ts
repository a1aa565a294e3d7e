// Where others reach this machine.

import { networkInterfaces } from 'node:os'

/** Of a machine without a network. */
export const loopbackAddress = '127.0.0.1'

/** The first IPv4 address that is not a loopback's, if there is one. */
export function machineAddress(): string {
  for (const addresses of Object.values(networkInterfaces()))
    for (const { family, internal, address } of addresses ?? []) if (family === 'IPv4' && !internal) return address
  return loopbackAddress
}
