// The real world, for the parts of k8ts that a test drives by itself. The cluster under test has its own.

import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Env, silentLogger } from '../../../src/machinery/env/env.ts'

export const testEnv: Env = {
  clock: {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    setTimeout(callback, milliseconds) {
      const timer = setTimeout(callback, milliseconds)
      return { cancel: () => clearTimeout(timer) }
    },
    setInterval(callback, milliseconds) {
      const timer = setInterval(callback, milliseconds)
      return { cancel: () => clearInterval(timer) }
    },
    setImmediate: callback => void setImmediate(callback),
    sleep: (milliseconds, signal) => sleep(milliseconds, undefined, signal ? { signal } : {}),
  },
  random: {
    next: () => Math.random(),
    bytes: length => randomBytes(length),
    uuid: () => randomUUID(),
  },
  log: silentLogger,
}
