import { defaulter } from '../../defaulter.ts'
import { defaultPullPolicy } from './image-reference.ts'
import { Volume, VolumeSource } from './volume.ts'

const sources = [...VolumeSource.fields.keys()] as (keyof VolumeSource)[]

export const volumeDefaults = [
  defaulter(Volume, volume => {
    if (sources.every(source => volume[source] === undefined)) volume.emptyDir = {}
    if (volume.image) volume.image.pullPolicy ||= defaultPullPolicy(volume.image.reference ?? '')
  }),
]
