// What is served below a resource's objects: for each subresource a declaration names, its handlers by verb.

import { groupResource, type ResourceDeclaration } from '../../../api/resource.ts'
import type { SubresourceHandler } from '../registry.ts'
import { patch } from '../verbs/patch.ts'
import { get } from '../verbs/read.ts'
import { update } from '../verbs/update.ts'
import { bind } from './binding.ts'
import { componentStatusHandlers } from './component-status.ts'
import { connectSubresources } from './connect.ts'
import { evict } from './eviction.ts'
import { reviewSubresources } from './reviews.ts'
import { getScale, patchScale, updateScale } from './scale.ts'

export type Handlers = Readonly<Record<string, SubresourceHandler>>

/** The parent's own verbs; the strategy tells by the subresource's name what may change. */
export const asParent: Handlers = { get, update: (...of) => update(...of), patch: (...of) => patch(...of) }
const scale: Handlers = { get: getScale, update: updateScale, patch: patchScale }

/** Handlers that belong to one resource, by `pods/binding`, or `bindings` for the resource's own verbs. */
const particular: Readonly<Record<string, Handlers>> = {
  bindings: { create: bind },
  componentstatuses: componentStatusHandlers,
  'pods/binding': { create: bind },
  'pods/eviction': { create: evict },
  ...connectSubresources,
  ...reviewSubresources,
}

/** Subresources that are the parent seen under another rule. */
const parentForms = new Set(['status', 'finalize', 'approval', 'ephemeralcontainers', 'resize'])

export function subresourcesOf(declaration: ResourceDeclaration): Record<string, Handlers> {
  const name = groupResource(declaration)
  const handlers: Record<string, Handlers> = {}
  const own = particular[name]
  if (own) handlers[''] = own
  for (const subresource of declaration.subresources) {
    const found =
      particular[`${name}/${subresource.name}`] ??
      (subresource.name === 'scale' ? scale : parentForms.has(subresource.name) ? asParent : undefined)
    if (found) handlers[subresource.name] = found
  }
  return handlers
}
