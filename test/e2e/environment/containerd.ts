// A containerd of the tests' own: its root, state, socket, CNI network and bridge belong to one temporary directory, and
// go with it. The machine's containerd, where there is one, is neither used nor touched.

import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ContainerRuntime } from '../../../src/kubelet/runtime/container-runtime.ts'
import { criRuntime, probeRuntime } from '../../../src/kubelet/runtime/cri-runtime.ts'
import { imageArchive, pauseImage, type TestImage, testImages } from './images.ts'
import { unmountAllBelow } from './mounts.ts'
import { eventually, RunningProcess, run, runOrThrow } from './process.ts'
import { testEnv } from './test-env.ts'

export interface ContainerdOptions {
  /** Of the pods' network: 10.244.0.0/24 unless told. Two at a time need two. */
  readonly podCidr?: string
  readonly images?: readonly TestImage[]
}

export class Containerd {
  /** What to give to `--cri-endpoint`. */
  readonly endpoint: string
  readonly directory: string
  readonly #snapshotter: string
  #process: RunningProcess

  private constructor(directory: string, snapshotter: string) {
    this.directory = directory
    this.endpoint = `unix://${join(directory, 'containerd.sock')}`
    this.#snapshotter = snapshotter
    this.#process = this.#spawn()
  }

  static async start(options: ContainerdOptions = {}): Promise<Containerd> {
    await removeLeftovers()
    const directory = await mkdtemp(join(tmpdir(), `${directoryPrefix}${process.pid}-`))
    const bridge = bridgeOf(directory)
    const snapshotter = (await canMountOverlay(directory)) ? 'overlayfs' : 'native'
    await writeConfiguration(directory, bridge, snapshotter, options.podCidr ?? '10.244.0.0/24')
    const containerd = new Containerd(directory, snapshotter)
    try {
      await containerd.#ready()
      await containerd.importImages(options.images ?? testImages)
      return containerd
    } catch (error) {
      await containerd.stop()
      throw error
    }
  }

  /** Our own CRI client, connected to it. */
  connect(): Promise<ContainerRuntime> {
    return criRuntime(this.endpoint, testEnv)
  }

  async importImages(images: readonly TestImage[]): Promise<void> {
    const archive = join(this.directory, 'images.tar')
    await writeFile(archive, await imageArchive(images))
    await this.ctr('images', 'import', '--snapshotter', this.#snapshotter, archive)
    await rm(archive)
    // containerd tells its CRI service of new images in its own time.
    const runtime = await this.connect()
    try {
      await eventually(async () => {
        for (const { name } of images) {
          const { image } = await runtime.imageStatus({ image: { image: name } })
          if (!image) throw new Error(`containerd does not show the imported image ${name}`)
        }
      })
    } finally {
      runtime.close()
    }
  }

  /** containerd's own command line client, in the namespace of the CRI. */
  ctr(...args: string[]): Promise<string> {
    return runOrThrow('ctr', ['--address', join(this.directory, 'containerd.sock'), '--namespace', 'k8s.io', ...args])
  }

  /** Ends containerd and starts it again; the containers go on. */
  async restart(): Promise<void> {
    await this.#process.stop()
    this.#process = this.#spawn()
    await this.#ready()
  }

  /** Removes every pod, ends containerd and what it left, and takes away the bridge and the directory. */
  async stop(): Promise<void> {
    await this.#removePods().catch(() => {})
    await this.#process.stop().catch(() => {})
    await removeTraces(this.directory)
  }

  #spawn(): RunningProcess {
    return new RunningProcess('containerd', ['--config', join(this.directory, 'config.toml')])
  }

  async #ready(): Promise<void> {
    await eventually(async () => {
      const answer = await probeRuntime(this.endpoint, testEnv)
      if (answer instanceof Error) throw new Error(`${answer.message}\n${this.#process.stderr}`)
    })
  }

  async #removePods(): Promise<void> {
    const runtime = await this.connect()
    try {
      const { items } = await runtime.listPodSandbox({})
      await Promise.all(
        items.map(async ({ id: podSandboxId }) => {
          await runtime.stopPodSandbox({ podSandboxId }, { timeout: 20_000 })
          await runtime.removePodSandbox({ podSandboxId }, { timeout: 20_000 })
        }),
      )
    } finally {
      runtime.close()
    }
  }
}

/** Of every directory of a run; its process's number follows. */
export const directoryPrefix = 'k8ts-e2e-'

/** An interface's name has 15 characters at most. */
const bridgeOf = (directory: string) => `k8ts-${directory.slice(-6).toLowerCase()}`

