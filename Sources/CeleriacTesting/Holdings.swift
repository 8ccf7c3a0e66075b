import Syscalls

/// What a process has: for tests that show that nothing is left behind.
///
/// ```swift
/// try await expectNothingLeft { try await InlineRunner(worker).run("images.resize", "a.png") }
/// ```
public struct Holdings: Equatable, Sendable {
    /// Open descriptors and what each is, such as a path or `socket:[1234]`.
    public let descriptors: [Int32: String]
    /// Child processes, also those that have ended and were not waited for.
    public let children: Set<Int32>

    /// What the calling process has now.
    public static var current: Holdings {
        let open = ProcessTable.ownDescriptors().map { ($0.number, $0.target) }
        return Holdings(
            descriptors: Dictionary(open, uniquingKeysWith: { first, _ in first }),
            children: Set(ProcessTable.ownChildren()))
    }

    /// What there is that was not there before, a line each.
    public func excess(over before: Holdings) -> [String] {
        let opened = self.descriptors.filter { before.descriptors[$0.key] != $0.value }
        let started = self.children.subtracting(before.children)
        return opened.sorted { $0.key < $1.key }.map { "descriptor \($0.key): \($0.value)" }
            + started.sorted().map { "process \($0): \(ProcessTable.name(of: $0) ?? "ended, not waited for")" }
    }
}

/// Something was left behind.
public struct LeftBehind: Error, CustomStringConvertible {
    /// What, a line each.
    public let found: [String]

    public var description: String { "left behind:\n" + self.found.map { "  \($0)" }.joined(separator: "\n") }
}

/// Runs `body` and throws ``LeftBehind`` when afterwards the process has descriptors or children that it did not have.
///
/// The first run of a task may open what stays for good, such as the queue of Dispatch: run it once before. Tests that
/// run at the same time in the same process disturb each other here.
@discardableResult
public func expectNothingLeft<Value>(_ body: () async throws -> Value) async throws -> Value {
    let before = Holdings.current
    let value = try await body()
    let found = Holdings.current.excess(over: before)
    if !found.isEmpty { throw LeftBehind(found: found) }
    return value
}
