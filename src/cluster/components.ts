// The controllers and the scheduler, which are half of the control plane's code. An API server that others wait for
// answers before it is loaded.

type ControllerManagerRoom = typeof import('../controllers/controller-manager.ts')
type SchedulerRoom = typeof import('../scheduler/scheduler.ts')

let controllerManager: Promise<ControllerManagerRoom> | undefined
let scheduler: Promise<SchedulerRoom> | undefined

export function loadControllerManager(): Promise<ControllerManagerRoom> {
  controllerManager ??= import('../controllers/controller-manager.ts')
  return controllerManager
}

export function loadScheduler(): Promise<SchedulerRoom> {
  scheduler ??= import('../scheduler/scheduler.ts')
  return scheduler
}
