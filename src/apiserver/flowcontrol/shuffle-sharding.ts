// Shuffle sharding: each flow may use a few of the many queues, so that one that floods shares all of its queues with
// hardly any other flow (upstream: apiserver/pkg/util/shufflesharding).

import { createHash } from 'node:crypto'

/** The entropy that decides a flow's hand: the first eight bytes, as a number, of a hash of its names. */
export function flowHash(flowSchema: string, distinguisher: string): bigint {
  const digest = createHash('sha256').update(flowSchema).update('\0').update(distinguisher).digest()
  return digest.readBigUInt64LE(0)
}

/** Deals `handSize` different queues out of `deckSize`, the same ones for the same hash. */
export function dealHand(hash: bigint, deckSize: number, handSize: number): number[] {
  const remainders: number[] = []
  let rest = hash
  for (let index = 0; index < handSize; index++) {
    const cards = BigInt(deckSize - index)
    remainders.push(Number(rest % cards))
    rest /= cards
  }
  // A remainder counts the cards that are left; going back over those dealt before makes it a card of the whole deck.
  return remainders.map((remainder, index) => {
    let card = remainder
    for (let before = index; before > 0; before--) if (card >= remainders[before - 1]!) card++
    return card
  })
}
