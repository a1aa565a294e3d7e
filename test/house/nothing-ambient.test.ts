// Time, chance and the console come in through `Env`: nothing in src/ reaches for them itself.

import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { expect, test } from 'vitest'
import { sourceFiles, sources } from './source-files.ts'

/** Where the real world is let in. */
const doors = ['cluster/system-env.ts', 'cli/']

const ambient: readonly [name: string, pattern: RegExp][] = [
  ['Date.now()', /\bDate\.now\b/],
  ['new Date() without an argument', /\bnew Date\(\s*\)/],
  ['timers', /(?<![.\w#])(?:setTimeout|setInterval|setImmediate)\s*\(/],
  ['Math.random', /\bMath\.random\b/],
  ['random bytes', /\b(?:randomBytes|randomUUID|getRandomValues|randomInt)\b/],
  ['performance.now', /\bperformance\.now\b/],
  ['the console', /\bconsole\.\w+/],
]

const code = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')

test.each(ambient)('no %s outside of the doors', (_name, pattern) => {
  const found = sourceFiles({ tests: false })
    .filter(file => !doors.some(door => relative(sources, file).startsWith(door)))
    .flatMap(file =>
      code(readFileSync(file, 'utf8'))
        .split('\n')
        // A method of an Env's clock is declared under the same name.
        .filter(
          line => pattern.test(line) && !/^\s*(?:set(?:Timeout|Interval|Immediate))\(.*\)(?::.*)?[{;]?\s*$/.test(line),
        )
        .map(line => `${relative(sources, file)}: ${line.trim()}`),
    )
  expect(found).toEqual([])
})
