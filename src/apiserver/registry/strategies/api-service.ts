// APIServices: which server answers for a group and version.

import type { APIService } from '../../../api/apiregistration/v1/apiservice.ts'
import { validateAPIService, validateAPIServiceStatus } from '../../../api/apiregistration/v1/apiservice.validation.ts'
import { localCondition } from '../../../api/apiregistration/v1/available-condition.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { nameIsPathSegment } from '../../../machinery/validation/names.ts'
import type { Strategy } from '../strategy.ts'

const asAPIService = (object: KubeObject) => object as unknown as APIService

export const apiServiceStrategy: Strategy = {
  allowUnconditionalUpdate: false,
  validateName: nameIsPathSegment,
  prepareForCreate(apiService, { server }) {
    if (!apiService['spec']?.service) apiService['status'] = { conditions: [localCondition(server.env.clock.now())] }
  },
  statusKeepsMetadata: true,
  validate: apiService => validateAPIService(asAPIService(apiService)),
  validateUpdate: apiService => validateAPIService(asAPIService(apiService)),
  validateStatusUpdate: apiService => validateAPIServiceStatus(asAPIService(apiService)),
}
