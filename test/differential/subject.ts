// What is asked: a subject is a table of cases, each one request whose answer does not depend on the others, after a few
// requests that prepare the ground; or stories, whose requests follow each other.

import type { Answered, Asked } from './connection.ts'

export interface Question extends Asked {
  /** Asked again until the answer is so: what a controller of the server does, it does in its own time. */
  readonly until?: (answer: Answered) => boolean
}

export interface Case extends Question {
  readonly name: string
}

/** A step may use what earlier steps of its story were answered, by that server. */
export interface Step {
  readonly name: string
  ask(answers: readonly Answered[]): Asked
}

export interface Subject {
  readonly name: string
  /** One after the other, on both; they must succeed. */
  readonly setup?: readonly Question[]
  readonly cases?: () => Iterable<Case>
  /** Each is a sequence of its own. */
  readonly stories?: Readonly<Record<string, readonly (Case | Step)[]>>
  /** No story meets what another does, so that several can be told at once. */
  readonly apart?: boolean
}

/** The JSON of an earlier answer. */
export const json = (answer: Answered | undefined): any => JSON.parse(answer!.body.toString())
