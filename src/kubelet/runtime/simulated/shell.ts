// Runs what `shell-syntax.ts` has read, on the clock of the simulation. A few commands do what they do anywhere
// (`echo`, `sleep`, `exit`, `cat` of a mounted file, …); every other one is honest about not being run.

import { isUtf8 } from 'node:buffer'
import { posix } from 'node:path'
import type { Clock } from '../../../machinery/env/env.ts'
import type { SimulatedFiles } from './files.ts'
import {
  type Command,
  type CommandList,
  parseArguments,
  parseScript,
  UnsupportedScript,
  type Word,
} from './shell-syntax.ts'

export interface ShellWorld {
  readonly clock: Clock
  readonly hostname: string
  readonly workingDirectory: string
  /** Aborted to end it at once. */
  readonly signal: AbortSignal
  stdout(text: string): void
  stderr(text: string): void
  /** What is not text. */
  writeBytes(chunk: Uint8Array): void
  readonly stdin?: AsyncIterable<Uint8Array>
  readonly files: SimulatedFiles
  /** Reports of the simulation: what `healthy` and `unhealthy` say, and what `oom` does. */
  setHealthy?(healthy: boolean): void
  outOfMemory?(): void
}

/** `exit`, anywhere in a script. */
class Exit extends Error {
  readonly code: number

  constructor(code: number) {
    super(`exit ${code}`)
    this.code = code
  }
}

export const notRun = (words: readonly string[]): string =>
  `simulated container: "${words.join(' ')}" cannot run: this node is simulated and executes no programs\n`

/** Runs until the end, and answers with the exit code. Rejects with the signal's reason when it is aborted. */
export async function runCommands(
  commands: CommandList,
  environment: ReadonlyMap<string, string>,
  world: ShellWorld,
): Promise<number> {
  const shell = new Shell(new Map(environment), world)
  try {
    return await shell.list(commands)
  } catch (error) {
    if (error instanceof Exit) return error.code
    throw error
  }
}

/** Whether every command in it is one that is simulated, so that running it means something. */
export function isSimulated(commands: CommandList): boolean {
  return commands.every(({ command }) => {
    if (command.type === 'while') return isSimulated(command.condition) && isSimulated(command.body)
    if (command.type === 'for') return isSimulated(command.body)
    if (command.type === 'if') {
      return isSimulated(command.condition) && isSimulated(command.then) && isSimulated(command.otherwise)
    }
    const words = command.words.map(word => (word.length === 1 && typeof word[0] === 'string' ? word[0] : ''))
    const substituted = command.words
      .flat()
      .every(part => typeof part !== 'object' || !('output' in part) || isSimulated(part.output))
    return substituted && isSimulatedCommand(words, command.words[0])
  })
}

function isSimulatedCommand(words: readonly string[], first: Word | undefined): boolean {
  if (words.length === 0) return true
  const name = commandName(words[0]!)
  if (isAssignment(first)) return true
  if (isShell(name)) {
    const script = scriptOf(words)
    return script === undefined ? false : isSimulatedScript(script)
  }
  return Object.hasOwn(builtins, name) && !(name === 'tail' && !words.includes('/dev/null'))
}

function isSimulatedScript(script: string): boolean {
  try {
    return isSimulated(parseScript(script))
  } catch {
    return false
  }
}

export const commandName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
export const isShell = (name: string): boolean => ['sh', 'bash', 'ash', 'dash'].includes(commandName(name))

/** The script of `sh -c script`, with whatever other flags (`-ec`). */
export function scriptOf(words: readonly string[]): string | undefined {
  const flag = words.findIndex((word, index) => index > 0 && /^-[a-z]*c[a-z]*$/.test(word))
  return flag > 0 && words.slice(1, flag).every(word => word.startsWith('-')) ? words[flag + 1] : undefined
}

function isAssignment(word: Word | undefined): boolean {
  return typeof word?.[0] === 'string' && /^[A-Za-z_]\w*=/.test(word[0])
}

/** What a wide loop may take from the other containers before it lets them have a turn. */
const LOOP_PAUSE = 1
/** Real timers count milliseconds in 31 bits. */
const LONGEST_TIMER = 2 ** 31 - 1

class Shell {
  readonly variables: Map<string, string>
  readonly world: ShellWorld

  constructor(variables: Map<string, string>, world: ShellWorld) {
    this.variables = variables
    this.world = world
  }

  async list(commands: CommandList): Promise<number> {
    let code = 0
    for (const { when, command } of commands) {
      if (this.world.signal.aborted) throw this.world.signal.reason
      if ((when === 'success' && code !== 0) || (when === 'failure' && code === 0)) continue
      code = await this.#command(command)
      this.variables.set('?', String(code))
    }
    return code
  }

