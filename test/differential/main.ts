// Compares by hand: `bash test/differential/run.sh [part of a subject's name…]` prints what differs, and writes all of it
// to a file: what nothing in known.ts explains, or with ALL=1 everything. EVERY=10 asks a tenth.

import { writeFileSync } from 'node:fs'
import { unexplained } from './known.ts'
import { type Finding, runSubject } from './run.ts'
import { startServers } from './servers.ts'
import { subjects } from './subjects.ts'

const [kubeApiserver = '', ...wanted] = process.argv.slice(2)
const servers = await startServers({ kubeApiserver, etcd: process.env['ETCD'] ?? 'etcd' })
const file = process.env['OUT'] ?? '/tmp/k8ts-differential.json'
/** Only one case of so many, to be quick. */
const every = Number(process.env['EVERY'] ?? 1)
const all: Finding[] = []
let total = 0
try {
  for (const subject of subjects) {
    const asked = wanted.length === 0 || wanted.some(part => new RegExp(part, 'i').test(subject.name))
    if (!asked && !subject.name.startsWith('the ')) continue
    const began = Date.now()
    const { cases, findings } = await runSubject(servers, subject, (_name, index) => index % every === 0)
    const mistakes = findings.filter(finding => unexplained(finding).length > 0)
    total += cases
    all.push(...(process.env['ALL'] ? findings : mistakes))
    writeFileSync(file, JSON.stringify(all, null, 1))
    process.stdout.write(
      `${subject.name}: ${cases} cases, ${findings.length} differ, ${mistakes.length} unexplained, ${Date.now() - began} ms\n`,
    )
  }
} finally {
  await servers.stop()
}
process.stdout.write(`${total} cases, ${all.length} differ: ${file}\n`)
process.exit(0)
