// /debug/api_priority_and_fairness/dump_*: the levels, their queues and the requests in them, as tables for people.

import { apiVersionOf } from '../../api/resource.ts'
import { formatMilliseconds } from '../../machinery/duration.ts'
import type { Env } from '../../machinery/env/env.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { RequestContext, Response } from '../request.ts'
import type { FlowControl } from './flow-control.ts'
import type { LevelRequest } from './queue-set.ts'

type Row = readonly (string | number | boolean)[]

export function registerFlowControlDump(dispatcher: Dispatcher, flowControl: FlowControl, env: Env): void {
  const register = (name: string, rows: (request: RequestContext) => Row[]) =>
    dispatcher.registerUnlisted(`/debug/api_priority_and_fairness/${name}`, request => table(rows(request)))
  register('dump_priority_levels', () => priorityLevels(flowControl))
  register('dump_queues', () => queues(flowControl))
  register('dump_requests', request => requests(flowControl, env, request.query.has('includeRequestDetails')))
}

const levelsOf = ({ configuration }: FlowControl) =>
  [...configuration.levels.values()].sort((one, other) => (one.name < other.name ? -1 : 1))

function priorityLevels(flowControl: FlowControl): Row[] {
  return [
    [
      ...['PriorityLevelName', 'ActiveQueues', 'IsIdle', 'IsQuiescing', 'WaitingRequests', 'ExecutingRequests'],
      ...['DispatchedRequests', 'RejectedRequests', 'TimedoutRequests', 'CancelledRequests'],
    ],
    ...levelsOf(flowControl).map(({ name, queues: set, quiescing }) => [
      name,
      set.queues.filter(({ waiting }) => waiting.size > 0).length,
      ...[set.idle, quiescing, set.waiting, set.executing, set.dispatched, set.rejected, 0, set.cancelled],
    ]),
  ]
}

/** Seat-seconds as upstream prints them: eight decimals. */
const seatSeconds = (seatMilliseconds: number): string => `${(seatMilliseconds / 1000).toFixed(8)}ss`

function queues(flowControl: FlowControl): Row[] {
  return [
    [
      ...['PriorityLevelName', 'Index', 'PendingRequests', 'ExecutingRequests', 'SeatsInUse', 'NextDispatchR'],
      ...['InitialSeatsSum', 'MaxSeatsSum', 'TotalWorkSum'],
    ],
    ...levelsOf(flowControl).flatMap(({ name, queues: set }) =>
      set.queues.map(queue => [
        ...[name, queue.index, queue.waiting.size, queue.executing, queue.seatsInUse],
        seatSeconds(queue.nextDispatchR),
        [...queue.waiting].reduce((sum, { estimate }) => sum + estimate.initialSeats, 0),
        queue.waitingSeats,
        seatSeconds(queue.waitingWork),
      ]),
    ),
  ]
}

function requests(flowControl: FlowControl, env: Env, details: boolean): Row[] {
  const { clock } = env
  // Requests know times of the monotonic clock.
  const time = (at: number) =>
    at < 0 ? '0001-01-01T00:00:00Z' : new Date(clock.now() - (clock.monotonic() - at)).toISOString()
  const row = (level: string, queue: number, place: number, one: LevelRequest): Row => {
    const { flow, user, info } = one.subject as RequestContext
    const { estimate } = one
    return [
      ...[level, flow?.schema.name ?? '', queue, place, flow?.schema.distinguisher(user.name, info.namespace) ?? ''],
      ...[time(one.arrivedAt), estimate.initialSeats, estimate.finalSeats],
      ...[formatMilliseconds(estimate.additionalLatency), time(one.startedAt)],
      ...(details
        ? [
            user.name,
            info.verb,
            info.path,
            info.namespace,
            info.name,
            apiVersionOf(info),
            info.resource,
            info.subresource,
          ]
        : []),
    ]
  }
  return [
    [
      ...['PriorityLevelName', 'FlowSchemaName', 'QueueIndex', 'RequestIndexInQueue', 'FlowDistingsher'],
      ...['ArriveTime', 'InitialSeats', 'FinalSeats', 'AdditionalLatency', 'StartTime'],
      ...(details ? ['UserName', 'Verb', 'APIPath', 'Namespace', 'Name', 'APIVersion', 'Resource', 'SubResource'] : []),
    ],
    ...levelsOf(flowControl).flatMap(({ name, queues: set }) => [
      ...set.queues.flatMap(queue => [...queue.waiting].map((one, place) => row(name, queue.index, place, one))),
      ...[...set.executingRequests].map(one => row(name, one.queue?.index ?? -1, -1, one)),
    ]),
  ]
}

/** Columns aligned with spaces, each cell but the last followed by a comma: easy on the eye, and still to be parsed. */
function table(rows: readonly Row[]): Response {
  const texts = rows.map(row => row.map((cell, index) => (index < row.length - 1 ? `${cell},` : String(cell))))
  const widths = (texts[0] ?? []).map((_, column) => Math.max(8, ...texts.map(row => row[column]!.length + 1)))
  const lines = texts.map(row =>
    row.map((cell, column) => (column < row.length - 1 ? cell.padEnd(widths[column]!) : cell)).join(''),
  )
  return {
    status: 200,
    contentType: 'text/plain; charset=utf-8',
    body: Buffer.from(`${lines.join('\n')}\n`),
  }
}
