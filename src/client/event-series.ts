// Events in the events.k8s.io/v1 form, as the scheduler records them: an action, a related object, and a series in place
// of a count.

import type { KubeObject } from '../api/resource.ts'
import type { EventType } from './event-recorder.ts'
import type { ObjectReference } from './object-reference.ts'

export interface SeriesEventRecorder {
  /**
   * Records that the component did `action` to `regarding` (and `related`), and why. The note, at most 1024 bytes, is
   * for people. The same again within six minutes becomes a series.
   */
  eventf(
    regarding: KubeObject | ObjectReference,
    related: KubeObject | ObjectReference | undefined,
    type: EventType,
    reason: string,
    action: string,
    note: string,
  ): void
}
