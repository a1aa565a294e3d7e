// What a plugin says of a pod and a node. Success is `undefined`: nothing to say.

/** Pending: only the plugin's own event can help, so the pod waits without backoff. Skip: the plugin has no part in this. */
export type Code = 'Error' | 'Unschedulable' | 'UnschedulableAndUnresolvable' | 'Wait' | 'Skip' | 'Pending'

export class Status {
  readonly code: Code
  readonly reasons: readonly string[]
  /** The plugin that said so; '' for the framework itself. */
  readonly plugin: string
  /** Carries more than a message: a FitError, or what went wrong. */
  readonly error: Error | undefined

  constructor(code: Code, reasons: readonly string[], plugin = '', error?: Error) {
    this.code = code
    this.reasons = reasons
    this.plugin = plugin
    this.error = error
  }

  /** The pod cannot be there; nothing went wrong. */
  get rejected(): boolean {
    return this.code === 'Unschedulable' || this.code === 'UnschedulableAndUnresolvable' || this.code === 'Pending'
  }

  get message(): string {
    return this.error ? this.error.message : this.reasons.join(', ')
  }
}

/** Not here as things are; without some of the node's pods it might be. */
export const unschedulable = (plugin: string, ...reasons: string[]): Status =>
  new Status('Unschedulable', reasons, plugin)

/** Not here, whichever pods leave the node. */
export const unresolvable = (plugin: string, ...reasons: string[]): Status =>
  new Status('UnschedulableAndUnresolvable', reasons, plugin)

export const skip = new Status('Skip', [])

export function failed(error: unknown, plugin = ''): Status {
  return new Status('Error', [], plugin, error instanceof Error ? error : new Error(String(error)))
}
