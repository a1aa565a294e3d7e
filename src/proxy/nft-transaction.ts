// What `nft` is told so that the kernel's table becomes a ruleset: all of it the first time, the difference afterwards.
// One text is one transaction: packets see the table before it or after it, nothing between. Pure.

import type { Chain, NamedSet, Ruleset } from './ruleset.ts'

export const tableName = 'kube-proxy'

/** What the kernel holds after a transaction. */
export interface Applied {
  readonly ruleset: Ruleset
  /** Emptied, and unused: the kernel can't remove a chain in the transaction that removes the last way into it. */
  readonly staleChains: ReadonlySet<string>
  readonly staleSets: ReadonlySet<string>
}

export interface Transaction {
  /** '' when nothing has to change. */
  readonly text: string
  readonly after: Applied
}

const none: ReadonlySet<string> = new Set()

export function transaction(next: Ruleset, before: Applied | undefined): Transaction {
  return before && before.ruleset.family === next.family && !redeclares(next, before)
    ? difference(next, before)
    : whole(next)
}

/** The timeout of an affinity set has changed, and a set's declaration can't be. */
function redeclares(next: Ruleset, { ruleset }: Applied): boolean {
  const old = byName(ruleset.sets)
  return next.sets.some(({ name, declaration }) => (old.get(name)?.declaration ?? declaration) !== declaration)
}

/** Removes the table; no error when there is none. */
export function removal(family: Ruleset['family']): string {
  return `add table ${family} ${tableName}\ndelete table ${family} ${tableName}\n`
}

function whole(next: Ruleset): Transaction {
  const write = new Writer(next)
  write.command('add table', '')
  for (const set of next.sets) write.addSet(set)
  for (const chain of next.chains) write.addChain(chain)
  for (const chain of next.chains) write.addRules(chain)
  for (const set of next.sets) write.elements('add', set, [...set.elements])
  return {
    text: removal(next.family) + write.text(),
    after: { ruleset: next, staleChains: none, staleSets: none },
  }
}

function difference(next: Ruleset, before: Applied): Transaction {
  const write = new Writer(next)
  const oldSets = byName(before.ruleset.sets)
  const oldChains = byName(before.ruleset.chains)
  const newSets = byName(next.sets)
  const newChains = byName(next.chains)

  for (const name of before.staleChains) if (!newChains.has(name)) write.command('delete chain', name)
  for (const name of before.staleSets) if (!newSets.has(name)) write.command('delete set', name)
  for (const set of next.sets) if (!oldSets.has(set.name)) write.addSet(set)
  for (const chain of next.chains) if (!oldChains.has(chain.name)) write.addChain(chain)
  for (const set of next.sets) {
    const old = oldSets.get(set.name)?.elements ?? new Map<string, string>()
    write.elements(
      'delete',
      set,
      [...old].filter(([key, value]) => set.elements.get(key) !== value),
    )
  }
  for (const chain of next.chains) {
    const old = oldChains.get(chain.name)
    if (old && sameRules(old, chain)) continue
    if (old || before.staleChains.has(chain.name)) write.command('flush chain', chain.name)
    write.addRules(chain)
  }
  for (const set of next.sets) {
    const old = oldSets.get(set.name)?.elements ?? new Map<string, string>()
    write.elements(
      'add',
      set,
      [...set.elements].filter(([key, value]) => old.get(key) !== value),
    )
  }
  const staleChains = [...oldChains.keys()].filter(name => !newChains.has(name))
  for (const name of staleChains) write.command('flush chain', name)
  const staleSets = [...oldSets.keys()].filter(name => !newSets.has(name))
  return {
    text: write.text(),
    after: { ruleset: next, staleChains: new Set(staleChains), staleSets: new Set(staleSets) },
  }
}

const byName = <T extends { readonly name: string }>(all: readonly T[]): Map<string, T> =>
  new Map(all.map(one => [one.name, one]))

const sameRules = (a: Chain, b: Chain): boolean =>
  a.rules.length === b.rules.length && a.rules.every((rule, index) => rule === b.rules[index])

class Writer {
  readonly #table: string
  readonly #lines: string[] = []

  constructor({ family }: Ruleset) {
    this.#table = `${family} ${tableName}`
  }

  command(verb: string, rest: string): void {
    this.#lines.push(`${verb} ${this.#table}${rest === '' ? '' : ` ${rest}`}`)
  }

  addSet({ kind, name, declaration }: NamedSet): void {
    this.command(`add ${kind}`, `${name} { ${declaration} }`)
  }

  addChain({ name, hook }: Chain): void {
    this.command('add chain', hook ? `${name} { ${hook} }` : name)
  }

  addRules({ name, rules }: Chain): void {
    for (const rule of rules) this.command('add rule', `${name} ${rule}`)
  }

  elements(verb: 'add' | 'delete', { name }: NamedSet, elements: readonly (readonly [string, string])[]): void {
    if (elements.length === 0) return
    const list = elements.map(([key, value]) => (value === '' ? key : `${key} : ${value}`)).join(', ')
    this.command(`${verb} element`, `${name} { ${list} }`)
  }

  text(): string {
    return this.#lines.map(line => `${line}\n`).join('')
  }
}
