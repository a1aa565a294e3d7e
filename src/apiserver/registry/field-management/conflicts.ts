// The answer to an apply patch that would change what others manage.

import type { Manager } from '../../../machinery/apply/managed-fields.ts'
import { printPath } from '../../../machinery/apply/path-element.ts'
import type { Conflict } from '../../../machinery/apply/updater.ts'
import { quote } from '../../../machinery/go-text.ts'
import { applyConflict, type StatusError } from '../../../machinery/status-error.ts'

export function conflictError(conflicts: readonly Conflict[]): StatusError {
  const causes = conflicts.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${print(manager)}`,
    field: printPath(path),
  }))
  return applyConflict(causes, conflictMessage(conflicts))
}

function conflictMessage(conflicts: readonly Conflict[]): string {
  const [only] = conflicts
  if (only && conflicts.length === 1)
    return `Apply failed with 1 conflict: conflict with ${print(only.manager)}: ${printPath(only.path)}`
  const byManager = new Map<string, string[]>()
  for (const { manager, path } of conflicts) {
    const name = print(manager)
    const lines = byManager.get(name)
    if (lines) lines.push(`- ${printPath(path)}`)
    else byManager.set(name, [`- ${printPath(path)}`])
  }
  const parts = [...byManager].sort(([a], [b]) => (a < b ? -1 : 1))
  const messages = parts.flatMap(([name, lines]) => [`conflicts with ${name}:`, ...lines])
  return `Apply failed with ${conflicts.length} conflicts: ${messages.join('\n')}`
}

function print({ manager, subresource, operation, apiVersion }: Manager): string {
  const name = subresource === '' ? quote(manager) : `${quote(manager)} with subresource ${quote(subresource)}`
  return operation === 'Update' ? `${name} using ${apiVersion}` : name
}
