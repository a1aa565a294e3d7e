// What /version answers.

import { type Infer, object, string } from '../../../machinery/schema/schema.ts'

export const Info = object('io.k8s.apimachinery.pkg.version.Info', {
  major: string(0).required(),
  minor: string(0).required(),
  emulationMajor: string(0),
  emulationMinor: string(0),
  minCompatibilityMajor: string(0),
  minCompatibilityMinor: string(0),
  gitVersion: string(0).required(),
  gitCommit: string(0).required(),
  gitTreeState: string(0).required(),
  buildDate: string(0).required(),
  goVersion: string(0).required(),
  compiler: string(0).required(),
  platform: string(0).required(),
})
export type Info = Infer<typeof Info>
