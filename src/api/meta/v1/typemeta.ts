// What every kind begins with. In JSON only: protobuf carries both in the envelope around the object.

import { string } from '../../../machinery/schema/schema.ts'

export const typeMeta = { kind: string(0), apiVersion: string(0) }
