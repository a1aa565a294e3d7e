import { expect, test } from 'vitest'
import { virtualEnv } from '../env/virtual-env.ts'
import { exponentialBuckets, MetricsRegistry } from './metrics.ts'
import { metricsText } from './text.ts'

test('families are written by name, with help, type and the labels in order', () => {
  const registry = new MetricsRegistry()
  const requests = registry.counter({
    name: 'requests_total',
    help: 'Requests "seen".',
    stability: 'STABLE',
    labels: ['verb', 'code'],
  })
  requests.with('GET', '200').inc()
  requests.with('GET', '200').inc(2)
  requests.with('a"b\\c\n', '500').inc()
  const sizes = registry.histogram({ name: 'a_sizes', help: 'Sizes.', stability: 'ALPHA', buckets: [1, 10] })
  for (const size of [0.5, 1, 2, 100]) sizes.with().observe(size)
  expect(metricsText(registry)).toBe(
    [
      '# HELP a_sizes [ALPHA] Sizes.',
      '# TYPE a_sizes histogram',
      'a_sizes_bucket{le="1"} 2',
      'a_sizes_bucket{le="10"} 3',
      'a_sizes_bucket{le="+Inf"} 4',
      'a_sizes_sum 103.5',
      'a_sizes_count 4',
      '# HELP requests_total [STABLE] Requests "seen".',
      '# TYPE requests_total counter',
      'requests_total{code="200",verb="GET"} 3',
      'requests_total{code="500",verb="a\\"b\\\\c\\n"} 1',
      '',
    ].join('\n'),
  )
})

test('a family whose children nobody has asked for is not written; one without labels is zero', () => {
  const registry = new MetricsRegistry()
  registry.gauge({ name: 'quiet', help: 'Nothing yet.', labels: ['who'] })
  registry.counter({ name: 'zero_total', help: 'None.' })
  expect(metricsText(registry)).toBe('# HELP zero_total None.\n# TYPE zero_total counter\nzero_total 0\n')
})

test('collectors bring values up to date before they are read', () => {
  const registry = new MetricsRegistry()
  const size = registry.gauge({ name: 'size', help: 'Now.' })
  let now = 1
  registry.onCollect(() => size.with().set(now))
  expect(metricsText(registry)).toContain('\nsize 1\n')
  now = 2500000
  expect(metricsText(registry)).toContain('\nsize 2.5e+06\n')
})

test('a name is declared once, and with as many values as labels', () => {
  const registry = new MetricsRegistry()
  const once = registry.counter({ name: 'once', help: '', labels: ['a'] })
  expect(() => registry.gauge({ name: 'once', help: '' })).toThrow('declared twice')
  expect(() => once.with('a', 'b')).toThrow('2 values were given')
})

test('exponential bounds', () => expect(exponentialBuckets(1000, 10, 3)).toEqual([1000, 10000, 100000]))

test('a summary has the quantiles of what was observed of late, to one percent', async () => {
  const { clock } = virtualEnv()
  const registry = new MetricsRegistry()
  const of = { name: 'took', help: 'Took.', labels: ['who'], clock, maxAge: 50_000 }
  const took = registry.summary(of).with('me')
  took.observe(1000)
  await clock.advance(25_000)
  for (let value = 1; value <= 1000; value++) took.observe(value / 1000)
  const quantileIsNear = (q: number, value: number) =>
    expect(Math.abs(took.quantile(q) / value - 1)).toBeLessThan(0.011)
  quantileIsNear(0.5, 0.5)
  quantileIsNear(1, 1000)
  // The first has aged; sum and count are of all that ever was.
  await clock.advance(25_000)
  quantileIsNear(1, 1)
  await clock.advance(50_000)
  expect(metricsText(registry)).toBe(
    [
      '# HELP took Took.',
      '# TYPE took summary',
      ...['0.5', '0.9', '0.99'].map(q => `took{who="me",quantile="${q}"} NaN`),
      'took_sum{who="me"} 1500.5',
      'took_count{who="me"} 1001',
      '',
    ].join('\n'),
  )
})
