import { defaulter } from '../../defaulter.ts'
import { DeviceSubRequest, ExactDeviceRequest } from './resourceclaim.ts'

function setCount(request: { allocationMode?: string; count?: number }): void {
  if (request.allocationMode === 'ExactCount') request.count ||= 1
}

export const deviceRequestDefaults = [defaulter(ExactDeviceRequest, setCount), defaulter(DeviceSubRequest, setCount)]