  async sleep(milliseconds: number): Promise<void> {
    if (milliseconds === Number.POSITIVE_INFINITY) {
      const { signal } = this.world
      await new Promise((_resolve, reject) => {
        if (signal.aborted) reject(signal.reason)
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
    }
    for (let left = milliseconds; left > 0; left -= LONGEST_TIMER) {
      await this.world.clock.sleep(Math.min(left, LONGEST_TIMER), this.world.signal)
    }
  }

  async #command(command: Command): Promise<number> {
    if (command.type === 'simple') return this.#simple(command.words, command.toStderr)
    let code = 0
    if (command.type === 'if') {
      return this.list((await this.list(command.condition)) === 0 ? command.then : command.otherwise)
    }
    if (command.type === 'for') {
      for (const value of await this.#expandAll(command.words)) {
        this.variables.set(command.variable, value)
        code = await this.list(command.body)
      }
      return code
    }
    while ((await this.list(command.condition)) === 0) {
      const before = this.world.clock.now()
      code = await this.list(command.body)
      if (this.world.clock.now() === before) await this.sleep(LOOP_PAUSE)
    }
    return code
  }

  async #simple(words: readonly Word[], toStderr: boolean): Promise<number> {
    const expanded = await this.#expandAll(words)
    let first = 0
    while (first < words.length && isAssignment(words[first])) {
      const [name, ...value] = expanded[first++]!.split('=')
      this.variables.set(name!, value.join('='))
    }
    const command = expanded.slice(first)
    if (command.length === 0) return 0
    const { world } = this
    const name = commandName(command[0]!)
    const builtin = Object.hasOwn(builtins, name) ? builtins[name] : undefined
    if (isShell(command[0]!)) return this.#subshell(command)
    if (!builtin) {
      world.stderr(notRun(command))
      return 126
    }
    return builtin(command.slice(1), this, toStderr ? text => world.stderr(text) : text => world.stdout(text))
  }

  async #subshell(command: readonly string[]): Promise<number> {
    const script = scriptOf(command)
    try {
      if (script === undefined) throw new UnsupportedScript(command.join(' '))
      return await runCommands(parseScript(script), this.variables, this.world)
    } catch (error) {
      if (!(error instanceof UnsupportedScript)) throw error
      this.world.stderr(notRun(command))
      return 126
    }
  }

  async #expandAll(words: readonly Word[]): Promise<string[]> {
    const expanded: string[] = []
    for (const word of words) expanded.push(await this.#expand(word))
    return expanded
  }

  async #expand(word: Word): Promise<string> {
    let text = ''
    for (const part of word) {
      if (typeof part === 'string') text += part
      else if ('variable' in part) text += this.variables.get(part.variable) ?? ''
      else if ('sum' in part) text += this.#calculate(part.sum)
      else {
        let output = ''
        const world: ShellWorld = {
          ...this.world,
          stdout: more => {
            output += more
          },
        }
        await runCommands(part.output, this.variables, world)
        text += output.replace(/\n+$/, '')
      }
    }
    return text
  }

  /** Of integers and variables, from left to right. */
  #calculate(sum: string): number {
    const tokens = sum.match(/\w+|[-+*]/g) ?? []
    const value = (token: string | undefined) =>
      Number(token && /^\d+$/.test(token) ? token : (this.variables.get(token ?? '') ?? 0)) || 0
    let result = value(tokens[0])
    for (let index = 1; index + 1 < tokens.length; index += 2) {
      const operand = value(tokens[index + 1])
      result = tokens[index] === '+' ? result + operand : tokens[index] === '-' ? result - operand : result * operand
    }
    return result
  }
}

type Builtin = (args: readonly string[], shell: Shell, print: (text: string) => void) => number | Promise<number>

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `5`, `0.5`, `90s`, `1m`, `infinity`, in milliseconds; undefined when it is none of these. */
function duration(text: string): number | undefined {
  if (/^inf(inity)?$/.test(text)) return Number.POSITIVE_INFINITY
  const match = /^(\d+(?:\.\d+)?)(ms|[smhd])?$/.exec(text)
  return match ? Number(match[1]) * units[match[2] ?? 's']! : undefined
}

