import { getControllerOf } from '../../../machinery/owner-references.ts'
import { ageCell } from '../../cells.ts'
import type { ControllerRevision } from './controllerrevision.ts'

export function controllerRevisionCells(revision: ControllerRevision, now: number): unknown[] {
  return [revision.metadata.name, controllerCell(revision), revision.revision, ageCell(revision, now)]
}

/** `statefulset.apps/web` */
function controllerCell(revision: ControllerRevision): string {
  const controller = getControllerOf(revision)
  if (!controller) return '<none>'
  const { apiVersion, kind, name } = controller
  const group = apiVersion.includes('/') ? `.${apiVersion.slice(0, apiVersion.indexOf('/'))}` : ''
  return `${`${kind}${group}`.toLowerCase()}/${name}`
}
