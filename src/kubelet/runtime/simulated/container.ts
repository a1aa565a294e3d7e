// One simulated container: created, running for as long as its command would, exited.
//
// Comes in: its configuration and the directions of its pod. Goes out: its status, its log, and what it writes while
// somebody is attached. A command of the simulated shell takes its time and ends with its exit code; every other program
// is taken to be one that runs until it is stopped, and the log says so.

import type { Env } from '../../../machinery/env/env.ts'
import { complete, type Decoded } from '../../../machinery/proto/message.ts'
import type { ContainerStreams } from '../container-runtime.ts'
import { ContainerConfig, type ContainerState } from '../cri/container.ts'
import type { Directions } from './directions.ts'
import { type MountedFiles, SimulatedFiles } from './files.ts'
import { isShellImage } from './images.ts'
import { SimulatedLog } from './log.ts'
import { isShell, isSimulated, runCommands, type ShellWorld, scriptOf } from './shell.ts'
import { type CommandList, parseArguments, parseScript } from './shell-syntax.ts'

/** What stops a container: it may take its time over the first, and has no say in the second. */
const KILLED = 137
const TERMINATED = 143

/** Why its program ends; no Error, for it is nobody's fault and happens to every container. */
class Stopped {
  readonly message = 'the container was stopped'
  readonly code: number

  constructor(code: number) {
    this.code = code
  }
}

export interface ContainerPlace {
  readonly env: Env
  readonly hostname: string
  readonly directions: Directions
  readonly mounted: MountedFiles
  /** Called once, when it has ended. */
  exited(): void
}

export class SimulatedContainer {
  readonly id: string
  readonly podSandboxId: string
  readonly imageId: string
  readonly config: Decoded<typeof ContainerConfig>
  readonly log: SimulatedLog
  readonly createdAt: number
  state: ContainerState = 'CONTAINER_CREATED'
  startedAt = 0
  finishedAt = 0
  exitCode = 0
  outOfMemory = false
  healthy = true
  readonly #place: ContainerPlace
  readonly #files: SimulatedFiles
  readonly #abort = new AbortController()
  /** Made when somebody asks: few do. */
  #over: AbortController | undefined
  readonly #attached = new Set<ContainerStreams>()
  #program: CommandList | undefined
  #ended: Promise<void> = Promise.resolve()

  constructor(id: string, podSandboxId: string, imageId: string, config: ContainerConfig, place: ContainerPlace) {
    this.id = id
    this.podSandboxId = podSandboxId
    this.imageId = imageId
    this.config = complete(ContainerConfig, config)
    this.log = new SimulatedLog(place.env.clock)
    this.createdAt = place.env.clock.now()
    this.#place = place
    this.#files = new SimulatedFiles(this.config.mounts, place.mounted, { '/etc/hostname': `${place.hostname}\n` })
    if (this.config.workingDir) this.#files.makeDirectory(this.config.workingDir)
  }

  /** Aborted once it has exited. */
  get over(): AbortSignal {
    this.#over ??= new AbortController()
    if (this.state === 'CONTAINER_EXITED') this.#over.abort(new Stopped(this.exitCode))
    return this.#over.signal
  }

