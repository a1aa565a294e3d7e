import { defaulter, setDefault } from '../../defaulter.ts'
import { LimitRangeItem } from './limitrange.ts'

export const limitRangeDefaults = [
  defaulter(LimitRangeItem, item => {
    if (item.type !== 'Container') return
    const limits = { ...item.max, ...item.default }
    const requests = { ...item.min, ...limits, ...item.defaultRequest }
    if (Object.keys(limits).length > 0) setDefault(item, 'default', limits)
    if (Object.keys(requests).length > 0) setDefault(item, 'defaultRequest', requests)
  }),
]
