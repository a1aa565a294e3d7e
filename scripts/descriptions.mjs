// What kinds and fields are for, in words, for `kubectl explain` and column headings: taken from the type comments of
// the official client package, which is generated from the same release. Writes dist/descriptions.json:
// model name → its description and those of its fields; `parameters` → those of query parameters.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const models = fileURLToPath(new URL('../node_modules/@kubernetes/client-node/dist/gen/models', import.meta.url))
const requests = fileURLToPath(
  new URL('../node_modules/@kubernetes/client-node/dist/gen/types/ObjectParamAPI.d.ts', import.meta.url),
)
const output = fileURLToPath(new URL('../dist/descriptions.json', import.meta.url))

/** `/** text *​/` directly above the class or above a quoted property. */
const classComment = /\/\*\*\n((?:\*.*\n|.*\n)*?)\*\/\nexport declare class (\w+)/
const fieldComment = /^ {4}\/\*\*\n([\s\S]*?)\n {4}\*\/\n {4}'([^']+)'\??:/gm

/** Some fields have the comment of their type instead of their own. */
const ofTheType = /^(IntOrString is a type|MicroTime is version of)/

/** What the generator of the client writes in place of characters that it takes for markup. */
const entities = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x60': '`', '#x3D': '=' }

const textOf = comment =>
  comment
    .split('\n')
    .map(line => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .replaceAll("\\'", "'")
    .replaceAll('\\"', '"')
    .replaceAll('\\\\', '\\')
    .replace(/\\?&(\w+|#\w+);/g, (_, name) => entities[name])
    .replaceAll('*_/', '*/')
    .replaceAll('/_*', '/*')
    // Paragraphs were joined by two spaces.
    .replaceAll('  ', '\n\n')
    .trim()

/** The names that the fields have in JSON, where the class has others (`_continue`). */
function jsonNames(javascript) {
  const names = {}
  for (const [, name, baseName] of javascript.matchAll(/"name": "([^"]+)",\s*"baseName": "([^"]+)"/g))
    names[name] = baseName
  return names
}

export function descriptions() {
  const all = {}
  for (const file of readdirSync(models).sort()) {
    if (!file.endsWith('.d.ts') || /^(all|ObjectSerializer)\./.test(file) || /V\d+(alpha|beta)\d+/.test(file)) continue
    const model = file.slice(0, -'.d.ts'.length)
    const source = readFileSync(join(models, file), 'utf8')
    const names = jsonNames(readFileSync(join(models, `${model}.js`), 'utf8'))
    const fields = {}
    for (const [, comment, name] of source.matchAll(fieldComment)) {
      const text = textOf(comment)
      if (!ofTheType.test(text)) fields[names[name] ?? name] = text
    }
    const heading = source.slice(source.indexOf('*/') + 2)
    const description = classComment.exec(heading)?.[1]
    all[model] = { description: description ? textOf(description) : '', fields }
  }
  all.parameters = { description: '', fields: parameters() }
  return all
}

/** Query parameters, from the comments of the request types: the first that has words. */
function parameters() {
  const fields = {}
  const comment = /\/\*\*\n([\s\S]*?)\n\s*\* Defaults to:[\s\S]*?\*\/\n\s*(?:'([^']+)'|(\w+))\??:/g
  for (const [, text, quoted, name] of readFileSync(requests, 'utf8').matchAll(comment)) {
    if (text.includes('@')) continue
    fields[(quoted ?? name).replace(/^_/, '')] ??= textOf(text)
  }
  return fields
}

export function writeDescriptions(file = output) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify(descriptions()))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeDescriptions()
