// The arrows of the diagram: which room may import which.

import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { sourceFiles, sources } from './source-files.ts'

const everything = [
  'machinery',
  'api',
  'etcd',
  'apiserver',
  'client',
  'controllers',
  'scheduler',
  'kubelet',
  'proxy',
  'dns',
  'kubectl',
  'cluster',
  'cli',
]
const component = ['client', 'api', 'machinery']

/** What each room may import besides itself. */
const allowed: Record<string, readonly string[]> = {
  machinery: [],
  api: ['machinery'],
  etcd: ['machinery'],
  client: ['api', 'machinery'],
  apiserver: ['etcd', 'client', 'api', 'machinery'],
  controllers: component,
  scheduler: component,
  kubelet: component,
  proxy: component,
  dns: component,
  kubectl: component,
  cluster: everything,
  cli: everything,
}

const room = (file: string) => relative(sources, file).split('/')[0]!

test.each(Object.keys(allowed))('%s imports only what it may', name => {
  const wrong: string[] = []
  for (const file of sourceFiles({ tests: false })) {
    if (room(file) !== name) continue
    for (const [, specifier] of readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)) {
      const target = room(join(dirname(file), specifier!))
      if (target !== name && !allowed[name]!.includes(target))
        wrong.push(`${relative(sources, file)} imports ${specifier}`)
    }
  }
  expect(wrong).toEqual([])
})

test('every room is known to the rules', () => {
  expect([...new Set(sourceFiles({ tests: true }).map(room))].filter(name => !(name in allowed))).toEqual([])
})
