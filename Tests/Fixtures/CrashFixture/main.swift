// Forks a child that crashes in the way the argument names, then describes the crash on standard output:
// the number of bytes the child wrote, the signal that ended it, and the description.

import CrashReports
import Glibc

/// Hides a value from the optimizer.
@inline(never) func identity<Value>(_ value: Value) -> Value { value }

@inline(never) func indexOutOfRange() -> Int {
    let numbers = identity([1, 2, 3])
    return numbers[identity(7)]
}

@inline(never) func unwrapNil() -> Int {
    let number: Int? = identity(nil)
    return number!
}

@inline(never) func overflow() -> Int8 {
    let number: Int8 = identity(100)
    return number + identity(100)
}

@inline(never) func failPrecondition() {
    precondition(identity(1) > 2, "one is not more than two")
}

@inline(never) func failFatally() {
    fatalError("the message")
}

@inline(never) func readBadPointer() -> Int {
    UnsafePointer<Int>(bitPattern: identity(0xdead_0000))!.pointee
}

@inline(never) func readImpossiblePointer() -> Int {
    UnsafePointer<Int>(bitPattern: identity(0x7777_7777_7777_7770))!.pointee
}

@inline(never) func copyFromBadPointer() {
    var buffer = [UInt8](repeating: 0, count: 4096)
    memcpy(&buffer, UnsafeRawPointer(bitPattern: identity(0xdead_0000))!, identity(4096))
}

@inline(never) func callBadPointer() {
    let function = unsafeBitCast(identity(0xdead_0000), to: (@convention(c) () -> Void).self)
    function()
}

@inline(never) func callAbort() {
    abort()
}

@inline(never) func recurse(_ depth: Int) -> Int {
    depth < identity(.max) ? identity(recurse(depth + 1)) + 1 : 0
}

@inline(never) func failAfterAwait() async -> Int {
    await Task.yield()
    return indexOutOfRange()
}

final class ThreadBody: Sendable {
    let call: @Sendable () -> Void
    init(_ call: @escaping @Sendable () -> Void) { self.call = call }
}

func startThread(_ body: @escaping @Sendable () -> Void) -> pthread_t {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(ThreadBody(body)).toOpaque()
    pthread_create(
        &thread,
        nil,
        { context in
            Unmanaged<ThreadBody>.fromOpaque(context!).takeRetainedValue().call()
            return nil
        },
        context
    )
    return thread
}

func join(_ thread: pthread_t) { pthread_join(thread, nil) }

func crash(_ way: String) {
    switch way {
    case "index": print(indexOutOfRange())
    case "nil": print(unwrapNil())
    case "overflow": print(overflow())
    case "precondition": failPrecondition()
    case "fatal": failFatally()
    case "read": print(readBadPointer())
    case "read impossible": print(readImpossiblePointer())
    case "copy": copyFromBadPointer()
    case "call": callBadPointer()
    case "abort": callAbort()
    case "recursion": print(recurse(0))
    case "thread": join(startThread { print(overflow()) })
    case "thread recursion":
        join(
            startThread {
                CrashHandler.prepareThread()
                print(recurse(0))
            }
        )
    case "many threads":
        let threads = (0..<16).map { _ in startThread { print(overflow()) } }
        threads.forEach(join)
    case "task":
        Task { print(await failAfterAwait()) }
        while true { pause() }
    case "sent": kill(getpid(), SIGSEGV)
    case "disabled":
        CrashHandler.disable()
        callAbort()
    case "grandchild":
        if fork() == 0 { callAbort() }
        wait(nil)
    default: fatalError("No such way to crash: \(way)")
    }
}

/// Swift hides fork(2). Here it is safe: this process has one thread.
@_silgen_name("fork") func fork() -> pid_t

func readToEnd(_ descriptor: CInt) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = read(descriptor, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
    return bytes
}

let prefix: [UInt8] = [1, 2, 3]
var ends: [CInt] = [0, 0]
pipe(&ends)
if fork() == 0 {
    CrashHandler.install(descriptor: ends[1], prefix: prefix)
    crash(CommandLine.arguments[1])
    exit(0)
}
close(ends[1])
let bytes = readToEnd(ends[0])
var status: CInt = 0
wait(&status)
print(bytes.count - prefix.count)
print(status & 0x7f)
if bytes.starts(with: prefix), let record = CrashRecord(bytes.dropFirst(prefix.count)) {
    let description = Symbolizer.describe(record)
    precondition(description == Symbolizer.describe(record), "A second look sees the same.")
    print(description)
}
