// The fields that every custom resource has, as our own kinds declare them.

import { object, ref, string } from '../../../machinery/schema/schema.ts'
import type { ResourceFields } from '../../../machinery/structural/object-schema.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'

const { fields } = object('io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata', {
  apiVersion: string(2),
  kind: string(1),
  metadata: ref(3, ObjectMeta).always(),
})

export const objectSchemaFields: ResourceFields = {
  apiVersion: fields.get('apiVersion')!,
  kind: fields.get('kind')!,
  metadata: fields.get('metadata')!,
}
