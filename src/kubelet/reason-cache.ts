// Why a container could not be started the last time, for the `waiting` state of its status: ErrImagePull,
// CrashLoopBackOff, CreateContainerConfigError and the like.

export interface StartFailure {
  readonly reason: string
  readonly message: string
}

export class ReasonCache {
  readonly #failures = new Map<string, StartFailure>()

  set(podUid: string, container: string, failure: StartFailure): void {
    this.#failures.set(`${podUid}_${container}`, failure)
  }

  get(podUid: string, container: string): StartFailure | undefined {
    return this.#failures.get(`${podUid}_${container}`)
  }

  delete(podUid: string, container: string): void {
    this.#failures.delete(`${podUid}_${container}`)
  }

  forgetPod(podUid: string): void {
    for (const key of this.#failures.keys()) if (key.startsWith(`${podUid}_`)) this.#failures.delete(key)
  }
}
