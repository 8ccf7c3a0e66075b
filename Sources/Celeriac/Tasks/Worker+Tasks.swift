import Configuration
import Prefork

/// Registering tasks. A body takes any number of `Decodable` arguments and, where it wants one, a ``TaskContext``; it
/// returns something `Encodable` or nothing; it may throw, and it may be `async`, which makes it cancellable.
///
/// Arguments come from the message's positional and keyword arguments, as in Python. Keywords need the parameters'
/// names, which Swift does not keep: list them in `parameters`. A task with a single parameter and no list takes a
/// message's keyword arguments as one value, so that a `Codable` struct can describe them all.
extension Worker {
    /// Registers a task.
    ///
    /// - Parameters:
    ///   - name: what messages call it.
    ///   - parameters: names of the parameters without the context, with default values where they have any.
    ///   - options: limits and policies that apply unless the configuration says otherwise.
    ///   - body: what the task does. Runs on the child's main thread.
    public mutating func task<each Argument: Decodable, Value: Encodable>(
        _ name: String, parameters: Parameter..., options: TaskOptions = TaskOptions(),
        _ body: @escaping (repeat each Argument) throws -> Value
    ) {
        self.register(
            name, options,
            .synchronous { call in
                var arguments = try ArgumentDecoder(call, parameters, types: repeat (each Argument).self)
                return try encodeResult(try body(repeat try arguments.next((each Argument).self)))
            })
    }

    /// Registers a task that returns nothing; its result is `null`.
    public mutating func task<each Argument: Decodable>(
        _ name: String, parameters: Parameter..., options: TaskOptions = TaskOptions(),
        _ body: @escaping (repeat each Argument) throws -> Void
    ) {
        self.register(
            name, options,
            .synchronous { call in
                var arguments = try ArgumentDecoder(call, parameters, types: repeat (each Argument).self)
                try body(repeat try arguments.next((each Argument).self))
                return noResult
            })
    }

    /// Registers an async task, which is cancelled at a soft limit.
    public mutating func task<each Argument: Decodable & SendableMetatype, Value: Encodable & SendableMetatype>(
        _ name: String, parameters: Parameter..., options: TaskOptions = TaskOptions(),
        _ body: @escaping @Sendable (repeat each Argument) async throws -> Value
    ) {
        self.register(
            name, options,
            .asynchronous { call in
                var arguments = try ArgumentDecoder(call, parameters, types: repeat (each Argument).self)
                return try encodeResult(try await body(repeat try arguments.next((each Argument).self)))
            })
    }

    /// Registers an async task that returns nothing; its result is `null`.
    public mutating func task<each Argument: Decodable & SendableMetatype>(
        _ name: String, parameters: Parameter..., options: TaskOptions = TaskOptions(),
        _ body: @escaping @Sendable (repeat each Argument) async throws -> Void
    ) {
        self.register(
            name, options,
            .asynchronous { call in
                var arguments = try ArgumentDecoder(call, parameters, types: repeat (each Argument).self)
                try await body(repeat try arguments.next((each Argument).self))
                return noResult
            })
    }
}
