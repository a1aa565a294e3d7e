// Writes tar archives (ustar) in memory, the same bytes for the same entries: the layers and layouts of test images.

export type TarEntry =
  | { readonly path: string; readonly type: 'file'; readonly content: Uint8Array | string; readonly mode?: number }
  | { readonly path: string; readonly type: 'directory'; readonly mode?: number }
  | { readonly path: string; readonly type: 'symlink'; readonly target: string }
  | { readonly path: string; readonly type: 'hardlink'; readonly target: string }

const BLOCK = 512
const typeFlags = { file: '0', hardlink: '1', symlink: '2', directory: '5' } as const

export function tar(entries: readonly TarEntry[]): Buffer {
  const blocks: Buffer[] = []
  for (const entry of entries) {
    const content = entry.type === 'file' ? Buffer.from(entry.content as string) : Buffer.alloc(0)
    blocks.push(header(entry, content.length), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK))
  }
  // An archive ends with two empty blocks.
  blocks.push(Buffer.alloc(2 * BLOCK))
  return Buffer.concat(blocks)
}

function header(entry: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(BLOCK)
  const path = entry.type === 'directory' ? `${entry.path.replace(/\/$/, '')}/` : entry.path
  const target = 'target' in entry ? entry.target : ''
  if (path.length > 100 || target.length > 100) throw new Error(`too long a path for ustar: ${path} ${target}`)
  const mode = 'mode' in entry && entry.mode !== undefined ? entry.mode : entry.type === 'file' ? 0o644 : 0o755
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`
  block.write(path, 0)
  block.write(octal(mode, 8), 100)
  block.write(octal(0, 8), 108) // owner
  block.write(octal(0, 8), 116) // group
  block.write(octal(size, 12), 124)
  block.write(octal(0, 12), 136) // modification time
  block.write('        ', 148) // the checksum counts itself as spaces
  block.write(typeFlags[entry.type], 156)
  block.write(target, 157)
  block.write('ustar\x0000', 257)
  block.write(
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  )
  return block
}
