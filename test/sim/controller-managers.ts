// The controller managers of a simulated cluster: one, or two of which one leads. Each is a process that may die at any of
// its writes; what it does afterwards is lost.

import { legacyTokenIssuer } from '../../src/apiserver/authentication/legacy-token-issuer.ts'
import { serviceAccountUsername, systemPrivilegedGroup, type UserInfo } from '../../src/apiserver/user.ts'
import type { Client } from '../../src/client/client.ts'
import { LeaderElection } from '../../src/client/leader-election.ts'
import { createClient } from '../../src/client/rest-client.ts'
import { type ControlPlane, defaultClusterCIDR } from '../../src/cluster/control-plane.ts'
import { ControllerManager } from '../../src/controllers/controller-manager.ts'
import type { FaultyTransports } from './faulty-transport.ts'

const prefix = 'kube-controller-manager'

/** The users of a component's connections, and of what it runs. */
export function clientAs(plane: ControlPlane, faults: FaultyTransports, component: string, user: UserInfo): Client {
  return createClient(faults.wrap(component, () => plane.client(user, component).transport))
}

export const serviceAccountUser = (name: string): UserInfo => ({
  name: serviceAccountUsername('kube-system', name),
  groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
})

export class ControllerManagers {
  readonly #plane: ControlPlane
  readonly #faults: FaultyTransports
  readonly #running = new Map<string, () => Promise<void>>()
  readonly names: readonly string[]

  constructor(plane: ControlPlane, faults: FaultyTransports, count: number) {
    this.#plane = plane
    this.#faults = faults
    this.names = Array.from({ length: count }, (_, index) => `${prefix}/${index + 1}`)
  }

  isOne(component: string): boolean {
    return this.names.includes(component)
  }

  async start(name: string): Promise<void> {
    if (this.names.length === 1) {
      const manager = this.#manager(name)
      this.#running.set(name, () => manager.stop())
      return manager.start()
    }
    const over = new AbortController()
    let stopping: Promise<void> | undefined
    const { env } = this.#plane
    const elect = async (): Promise<void> => {
      while (!over.signal.aborted) {
        let manager: ControllerManager | undefined
        const election = new LeaderElection({
          client: this.#client(name),
          env,
          namespace: 'kube-system',
          name: prefix,
          identity: `${name}_${env.random.uuid()}`,
          lead: () => {
            manager = this.#manager(name)
            void manager.start()
          },
        })
        await election.run(over.signal)
        // A process that has lost its lease ends; whoever watches over it starts another.
        if (manager) this.#faults.kill(name)
        await manager?.stop()
      }
    }
    const running = elect()
    this.#running.set(name, () => {
      over.abort(new Error('killed'))
      stopping ??= running
      return stopping
    })
  }

  /** What is left of it in this process ends. */
  async stop(name: string): Promise<void> {
    const stop = this.#running.get(name)
    this.#running.delete(name)
    await stop?.()
  }

  async stopAll(): Promise<void> {
    for (const name of this.names) await this.stop(name)
  }

  #client(component: string): Client {
    const user = { name: 'system:kube-controller-manager', groups: [systemPrivilegedGroup] }
    return clientAs(this.#plane, this.#faults, component, user)
  }

  #manager(component: string): ControllerManager {
    const plane = this.#plane
    const { certificateAuthority, serviceAccountKey } = plane.pki
    return new ControllerManager({
      env: plane.env,
      client: this.#client(component),
      clientFor: name => clientAs(plane, this.#faults, component, serviceAccountUser(name)),
      rootCA: certificateAuthority.certificate,
      certificateAuthority,
      issueLegacyToken: legacyTokenIssuer(serviceAccountKey.privateKey),
      clusterCIDR: defaultClusterCIDR,
    })
  }
}
