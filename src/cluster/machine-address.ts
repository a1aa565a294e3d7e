// Where others reach this machine.

import { networkInterfaces } from 'node:os'

/** The first IPv4 address that is not a loopback's; 127.0.0.1 when the machine has no network. */
export function machineAddress(): string {
  for (const addresses of Object.values(networkInterfaces()))
    for (const { family, internal, address } of addresses ?? []) if (family === 'IPv4' && !internal) return address
  return '127.0.0.1'
}
