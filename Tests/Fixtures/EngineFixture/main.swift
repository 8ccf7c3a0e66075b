import Celeriac

var worker = Worker()
addArgumentTasks(to: &worker)
addProbeTasks(to: &worker)
addBootFault(to: &worker)
worker.main()
