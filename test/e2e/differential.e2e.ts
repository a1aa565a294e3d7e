// The API server answers as a stock kube-apiserver does: the same requests to both, and nothing differs but what is
// known to (`test/differential/known.ts`). Here every fiftieth variant of an object is asked; all of them, and where they
// differ, with `bash test/differential/run.sh`.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { unexplained } from '../differential/known.ts'
import { stockApiServer } from '../differential/programs.ts'
import { runSubject } from '../differential/run.ts'
import { type Servers, startServers } from '../differential/servers.ts'
import type { Subject } from '../differential/subject.ts'
import { subjects } from '../differential/subjects.ts'

let servers: Servers
beforeAll(async () => {
  servers = await startServers({ kubeApiserver: await stockApiServer(), etcd: 'etcd' })
}, 1_800_000)
afterAll(() => servers?.stop())

/** Variants come by the thousand and are alike; the first of each subject is the object itself. */
const chosen = ({ name }: Subject) => {
  const every = /^(create|update|status of) /.test(name) ? 50 : 1
  return (_case: string, index: number) => index % every === 0
}

const short = (value: unknown) => String(JSON.stringify(value)).slice(0, 400)

test.each(subjects.map(subject => [subject.name, subject] as const))('%s', async (_name, subject) => {
  const { findings } = await runSubject(servers, subject, chosen(subject))
  const mistakes = findings.flatMap(finding =>
    unexplained(finding).map(({ at, k8ts, stock }) => `${finding.name}: ${at}: ${short(k8ts)}, stock: ${short(stock)}`),
  )
  expect(mistakes).toEqual([])
})
