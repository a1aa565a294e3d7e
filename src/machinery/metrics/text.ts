// Prometheus' text exposition format 0.0.4.

import { type Family, Histogram, type MetricsRegistry } from './metrics.ts'
import { Summary } from './summary.ts'

export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores'

/** Those that upstream's summaries show. */
const quantiles = [0.5, 0.9, 0.99]

const escapeHelp = (text: string): string => text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')
const escapeLabel = (text: string): string => escapeHelp(text).replace(/"/g, '\\"')

/** Everything the registry knows. Families without a child are left out, as upstream leaves them out. */
export function metricsText(registry: MetricsRegistry): string {
  const lines: string[] = []
  for (const family of registry.collect()) writeFamily(lines, family)
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function writeFamily(lines: string[], family: Family): void {
  const samples: string[] = []
  for (const { values, child } of family.children()) {
    // Exposition orders labels by name.
    const labels = family.labels
      .map((label, index) => [label, values[index]!] as const)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([label, value]) => `${label}="${escapeLabel(value)}"`)
    if (child instanceof Histogram) writeHistogram(samples, family.name, labels, child)
    else if (child instanceof Summary) writeSummary(samples, family.name, labels, child)
    else samples.push(`${family.name}${braced(labels)} ${number(child.value)}`)
  }
  if (samples.length === 0) return
  lines.push(`# HELP ${family.name} ${escapeHelp(family.help)}`, `# TYPE ${family.name} ${family.type}`, ...samples)
}

function writeHistogram(samples: string[], name: string, labels: readonly string[], histogram: Histogram): void {
  let total = 0
  histogram.counts.forEach((count, index) => {
    total += count
    const bound = index < histogram.bounds.length ? number(histogram.bounds[index]!) : '+Inf'
    samples.push(`${name}_bucket${braced([...labels, `le="${bound}"`])} ${total}`)
  })
  samples.push(`${name}_sum${braced(labels)} ${number(histogram.sum)}`, `${name}_count${braced(labels)} ${total}`)
}

function writeSummary(samples: string[], name: string, labels: readonly string[], summary: Summary): void {
  for (const quantile of quantiles)
    samples.push(`${name}${braced([...labels, `quantile="${quantile}"`])} ${number(summary.quantile(quantile))}`)
  samples.push(`${name}_sum${braced(labels)} ${number(summary.sum)}`, `${name}_count${braced(labels)} ${summary.count}`)
}

const braced = (labels: readonly string[]): string => (labels.length === 0 ? '' : `{${labels.join(',')}}`)

/** As Go's 'g' format writes a float: an exponent from 1e+21 up (or below 1e-4), of two digits at least. */
function number(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e21))
    return value.toExponential().replace(/e([+-])(\d)$/, (_all, sign, digit) => `e${sign}0${digit}`)
  // Prometheus' own writer turns to an exponent from 1e+06 up, but only for values that are not integers in text form.
  return Number.isInteger(value) && size >= 1e6 ? exponent(value) : String(value)
}

function exponent(value: number): string {
  return value.toExponential().replace(/e([+-])(\d)$/, (_all, sign, digit) => `e${sign}0${digit}`)
}
