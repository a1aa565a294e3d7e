// The flags of a command with their values as Go prints them, for /flagz.

import type { Command, Option } from 'commander'
import { formatMilliseconds } from '../machinery/duration.ts'

/** `duration`: the reader of flags whose values are milliseconds. */
export function flagValues(command: Command, duration: (text: string) => number): Record<string, string> {
  const values: Record<string, string> = {}
  for (const option of command.options)
    if (option.long) values[nameOf(option)] = written(command.getOptionValue(option.attributeName()), option, duration)
  return values
}

/** `--no-thing` is the flag `thing`. */
const nameOf = ({ long, negate }: Option): string => long!.slice(negate ? '--no-'.length : '--'.length)

function written(value: unknown, { parseArg }: Option, duration: unknown): string {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return `[${value.join(',')}]`
  return typeof value === 'number' && parseArg === duration ? formatMilliseconds(value) : String(value)
}
