import Celeriac

var worker = Worker()
addOrdinaryTasks(to: &worker)
addFaultTasks(to: &worker)
// For `beat`, which sends it once the configuration says `[schedule.tick] enabled = true`.
worker.schedule(
    "tick", .every(.seconds(60)), task: "tasks.add", 2, 3, options: ScheduleOptions(isEnabled: false))
worker.main()
