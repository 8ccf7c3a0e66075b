import Celeriac
import Glibc

/// Tasks that behave, under the names that Celery's own tutorial uses.
func addOrdinaryTasks(to worker: inout Worker) {
    worker.task("tasks.add", parameters: "x", "y") { (x: JSONValue, y: JSONValue) in try add(x, y) }
    worker.task("tasks.mul", parameters: "x", "y") { (x: Double, y: Double) in number(x * y) }
    worker.task("tasks.xsum", parameters: "numbers") { (numbers: [Double]) in number(numbers.reduce(0, +)) }
    worker.task("tasks.identity", parameters: "x") { (x: JSONValue) in x }
    worker.task("tasks.fail", parameters: Parameter("msg", default: "failed on purpose")) { (message: String) in
        throw DemoError(description: message)
    }
    worker.task("tasks.sleep", parameters: "seconds") { (seconds: Double) async throws -> JSONValue in
        try await Task.sleep(for: .seconds(seconds))
        return number(seconds)
    }
    worker.task("tasks.retry_once", parameters: "x") { (x: JSONValue, context: TaskContext) throws -> JSONValue in
        if context.attempt == 1 { throw context.retry(after: .milliseconds(300), reason: "once, on purpose") }
        return x
    }
    worker.task("tasks.total", parameters: Parameter("given", default: 0), Parameter("own", default: 0)) {
        (given: JSONValue, own: Double) in number(total(given) + own)
    }
    worker.task("tasks.replace", parameters: "x") { (x: Int, context: TaskContext) throws in
        let multiples: [Signature] = [Signature("tasks.mul", 2), Signature("tasks.mul", 3)]
        throw context.replace(with: chain(Signature("tasks.add", x, 100), group(multiples)))
    }
    worker.task("demo.publish", parameters: "task", "args") {
        (task: String, arguments: [JSONValue], context: TaskContext) throws in
        try context.publish(task, arguments: arguments)
    }
    worker.task("demo.noop") {}
    worker.task("demo.pid") { Int(getpid()) }
    worker.task("demo.now") { wallClock() }
}

/// Seconds since 1970.
private func wallClock() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// What a demo task throws.
struct DemoError: Error, CustomStringConvertible {
    let description: String
}

/// Numbers are added, strings are joined.
private func add(_ x: JSONValue, _ y: JSONValue) throws -> JSONValue {
    switch (x, y) {
    case (.string(let left), .string(let right)): return .string(left + right)
    case (.number(let left), .number(let right)):
        if let left = left.asInt, let right = right.asInt { return .number(JSONNumber(left + right)) }
        guard let left = left.asDouble, let right = right.asDouble else {
            throw DemoError(description: "a number is too large to be added")
        }
        return number(left + right)
    default: throw DemoError(description: "tasks.add takes two numbers or two strings")
    }
}

/// The sum of a number, or of a list of such.
private func total(_ value: JSONValue) -> Double {
    switch value {
    case .array(let elements): elements.reduce(0) { $0 + total($1) }
    case .number(let number): number.asDouble ?? 0
    default: 0
    }
}

/// A whole number without a fraction, as Python would print the sum of two integers.
private func number(_ value: Double) -> JSONValue {
    if let whole = Int(exactly: value) { return .number(JSONNumber(whole)) }
    return JSONNumber(value).map { .number($0) } ?? .null
}
