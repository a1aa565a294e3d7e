// Jobs have ended, and counted every pod once.

import { activeOf, type Cached, type Check, controllerOf, isOver, named, podsOf, same, type World } from './world.ts'

function* jobsCounted(world: World, { witness }: Cached): Iterable<string> {
  for (const job of world.jobs) {
    const { spec, status } = job
    const conditions = (status?.conditions ?? []).filter(({ status: is }) => is === 'True').map(({ type }) => type)
    const complete = conditions.includes('Complete')
    if (complete === conditions.includes('Failed')) {
      if (!podsOf(world, job).some(pod => !pod.spec.nodeName))
        yield `${named(job)} has not ended: ${JSON.stringify(status)}`
      continue
    }
    const seen = witness.podsOf(job.metadata.uid!)
    const succeeded = seen.filter(({ phase }) => phase === 'Succeeded').length
    const failed = seen.filter(({ phase }) => phase === 'Failed').length
    const counted = { succeeded: status?.succeeded ?? 0, failed: status?.failed ?? 0 }
    // Whose policy says so is complete before all of it is.
    const whole = complete && !spec?.successPolicy
    if (whole) yield* same(job, 'status.succeeded', counted.succeeded, spec?.completions)
    else if (complete && counted.succeeded === 0) yield `${named(job)} is complete without a success`
    if (counted.succeeded > succeeded) yield `${named(job)} counts ${counted.succeeded} successes of ${succeeded}`
    if (counted.succeeded + counted.failed > seen.length)
      yield `${named(job)} counts ${JSON.stringify(counted)} of ${seen.length} pods`
    // Those that its policy had no more use for are not waited for: how they end is nobody's business.
    if ((whole || !complete) && counted.failed < failed)
      yield `${named(job)} counts ${counted.failed} failures of ${failed}`
    yield* same(job, 'active', status?.active, 0)
    yield* same(job, 'active pods', activeOf(world, job).length, 0)
    const uncounted = status?.uncountedTerminatedPods
    yield* same(job, 'uncounted', (uncounted?.succeeded?.length ?? 0) + (uncounted?.failed?.length ?? 0), 0)
    if (whole && spec?.completionMode === 'Indexed') {
      const last = (spec.completions ?? 1) - 1
      yield* same(job, 'completedIndexes', status?.completedIndexes, last > 1 ? `0-${last}` : last === 1 ? '0,1' : '0')
    }
  }
  for (const pod of world.pods)
    if (isOver(pod) && pod.metadata.finalizers?.includes('batch.kubernetes.io/job-tracking'))
      yield `${named(pod)} was never counted`
}

function* cronJobsKnowTheirJobs(world: World): Iterable<string> {
  for (const cronJob of world.cronJobs) {
    const own = world.jobs.filter(job => controllerOf(job)?.uid === cronJob.metadata.uid)
    yield* same(cronJob, 'active', cronJob.status?.active?.length, 0)
    const done = own.filter(({ status }) => status?.conditions?.some(({ type }) => type === 'Complete')).length
    if (done > (cronJob.spec?.successfulJobsHistoryLimit ?? 3)) yield `${named(cronJob)} keeps ${done} jobs`
  }
}

export const jobChecks: readonly Check[] = [jobsCounted, cronJobsKnowTheirJobs]
