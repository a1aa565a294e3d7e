// What every node has and what is taken, as a struct of arrays: one typed array per resource, one place in each per node.
// Filtering and scoring thousands of nodes then reads a few flat arrays and allocates nothing.

/** The first columns; extended resources, huge pages and the like get further ones as they are met. */
export const cpuColumn = 0
export const memoryColumn = 1
export const ephemeralStorageColumn = 2

export class ResourceTable {
  /** By column, then by node: cpu in thousandths, everything else whole. */
  readonly allocatable: Float64Array[] = []
  readonly requested: Float64Array[] = []
  /** Requests with a floor for containers that ask for nothing, so that they spread too. */
  nonZeroCpu: Float64Array
  nonZeroMemory: Float64Array
  allowedPods: Int32Array
  podCount: Int32Array
  readonly names: string[] = []
  readonly #columns = new Map<string, number>()
  readonly #free: number[] = []
  #size = 0
  #capacity = 64

  constructor() {
    this.nonZeroCpu = new Float64Array(this.#capacity)
    this.nonZeroMemory = new Float64Array(this.#capacity)
    this.allowedPods = new Int32Array(this.#capacity)
    this.podCount = new Int32Array(this.#capacity)
    for (const name of ['cpu', 'memory', 'ephemeral-storage']) this.column(name)
  }

  /** The column of a resource; made when it is new. */
  column(name: string): number {
    const known = this.#columns.get(name)
    if (known !== undefined) return known
    const column = this.names.push(name) - 1
    this.#columns.set(name, column)
    this.allocatable.push(new Float64Array(this.#capacity))
    this.requested.push(new Float64Array(this.#capacity))
    return column
  }

  /** A place for a node, all zero. */
  claim(): number {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#size === this.#capacity) this.#grow()
    return this.#size++
  }

  release(index: number): void {
    for (const column of this.allocatable) column[index] = 0
    for (const column of this.requested) column[index] = 0
    this.nonZeroCpu[index] = this.nonZeroMemory[index] = 0
    this.allowedPods[index] = this.podCount[index] = 0
    this.#free.push(index)
  }

  setAllocatable(index: number, amounts: ReadonlyMap<string, number>): void {
    for (const column of this.allocatable) column[index] = 0
    for (const [name, amount] of amounts) this.allocatable[this.column(name)]![index] = amount
  }

  /** Adds (or, with -1, takes back) what one pod asks for. */
  account(index: number, requests: Requests, sign: 1 | -1): void {
    const { columns, amounts } = requests
    for (let at = 0; at < columns.length; at++) this.requested[columns[at]!]![index]! += sign * amounts[at]!
    this.nonZeroCpu[index]! += sign * requests.nonZeroCpu
    this.nonZeroMemory[index]! += sign * requests.nonZeroMemory
    this.podCount[index]! += sign
  }

  #grow(): void {
    this.#capacity *= 2
    const larger = (from: Float64Array) => {
      const to = new Float64Array(this.#capacity)
      to.set(from)
      return to
    }
    for (let column = 0; column < this.names.length; column++) {
      this.allocatable[column] = larger(this.allocatable[column]!)
      this.requested[column] = larger(this.requested[column]!)
    }
    this.nonZeroCpu = larger(this.nonZeroCpu)
    this.nonZeroMemory = larger(this.nonZeroMemory)
    const allowed = new Int32Array(this.#capacity)
    allowed.set(this.allowedPods)
    this.allowedPods = allowed
    const count = new Int32Array(this.#capacity)
    count.set(this.podCount)
    this.podCount = count
  }
}

/** What a pod asks for, in the table's columns; only amounts above zero. */
export interface Requests {
  readonly columns: readonly number[]
  readonly names: readonly string[]
  readonly amounts: readonly number[]
  readonly nonZeroCpu: number
  readonly nonZeroMemory: number
}
