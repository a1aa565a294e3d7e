// The revisions that are an object's: those it controls, and those of its labels that nobody does, which it adopts.

import { type ControllerRevision, controllerRevisions } from '../../api/apps/v1/controllerrevision.ts'
import type { ResourceDeclaration } from '../../api/resource.ts'
import type { ReconcileContext } from '../../client/controller.ts'
import type { Selector } from '../../machinery/labels.ts'
import { candidates, claimObjects, type Owned } from '../controller-ref.ts'

export function ownRevisions<Owner extends Owned>(
  owner: Owner,
  kind: ResourceDeclaration<Owner>,
  selector: Selector,
  { client, lister }: ReconcileContext,
): Promise<ControllerRevision[]> {
  const objects = candidates(lister(controllerRevisions), owner)
  return claimObjects({ client, owner, kind, selector, objects, resource: controllerRevisions })
}
