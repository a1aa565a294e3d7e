// `Warning: 299 - "text"` headers (RFC 7234): each text once, and cut short when they are too long all together, since
// clients and proxies refuse answers with too much of a head.

const mostInAll = 4096
const mostOfEach = 256

export function warningHeaders(warnings: readonly string[]): string[] {
  const texts = [...new Set(warnings)].filter(text => text !== '' && !hasControlCharacter(text))
  const total = texts.reduce((sum, text) => sum + [...text].length, 0)
  if (total <= mostInAll) return texts.map(header)
  const kept: string[] = []
  let written = 0
  for (const text of texts) {
    if (written >= mostInAll) break
    const characters = [...text].slice(0, mostOfEach)
    written += characters.length
    kept.push(header(characters.join('')))
  }
  return kept
}

const header = (text: string): string => `299 - "${latin1(text.replace(/[\\"]/g, '\\$&'))}"`

/** Node writes headers as Latin-1, Go as UTF-8: each byte of the UTF-8 as one character. */
const latin1 = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: everything that is not ASCII
  /[^\x00-\x7f]/.test(text) ? Buffer.from(text).toString('latin1') : text

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a header must not have
const hasControlCharacter = (text: string): boolean => /[\x00-\x1f\x7f]/.test(text)