const builtins: Readonly<Record<string, Builtin>> = {
  true: () => 0,
  ':': () => 0,
  false: () => 1,
  set: () => 0,
  exit(args, shell) {
    throw new Exit(Number(args[0] ?? shell.variables.get('?') ?? 0) & 0xff)
  },
  exec: (args, shell) => shell.list(parseArguments(args)),
  echo(args, _shell, print) {
    const flags = args[0] && /^-[ne]+$/.test(args[0]) ? args[0] : ''
    const text = args.slice(flags ? 1 : 0).join(' ')
    print((flags.includes('e') ? unescaped(text) : text) + (flags.includes('n') ? '' : '\n'))
    return 0
  },
  printf([format = '', ...args], _shell, print) {
    let next = 0
    print(unescaped(format).replace(/%[sd%]/g, match => (match === '%%' ? '%' : (args[next++] ?? ''))))
    return 0
  },
  async sleep(args, shell) {
    const times = args.map(duration)
    if (times.length === 0 || times.includes(undefined)) {
      shell.world.stderr(`sleep: invalid number '${args.join(' ')}'\n`)
      return 1
    }
    await shell.sleep((times as number[]).reduce((sum, time) => sum + time, 0))
    return 0
  },
  async tail(args, shell) {
    if (args.includes('/dev/null')) {
      if (args.some(arg => /^-[a-zA-Z0-9]*[fF]/.test(arg))) await shell.sleep(Number.POSITIVE_INFINITY)
      return 0
    }
    shell.world.stderr(notRun(['tail', ...args]))
    return 126
  },
  env(_args, shell, print) {
    for (const [name, value] of shell.variables) if (/^\w/.test(name)) print(`${name}=${value}\n`)
    return 0
  },
  printenv(args, shell, print) {
    if (args.length === 0) return builtins['env']!(args, shell, print)
    for (const name of args) {
      const value = shell.variables.get(name)
      if (value === undefined) return 1
      print(`${value}\n`)
    }
    return 0
  },
  hostname(_args, { world }, print) {
    print(`${world.hostname}\n`)
    return 0
  },
  pwd(_args, { world }, print) {
    print(`${world.workingDirectory}\n`)
    return 0
  },
  date(_args, { world }, print) {
    print(`${new Date(world.clock.now()).toUTCString()}\n`)
    return 0
  },
  cat(args, { world }, print) {
    let code = 0
    for (const path of args) {
      const content = world.files.read(absolutePath(world, path))
      if (content && isUtf8(content)) print(new TextDecoder().decode(content))
      else if (content) world.writeBytes(content)
      else {
        world.stderr(`cat: can't open '${path}': No such file or directory (simulated container)\n`)
        code = 1
      }
    }
    return code
  },
  test: (args, shell) => builtins['[']!([...args, ']'], shell, () => {}),
  '['(args, { world }) {
    const [operator = '', path = '', end] = args
    if (args.length === 3 && end === ']' && /^-[def]$/.test(operator)) {
      const absolute = absolutePath(world, path)
      const isDirectory = world.files.isDirectory(absolute)
      const isFile = !isDirectory && world.files.read(absolute) !== undefined
      return { '-d': isDirectory, '-f': isFile, '-e': isDirectory || isFile }[operator] ? 0 : 1
    }
    world.stderr(notRun(['[', ...args]))
    return 2
  },
  ls(args, { world }, print) {
    const paths = args.filter(arg => !arg.startsWith('-'))
    let code = 0
    for (const path of paths.length > 0 ? paths : ['.']) {
      const absolute = absolutePath(world, path)
      if (world.files.isDirectory(absolute))
        print(
          world.files
            .names(absolute)
            .map(name => `${name}\n`)
            .join(''),
        )
      else if (world.files.read(absolute)) print(`${path}\n`)
      else {
        world.stderr(`ls: ${path}: No such file or directory (simulated container)\n`)
        code = 1
      }
    }
    return code
  },
  mkdir(args, { world }) {
    for (const path of args.filter(arg => !arg.startsWith('-'))) world.files.makeDirectory(absolutePath(world, path))
    return 0
  },
  async tar(args, { world }) {
    // Loaded when somebody copies: most simulated clusters never do.
    const { createArchive, extractArchive, readTarArguments } = await import('./tar.ts')
    const request = readTarArguments(args, world.workingDirectory)
    if (!request || (request.action === 'extract' && !world.stdin)) {
      world.stderr(notRun(['tar', ...args]))
      return 126
    }
    const absolute = (path: string) => posix.resolve(absolutePath(world, request.directory), path)
    try {
      if (request.action === 'extract') {
        await extractArchive(world.files, world.stdin!, absolute)
        return 0
      }
      const paths = request.paths.map(given => ({ given, absolute: absolute(given) }))
      const missing = await createArchive(world.files, paths, world.clock.now(), chunk => world.writeBytes(chunk))
      for (const path of missing) world.stderr(`tar: ${path}: No such file or directory (simulated container)\n`)
      return missing.length > 0 ? 1 : 0
    } catch (error) {
      world.stderr(`tar: ${(error as Error).message} (simulated container)\n`)
      return 1
    }
  },
  healthy(_args, { world }) {
    world.setHealthy?.(true)
    return 0
  },
  unhealthy(_args, { world }) {
    world.setHealthy?.(false)
    return 0
  },
  oom(_args, { world }) {
    world.outOfMemory?.()
    throw new Exit(137)
  },
}

const absolutePath = (world: ShellWorld, path: string): string => posix.resolve(world.workingDirectory, path)

function unescaped(text: string): string {
  return text.replace(/\\([nt\\])/g, (_match, char: string) => ({ n: '\n', t: '\t' })[char] ?? '\\')
}
