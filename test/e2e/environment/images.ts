// Container images without a registry: one static busybox makes them all. Comes in: what an image is called and what it
// runs. Goes out: an OCI image layout as one tar archive, as `ctr images import` takes it.

import { createHash } from 'node:crypto'
import { access, readFile } from 'node:fs/promises'
import { runOrThrow } from './process.ts'
import { type TarEntry, tar } from './tar.ts'

export interface TestImage {
  readonly name: string
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly env?: readonly string[]
  readonly user?: string
  readonly workingDir?: string
  /** Beside busybox's own. */
  readonly files?: readonly TarEntry[]
}

export const busyboxImage = 'docker.io/library/busybox:1.36'
/** The same under another tag, for rollouts. */
export const nextBusyboxImage = 'docker.io/library/busybox:1.37'
export const pauseImage = 'registry.k8s.io/pause:3.10'

/** Waits for a signal as process 1, which gets none by default, and for the children that fall to it. */
const pause = "trap 'exit 0' TERM INT; while :; do sleep 86400 & wait $!; done"

export const testImages: readonly TestImage[] = [
  { name: busyboxImage, command: ['sh'] },
  { name: nextBusyboxImage, command: ['sh'], env: ['BUSYBOX_IMAGE=1.37'] },
  { name: pauseImage, entrypoint: ['/bin/sh', '-c', pause] },
]

/** The archive with all the images. */
export async function imageArchive(images: readonly TestImage[] = testImages): Promise<Buffer> {
  const blobs = new Map<string, Buffer>()
  const add = (mediaType: string, content: Buffer | object) => {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content))
    const digest = createHash('sha256').update(bytes).digest('hex')
    blobs.set(digest, bytes)
    return { mediaType, digest: `sha256:${digest}`, size: bytes.length }
  }

  const base = tar(await busyboxFiles())
  const manifests = images.map(image => {
    const layers = [base, ...(image.files ? [tar(image.files)] : [])].map(layer =>
      add('application/vnd.oci.image.layer.v1.tar', layer),
    )
    const config = add('application/vnd.oci.image.config.v1+json', {
      architecture: { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch,
      os: 'linux',
      config: {
        Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...(image.env ?? [])],
        Entrypoint: image.entrypoint,
        Cmd: image.command,
        User: image.user,
        WorkingDir: image.workingDir,
      },
      rootfs: { type: 'layers', diff_ids: layers.map(layer => layer.digest) },
    })
    const manifest = add('application/vnd.oci.image.manifest.v1+json', { schemaVersion: 2, config, layers })
    return { ...manifest, annotations: { 'io.containerd.image.name': image.name } }
  })

  return tar([
    { path: 'oci-layout', type: 'file', content: JSON.stringify({ imageLayoutVersion: '1.0.0' }) },
    { path: 'index.json', type: 'file', content: JSON.stringify({ schemaVersion: 2, manifests }) },
    { path: 'blobs', type: 'directory' },
    { path: 'blobs/sha256', type: 'directory' },
    ...Array.from(blobs, ([digest, content]): TarEntry => ({ path: `blobs/sha256/${digest}`, type: 'file', content })),
  ])
}

/** busybox under each of its names, and what programs expect of a root file system. */
async function busyboxFiles(): Promise<TarEntry[]> {
  const path = await firstExisting('/usr/bin/busybox', '/bin/busybox')
  const applets = (await runOrThrow(path, ['--list'])).split('\n').filter(name => name !== '' && name !== 'busybox')
  const directories = ['bin', 'dev', 'etc', 'home', 'proc', 'root', 'run', 'sys', 'usr', 'usr/bin', 'usr/sbin', 'var']
  return [
    ...directories.map((directory): TarEntry => ({ path: directory, type: 'directory' })),
    { path: 'tmp', type: 'directory', mode: 0o1777 },
    { path: 'bin/busybox', type: 'file', content: await readFile(path), mode: 0o755 },
    ...applets.map((name): TarEntry => ({ path: `bin/${name}`, type: 'hardlink', target: 'bin/busybox' })),
    { path: 'usr/bin/env', type: 'symlink', target: '../../bin/env' },
    {
      path: 'etc/passwd',
      type: 'file',
      content: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n',
    },
    { path: 'etc/group', type: 'file', content: 'root:x:0:\nnogroup:x:65534:\n' },
  ]
}

async function firstExisting(...paths: string[]): Promise<string> {
  for (const path of paths) {
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path
  }
  throw new Error(`none of ${paths.join(', ')} is there: run test/e2e/install.sh`)
}
