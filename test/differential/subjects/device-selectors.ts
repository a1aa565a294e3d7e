// Expressions of device selectors, which are compiled when they are written.

import type { Case, Subject } from '../subject.ts'

const d = 'device.attributes["d"]'

const expressions: readonly string[] = [
  ...['true', '1', '"a"', 'null', '[true]', '{"a": true}', 'device', 'device.driver', 'device.attributes', ''],
  ...['device.driver == "a"', 'device.driver == 1', 'device.nothing', 'self.driver', 'foo()', 'device.driver.foo()'],
  ...[d, `${d}.x`, `${d}["x"]`, `!${d}.x`, `${d}.x > 0`, `${d}.x.contains("a")`, `${d}.x.includes("a")`, `${d}.x.y.z`],
  ...[`${d}.x.exists(y, y > 0)`, `${d}.exists(y, y == "a")`, `${d}.all(k, v, v == 1)`, `[${d}.x, 1] == []`],
  ...[`${d}.x.isGreaterThan(semver("1.0.0"))`, `${d}.x in ["a"]`, `${d}.x == ${d}.y`, `"d" in device.attributes`],
  ...['device.capacity["d"].x', 'device.capacity["d"].x > 1', 'device.capacity["d"].x.isLessThan(quantity("1"))'],
  ...['device.allowMultipleAllocations', 'has(device.driver)', 'has(device.nothing)', `has(${d}.x)`, 'has(device)'],
  ...[`cel.bind(x, ${d}, x.y)`, 'cel.bind(x.y, 1, true)', 'cel.bind(x, 1)', 'other.bind(x, 1, true)', 'cel'],
  ...['kubernetes.DRADevice{driver: "x"} == device', 'kubernetes.DRADevice{x: 1} == device', 'dyn(true)'],
  ...['[1, dyn(2)] == []', '[1, "a"] == []', '"%s %d".format(["a", 1]) == ""', '"%d".format(["a"]) == ""'],
  ...['(true', 'size(device.driver', 'true true', '* true', 'true &&', '[1 2]', '{"a" 1}', `${d}.x.matches("(")`],
  ...['lists.range(10).all(x, x < 10)', 'lists.range(1000000).all(x, x < 10)', `${d}.x.matches(${d}.y)`],
  'device.attributes.all(x, device.attributes.all(y, device.attributes.all(z, x == y && y == z)))',
  'device.attributes.all(w, device.attributes.all(x, device.attributes.all(y, device.attributes.all(z, x == y))))',
  `device.driver == "${'x'.repeat(10 * 1024 - 19)}"`,
  `device.driver == "${'x'.repeat(10 * 1024)}"`,
]

function* cases(): Iterable<Case> {
  for (const expression of expressions)
    yield {
      name: expression.slice(0, 120),
      method: 'POST',
      path: '/apis/resource.k8s.io/v1/deviceclasses?dryRun=All',
      body: {
        apiVersion: 'resource.k8s.io/v1',
        kind: 'DeviceClass',
        metadata: { name: 'selecting' },
        spec: { selectors: [{ cel: { expression } }] },
      },
    }
}

export const deviceSelectors: readonly Subject[] = [{ name: 'expressions of DeviceClass selectors', cases }]
