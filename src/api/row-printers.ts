// The printer of each kind's rows, by resource (and version, where versions differ).

import type { RowPrinter } from './columns.ts'

export const rowPrinters: Readonly<Record<string, RowPrinter>> = {}
