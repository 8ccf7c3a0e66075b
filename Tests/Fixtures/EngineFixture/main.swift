import Celeriac

var worker = Worker()
addArgumentTasks(to: &worker)
addProbeTasks(to: &worker)
addEscapeTasks(to: &worker)
addBootFault(to: &worker)
worker.main()
