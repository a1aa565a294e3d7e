// IANA's time zones, as the runtime's own tables know them.

/** Formatters are dear to make and cheap to use. */
const clocks = new Map<string, Intl.DateTimeFormat>()

export function isTimeZone(name: string): boolean {
  try {
    return /^[A-Za-z]/.test(name) && clockOf(name) !== undefined
  } catch {
    return false
  }
}

/** What a clock of the zone shows at that time less what one in UTC does, in milliseconds. */
export function utcOffset(timeZone: string, time: number): number {
  const parts: Record<string, number> = {}
  for (const { type, value } of clockOf(timeZone).formatToParts(time)) parts[type] = Number(value)
  const { year, month, day, hour, minute, second } = parts as Record<'year', number> & typeof parts
  return Date.UTC(year, month! - 1, day, hour, minute, second) - Math.floor(time / 1000) * 1000
}

function clockOf(timeZone: string): Intl.DateTimeFormat {
  let clock = clocks.get(timeZone)
  if (!clock) {
    clock = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    clocks.set(timeZone, clock)
  }
  return clock
}
