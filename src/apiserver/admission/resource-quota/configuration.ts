// ResourceQuotaConfiguration: resources that may only be used where a quota covers them.

import type { QuotaScope } from '../../../api/quota/evaluator.ts'

export interface LimitedResource {
  readonly apiGroup: string
  readonly resource: string
  /** Parts of the names of resources. */
  readonly matchContains: readonly string[]
  readonly matchScopes: readonly QuotaScope[]
}

interface Given {
  readonly limitedResources?: readonly Partial<LimitedResource>[]
}

export function limitedResources({ limitedResources: given = [] }: Given): readonly LimitedResource[] {
  return given.map(({ apiGroup = '', resource = '', matchContains = [], matchScopes = [] }) => ({
    apiGroup,
    resource,
    matchContains,
    matchScopes,
  }))
}
