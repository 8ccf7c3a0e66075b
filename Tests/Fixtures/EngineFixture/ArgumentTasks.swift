import Celeriac

/// Tasks that tell how their arguments arrived.
func addArgumentTasks(to worker: inout Worker) {
    worker.task("args.named", parameters: "name", Parameter("greeting", default: "Hello"), "times") {
        (name: String, greeting: String, times: Int?) in
        "\(greeting), \(name)! (\(times.map { "\($0)" } ?? "nil"))"
    }
    worker.task("args.unnamed") { (x: Int, y: Int) in x - y }
    worker.task("args.struct") { (job: Resize) in "\(job.url) at \(job.width ?? 320)" }
    worker.task("args.async", parameters: "x", "y") { (x: Int, y: Int) async in x - y }
    worker.task("args.context", parameters: "text") { (text: String, context: TaskContext) in
        [text, context.id, context.name, "\(context.attempt)", "\(context.timeLeft != nil)"]
    }
    worker.task("args.none") { "nothing" }
}

/// What keyword arguments describe.
struct Resize: Codable {
    var url: String
    var width: Int?
}
