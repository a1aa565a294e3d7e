// Asks both servers everything of a subject and gathers where the answers differ.

import { type Difference, differences } from './compare.ts'
import type { Answered, Asked, Connection } from './connection.ts'
import type { Servers } from './servers.ts'
import type { Case, Step, Subject } from './subject.ts'

export interface Finding {
  readonly subject: string
  readonly name: string
  readonly asked: Asked
  readonly stockStatus: number
  readonly differences: readonly Difference[]
}

export interface Outcome {
  readonly cases: number
  readonly findings: readonly Finding[]
}

const atOnce = 16

/** A connection that broke is an answer as well: status 0. */
async function answerOf(server: Connection, asked: Asked): Promise<Answered> {
  for (let attempt = 0; ; attempt++)
    try {
      return await server.send(asked)
    } catch (error) {
      // Servers close connections that were idle just when they are used again.
      if (attempt === 1) return { status: 0, headers: {}, body: Buffer.from(String(error)) }
    }
}

/** Asks until the answer is so, for five seconds. */
async function askUntil(ask: () => Promise<Answered>, so: (answer: Answered) => boolean): Promise<Answered> {
  for (let attempt = 0; ; attempt++) {
    const answer = await ask()
    if (so(answer) || attempt === 50) return answer
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

/** What a definition defines is served a moment after it is there. */
const isServed = ({ status }: Answered) => status !== 404

/** What one subject leaves behind and every later request would meet. */
const inTheWay = [
  'validatingwebhookconfigurations',
  'mutatingwebhookconfigurations',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicybindings',
].map(resource => `/apis/admissionregistration.k8s.io/v1/${resource}`)

async function clear(server: Connection): Promise<void> {
  for (const path of inTheWay) await server.send({ method: 'DELETE', path })
  // The servers learn of it by watching.
  await new Promise(resolve => setTimeout(resolve, 500))
}

export async function runSubject(
  { stock, k8ts }: Servers,
  subject: Subject,
  choose: (name: string, index: number) => boolean = () => true,
): Promise<Outcome> {
  let cases = 0
  const findings: Finding[] = []
  const record = (name: string, asked: Asked, theirs: Answered, ours: Answered) => {
    cases++
    const found = differences(theirs, ours)
    if (found.length > 0)
      findings.push({ subject: subject.name, name, asked, stockStatus: theirs.status, differences: found })
  }
  if (subject.name.includes(': ')) await Promise.all([clear(stock), clear(k8ts)])
  for (const asked of subject.setup ?? []) {
    const { until = isServed } = asked
    const theirs = await askUntil(() => stock.send(asked), until)
    const ours = await askUntil(() => k8ts.send(asked), until)
    // Of statuses some are refused, by both.
    const refused = theirs.status >= 400 && !asked.path.endsWith('/status')
    if (theirs.status !== ours.status || refused)
      throw new Error(
        `${subject.name}: ${asked.method ?? 'GET'} ${asked.path}: stock ${theirs.status} ${String(theirs.body).slice(0, 500)}, k8ts ${ours.status} ${String(ours.body).slice(0, 500)}`,
      )
  }
  const waiting = (subject.cases?.() ?? [])[Symbol.iterator]()
  let index = 0
  const worker = async () => {
    for (let next = waiting.next(); !next.done; next = waiting.next()) {
      const each: Case = next.value
      if (!choose(each.name, index++)) continue
      const [theirs, ours] = await Promise.all([answerOf(stock, each), answerOf(k8ts, each)])
      record(each.name, each, theirs, ours)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  const tell = async (title: string, steps: readonly (Case | Step)[]) => {
    const [before, beforeOurs]: [Answered[], Answered[]] = [[], []]
    for (const step of steps) {
      const ask = (answers: readonly Answered[]): Asked => ('ask' in step ? step.ask(answers) : step)
      const until = ('until' in step && step.until) || (() => true)
      const asked = ask(before)
      const [theirs, ours] = await Promise.all([
        askUntil(() => answerOf(stock, asked), until),
        askUntil(() => answerOf(k8ts, ask(beforeOurs)), until),
      ])
      before.push(theirs)
      beforeOurs.push(ours)
      record(`${title}: ${step.name}`, asked, theirs, ours)
    }
  }
  const stories = Object.entries(subject.stories ?? {})[Symbol.iterator]()
  const teller = async () => {
    for (let next = stories.next(); !next.done; next = stories.next()) await tell(...next.value)
  }
  await Promise.all(Array.from({ length: subject.apart ? atOnce : 1 }, teller))
  return { cases, findings }
}