  get environment(): Map<string, string> {
    const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'.split('=') as [string, string]
    const decoder = new TextDecoder()
    return new Map([
      path,
      ['HOSTNAME', this.#place.hostname],
      ...this.config.envs.map(({ key = '', value }) => [key, decoder.decode(value)] as const),
    ])
  }

  start(): void {
    this.state = 'CONTAINER_RUNNING'
    this.startedAt = this.#place.env.clock.now()
    this.#ended = this.#run().then(code => this.#exit(code))
  }

  /** Answers when it has ended: at once if it heeds the signal, else killed after the grace period (milliseconds). */
  async stop(gracePeriod: number): Promise<void> {
    if (this.state === 'CONTAINER_RUNNING') {
      if (gracePeriod > 0 && !this.#place.directions.ignoresStop) {
        // A server ends well when it is asked to; a script has no handler and dies of the signal.
        this.#abort.abort(new Stopped(this.#program ? TERMINATED : 0))
      } else {
        const ended = new AbortController()
        this.#abort.signal.addEventListener('abort', () => ended.abort(), { once: true })
        const early = this.#ended.then(() => ended.abort())
        await Promise.race([early, this.#place.env.clock.sleep(gracePeriod, ended.signal).catch(() => {})])
        this.kill()
      }
    }
    await this.#ended
  }

  kill(): void {
    this.#abort.abort(new Stopped(KILLED))
  }

  attach(streams: ContainerStreams): Promise<void> {
    if (this.state !== 'CONTAINER_RUNNING') return Promise.resolve()
    this.#attached.add(streams)
    const detached = new Promise<void>(resolve => {
      streams.signal?.addEventListener('abort', () => resolve(), { once: true })
    })
    return Promise.race([this.#ended, detached]).finally(() => this.#attached.delete(streams))
  }

  /** The world as the container's own process sees it, or (with other streams) one that is run beside it. */
  world(signal: AbortSignal, streams: Pick<ShellWorld, 'stdout' | 'stderr' | 'writeBytes' | 'stdin'>): ShellWorld {
    return {
      ...streams,
      clock: this.#place.env.clock,
      hostname: this.#place.hostname,
      workingDirectory: this.config.workingDir || '/',
      signal,
      files: this.#files,
      setHealthy: healthy => {
        this.healthy = healthy
      },
      outOfMemory: () => {
        this.outOfMemory = true
      },
    }
  }

  async #run(): Promise<number> {
    const { signal } = this.#abort
    try {
      const commands = this.#commands()
      if (commands && isSimulated(commands)) {
        this.#program = commands
        const world = this.world(signal, {
          stdout: text => this.#write('stdout', text),
          stderr: text => this.#write('stderr', text),
          writeBytes: chunk => this.#write('stdout', new TextDecoder().decode(chunk)),
        })
        return await runCommands(commands, this.environment, world)
      }
      const { image, command, args } = this.config
      const what =
        [...command, ...args].join(' ') || `the program of image ${image?.userSpecifiedImage || image?.image}`
      this.#write('stderr', `simulated container: taking "${what}" to run until it is stopped; nothing is executed\n`)
      return await new Promise<number>(resolve => {
        const end = () => resolve((signal.reason as Stopped).code)
        if (signal.aborted) end()
        else signal.addEventListener('abort', end, { once: true })
      })
    } catch (error) {
      if (error instanceof Stopped) return error.code
      this.#write('stderr', `simulated container: ${(error as Error).message}\n`)
      return 255
    }
  }

  /** What it runs; undefined when that is a program inside the image. */
  #commands(): CommandList | undefined {
    try {
      const { script } = this.#place.directions
      if (script !== undefined) return parseScript(script)
      const { image, command, args, stdin, tty } = this.config
      const words =
        command.length > 0 || isShellImage(image?.userSpecifiedImage || image?.image || '') ? [...command, ...args] : []
      if (words.length === 0) {
        // A shell whose input is at its end has nothing to do.
        return isShellImage(image?.userSpecifiedImage || image?.image || '') && !stdin && !tty ? [] : undefined
      }
      const inShell = isShell(words[0]!) ? scriptOf(words) : undefined
      return inShell === undefined ? parseArguments(words) : parseScript(inShell)
    } catch {
      // More shell than is simulated.
      return undefined
    }
  }

  #write(stream: 'stdout' | 'stderr', text: string): void {
    this.log.write(stream, text)
    const chunk = new TextEncoder().encode(text)
    for (const streams of this.#attached) streams[this.config.tty ? 'stdout' : stream](chunk)
  }

  #exit(code: number): void {
    this.exitCode = code
    this.state = 'CONTAINER_EXITED'
    this.finishedAt = this.#place.env.clock.now()
    this.#over?.abort(new Stopped(code))
    this.#place.exited()
  }
}
