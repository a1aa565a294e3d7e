import type { ResourceClaim } from '../../api/resource/v1/resourceclaim.ts'
import type { ControllerContext } from '../../client/controller.ts'

export interface ClaimState {
  /** Claims that were made and that the cache does not have yet, by their keys. */
  readonly made: Map<string, ResourceClaim>
}

export type ClaimContext = ControllerContext<ClaimState>
