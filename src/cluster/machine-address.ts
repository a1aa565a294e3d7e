// Where others reach this machine.

import { readFileSync } from 'node:fs'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'

/** Of a machine without a network. */
export const loopbackAddress = '127.0.0.1'
const everyAddress = '0.0.0.0'

/** Pods come from networks of their own, and a machine's loopback is none of them. */
export const defaultBindAddress = (hasRealNodes: boolean): string => (hasRealNodes ? everyAddress : loopbackAddress)

/** The first IPv4 address that is not a loopback's, if there is one. */
export const machineAddress = (): string => firstAddress(networkInterfaces(), routeTable())

/** An interface on the way out comes before others: bridges of containers have addresses as well. */
export function firstAddress(
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
  routes: string,
): string {
  for (const name of [...defaultRoutes(routes), ...Object.keys(interfaces)])
    for (const { family, internal, address } of interfaces[name] ?? [])
      if (family === 'IPv4' && !internal) return address
  return loopbackAddress
}

/** The interfaces of the default routes: each line has an interface, a destination and a gateway, as hexadecimal numbers. */
function defaultRoutes(table: string): string[] {
  const lines = table.split('\n').map(line => line.split(/\s+/))
  return lines.filter(([, destination]) => destination === '00000000').map(([name]) => name!)
}

/** Linux tells; elsewhere there is none to read. */
function routeTable(): string {
  try {
    return readFileSync('/proc/net/route', 'utf8')
  } catch {
    return ''
  }
}
