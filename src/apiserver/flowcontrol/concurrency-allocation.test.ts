import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../machinery/env/virtual-env.ts'
import { allocateSeats, type SeatClaim } from './concurrency-allocation.ts'

const claim = (lowerBound: number, upperBound: number, target: number): SeatClaim => ({
  lowerBound,
  upperBound,
  target,
})

describe('seats are given', () => {
  test.each<[string, number, SeatClaim[], number[] | undefined]>([
    ['in proportion to what is wanted', 30, [claim(0, 100, 10), claim(0, 100, 20)], [10, 20]],
    ['though more than is wanted', 60, [claim(0, 100, 10), claim(0, 100, 20)], [20, 40]],
    ['not below a lower bound', 30, [claim(20, 100, 20), claim(0, 100, 40)], [20, 10]],
    ['not above an upper bound', 60, [claim(0, 15, 20), claim(0, 100, 20)], [15, 45]],
    ['all there are, when that is exactly the lower bounds', 30, [claim(10, 50, 40), claim(20, 50, 40)], [10, 20]],
    ['all there are, when that is exactly the upper bounds', 100, [claim(10, 50, 40), claim(20, 50, 40)], [50, 50]],
    ['none, when there are none', 0, [claim(0, 5, 5)], [0]],
    ['not at all, when the lower bounds ask for too many', 20, [claim(10, 50, 40), claim(20, 50, 40)], undefined],
    ['not at all, when the upper bounds leave some over', 200, [claim(10, 50, 40), claim(20, 50, 40)], undefined],
  ])('%s', (_name, total, claims, seats) => {
    const allocation = allocateSeats(total, claims)
    expect(allocation?.seats.map(value => Math.round(value * 1e6) / 1e6)).toEqual(seats)
  })

  test('so that everyone who is not at a bound has the same proportion of what they want', () => {
    const random = new SeededRandom(11)
    for (let round = 0; round < 500; round++) {
      const claims = Array.from({ length: 1 + Math.floor(random.next() * 6) }, () => {
        const lower = Math.floor(random.next() * 20)
        return claim(lower, lower + Math.floor(random.next() * 50), lower + Math.floor(random.next() * 40))
      })
      const low = claims.reduce((sum, { lowerBound }) => sum + lowerBound, 0)
      const high = claims.reduce((sum, { upperBound }) => sum + upperBound, 0)
      const total = Math.round(low + random.next() * (high - low))
      const { seats, fairProportion } = allocateSeats(total, claims)!
      expect(seats.reduce((sum, value) => sum + value, 0)).toBeCloseTo(total, 5)
      claims.forEach(({ lowerBound, upperBound, target }, index) => {
        const given = seats[index]!
        expect(given).toBeGreaterThanOrEqual(lowerBound - 1e-6)
        expect(given).toBeLessThanOrEqual(upperBound + 1e-6)
        const fair = fairProportion * Math.max(target, 0.001)
        if (given > lowerBound + 1e-5 && given < upperBound - 1e-5) expect(given).toBeCloseTo(fair, 4)
      })
    }
  })
})
