// What decides how a simulation goes: the options of the whole runtime, and the annotations of a pod.

import type { MountedFiles } from './files.ts'

export interface SimulatedRuntimeOptions {
  /** IPv4; `updateRuntimeConfig` may give another one later. */
  readonly podCidr?: string
  /** How long things take, in milliseconds. */
  readonly delays?: Partial<SimulatedDelays>
  /** What the volumes hold. */
  readonly mounted?: MountedFiles
}

export interface SimulatedDelays {
  readonly runPodSandbox: number
  readonly createContainer: number
  readonly startContainer: number
  readonly stopContainer: number
  readonly pullImage: number
}

export const defaultDelays: SimulatedDelays = {
  runPodSandbox: 20,
  createContainer: 5,
  startContainer: 10,
  stopContainer: 10,
  pullImage: 50,
}

export interface Directions {
  /** Run in place of the container's command. */
  readonly script?: string
  /** Goes on after it was asked to stop, until it is killed. */
  readonly ignoresStop: boolean
}

const annotation = (name: string) => `simulated.k8ts.dev/${name}`

export function directionsFor(container: string, annotations: Readonly<Record<string, string>>): Directions {
  const script = annotations[annotation(`run.${container}`)] ?? annotations[annotation('run')]
  return { ...(script === undefined ? {} : { script }), ignoresStop: annotations[annotation('ignore-stop')] === 'true' }
}
