// Sends tasks to a worker of the demo and prints what becomes of them:
//
//     celeriac-demo worker --broker redis://127.0.0.1:6379/0 --result-backend redis://127.0.0.1:6379/1
//     swift run sender redis://127.0.0.1:6379

import CeleriacClient

let server = CommandLine.arguments.dropFirst().first ?? "redis://127.0.0.1:6379"
let client = try Client("\(server)/0", resultBackend: "\(server)/1")

// Types are checked by the compiler.
let add = RemoteTask("tasks.add", arguments: Int.self, Int.self, returning: Int.self)
print("2 + 3 =", try await client.send(add, 2, 3).value(timeout: .seconds(10)))

// Many at once, each with options of its own.
let calls = try (1...1_000).map { number in
    try TaskCall("tasks.mul", number, number, options: SendOptions(priority: number % 10))
}
var sum = 0.0
for handle in try await client.sendBatch(calls) {
    sum += try await handle.result(timeout: .seconds(30)).value(as: Double.self)
}
print("the sum of the squares up to 1,000 is", Int(sum))

// An error of the task is an error here.
do {
    _ = try await client.send("tasks.fail", "no luck").value(timeout: .seconds(10))
} catch let error as TaskError {
    print("tasks.fail failed with \(error)")
}
await client.close()
