import Celeriac

var worker = Worker()
addArgumentTasks(to: &worker)
addProbeTasks(to: &worker)
addEscapeTasks(to: &worker)
addMemoryTasks(to: &worker)
addOffendingTasks(to: &worker)
addSandboxTasks(to: &worker)
addDeathTasks(to: &worker)
addLeakTasks(to: &worker)
addPipeTasks(to: &worker)
addBootFault(to: &worker)
worker.main()
