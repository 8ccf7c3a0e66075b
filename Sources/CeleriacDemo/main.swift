import Celeriac

var worker = Worker()
addOrdinaryTasks(to: &worker)
addFaultTasks(to: &worker)
worker.main()
