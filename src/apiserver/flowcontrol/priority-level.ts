// A priority level at work: its configuration, its queues, and how many seats it may use now.

import type {
  LimitedPriorityLevelConfiguration,
  PriorityLevelConfiguration,
} from '../../api/flowcontrol/v1/prioritylevelconfiguration.ts'
import { DroppedRequests } from './dropped-requests.ts'
import { QueueSet, type QueueSetOptions, type QueuingConfiguration } from './queue-set.ts'

/** One request may take this part of its level's seats, at most. */
const mostSeatsFraction = 0.15

export class PriorityLevel {
  readonly name: string
  configuration: PriorityLevelConfiguration
  readonly queues: QueueSet
  readonly dropped = new DroppedRequests()
  /** Its object is gone; it lives on until its requests are over. */
  quiescing = false
  nominalLimit = 0
  /** What it keeps when it lends all it may. */
  lowerLimit = 0
  /** What it has when it borrows all it may. */
  upperLimit = 0
  currentLimit = 0
  /** What one request may take; 0: the level doesn't say. */
  mostSeats = 0
  target = 0

  constructor(configuration: PriorityLevelConfiguration, options: Omit<QueueSetOptions, 'configuration'>) {
    this.name = configuration.metadata.name!
    this.configuration = configuration
    this.queues = new QueueSet({ ...options, configuration: queuingOf(configuration)! })
  }

  get exempt(): boolean {
    return this.configuration.spec.type === 'Exempt'
  }

  get limited(): LimitedPriorityLevelConfiguration | undefined {
    return this.configuration.spec.limited
  }

  get uid(): string {
    return this.configuration.metadata.uid ?? ''
  }

  /** How many queues a flow is dealt, out of how many; one when there is nothing to choose. */
  get deck(): { readonly size: number; readonly hand: number } | undefined {
    const queuing = this.limited?.limitResponse.queuing
    return queuing && { size: queuing.queues ?? 1, hand: queuing.handSize ?? 1 }
  }

  get shares(): number {
    const { exempt, limited } = this.configuration.spec
    return exempt?.nominalConcurrencyShares ?? limited?.nominalConcurrencyShares ?? 0
  }

  /** Takes its part of the server's seats. */
  setLimits(serverLimit: number, allShares: number): void {
    const { exempt, limited } = this.configuration.spec
    const nominal = allShares === 0 ? 0 : Math.ceil((serverLimit * this.shares) / allShares)
    const lendable = Math.round((nominal * (exempt?.lendablePercent ?? limited?.lendablePercent ?? 0)) / 100)
    const borrowing = limited?.borrowingLimitPercent
    const isNew = this.currentLimit === 0 && this.nominalLimit === 0
    this.nominalLimit = nominal
    this.lowerLimit = nominal - lendable
    this.upperLimit = nominal + (borrowing === undefined ? serverLimit : Math.round((nominal * borrowing) / 100))
    if (isNew) this.currentLimit = nominal - Math.floor(lendable / 2)
    const { deck } = this
    this.mostSeats = deck
      ? Math.max(1, Math.min(Math.ceil(nominal * mostSeatsFraction), Math.floor(nominal / deck.hand)))
      : 0
  }

  apply(now: number): void {
    this.queues.reconfigure(queuingOf(this.configuration)!, this.currentLimit, now)
  }
}

/** undefined when the configuration contradicts itself: such an object is as good as none. */
export function queuingOf({ metadata, spec }: PriorityLevelConfiguration): QueuingConfiguration | undefined {
  const exempt = spec.type === 'Exempt'
  if (exempt !== (spec.exempt !== undefined) || (spec.type === 'Limited') !== (spec.limited !== undefined))
    return undefined
  if (exempt !== (metadata.name === 'exempt')) return undefined
  if (exempt) return { queues: -1, queueLengthLimit: 0 }
  const { type, queuing } = spec.limited!.limitResponse
  if ((type === 'Reject') !== (queuing === undefined)) return undefined
  return { queues: queuing?.queues ?? 0, queueLengthLimit: queuing?.queueLengthLimit ?? 0 }
}