/** What a containerd that has ended leaves on the machine: shims with their containers, mounts, its bridge. */
async function removeTraces(directory: string): Promise<void> {
  for (const pid of await shims(directory)) process.kill(pid, 'SIGKILL')
  await eventually(async () => {
    if ((await shims(directory)).length > 0) throw new Error('a containerd shim does not end')
  })
  for (const pid of await containers(directory)) process.kill(pid, 'SIGKILL')
  await unmountAllBelow(directory)
  await run('ip', ['link', 'delete', bridgeOf(directory)])
  await removeAddressRules(bridgeOf(directory))
  await rm(directory, { recursive: true, force: true, maxRetries: 5 })
}

/** The rules that CNI makes for each pod that reaches out, under the name of its network. */
async function removeAddressRules(network: string): Promise<void> {
  const rules = (await run('iptables', ['--wait', '-t', 'nat', '-S', 'POSTROUTING'])).stdout.split('\n')
  for (const rule of rules.filter(line => line.includes(`name: \\"${network}\\"`))) {
    await run('sh', ['-c', `iptables --wait -t nat ${rule.replace('-A', '-D')}`])
    const chain = /-j (CNI-\w+)/.exec(rule)?.[1]
    if (!chain) continue
    await run('iptables', ['--wait', '-t', 'nat', '-F', chain])
    await run('iptables', ['--wait', '-t', 'nat', '-X', chain])
  }
}

/** Test runs that were killed could not clean up; their directories carry the number of the process that is no more. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const owner = name.startsWith(directoryPrefix) ? /^\d+/.exec(name.slice(directoryPrefix.length))?.[0] : undefined
    if (owner === undefined) continue
    const alive = await access(`/proc/${owner}`).then(
      () => true,
      () => false,
    )
    if (!alive) await removeTraces(join(tmpdir(), name))
  }
}

/** The shims of a containerd: they outlive it, and carry its socket's path on their command line. */
async function shims(directory: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number)
  const socket = join(directory, 'containerd.sock')
  const ours = await Promise.all(
    pids.map(async pid => {
      const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
      return words[0]?.includes('containerd-shim') && words.includes(socket)
    }),
  )
  return pids.filter((_pid, index) => ours[index])
}

/** The first process of each container that is still there; the others in it end with that one. */
async function containers(directory: string): Promise<number[]> {
  const bundles = join(directory, 'state/io.containerd.runtime.v2.task/k8s.io')
  const pids: number[] = []
  for (const id of await readdir(bundles).catch(() => [])) {
    const pid = (await readFile(join(bundles, id, 'init.pid'), 'utf8').catch(() => '')).trim()
    const cgroup = pid && (await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => ''))
    if (cgroup.includes(id)) pids.push(Number(pid))
  }
  return pids
}

async function writeConfiguration(directory: string, bridge: string, snapshotter: string, podCidr: string) {
  const cniDirectory = join(directory, 'cni')
  await mkdir(cniDirectory)
  const cniPrograms = await access('/usr/lib/cni/bridge').then(
    () => '/usr/lib/cni',
    () => '/opt/cni/bin',
  )
  await writeFile(
    join(directory, 'config.toml'),
    `version = 2
root = "${directory}/root"
state = "${directory}/state"

[grpc]
  address = "${directory}/containerd.sock"

[plugins."io.containerd.internal.v1.opt"]
  path = "${directory}/opt"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  # Nested machines may not lower a process's OOM score below their own.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "${snapshotter}"

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${cniPrograms}"
    conf_dir = "${cniDirectory}"
`,
  )
  await writeFile(
    join(cniDirectory, '10-k8ts.conflist'),
    JSON.stringify({
      cniVersion: '0.4.0',
      name: bridge,
      plugins: [
        {
          type: 'bridge',
          bridge,
          isGateway: true,
          ipMasq: true,
          hairpinMode: true,
          ipam: {
            type: 'host-local',
            dataDir: join(directory, 'addresses'),
            ranges: [[{ subnet: podCidr }]],
            routes: [{ dst: '0.0.0.0/0' }],
          },
        },
        { type: 'portmap', capabilities: { portMappings: true } },
      ],
    }),
  )
}

/** An overlay cannot stand on every file system: not on another overlay, for one. */
async function canMountOverlay(directory: string): Promise<boolean> {
  const trial = join(directory, 'trial')
  for (const name of ['lower', 'upper', 'work', 'merged']) await mkdir(join(trial, name), { recursive: true })
  const layers = `lowerdir=${trial}/lower,upperdir=${trial}/upper,workdir=${trial}/work`
  const mounted = await run('mount', ['-t', 'overlay', 'overlay', '-o', layers, join(trial, 'merged')])
  if (mounted.code === 0) await run('umount', [join(trial, 'merged')])
  await rm(trial, { recursive: true, force: true })
  return mounted.code === 0
}
