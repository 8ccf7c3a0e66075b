import Celery
import Configuration
import JSON
import Logging
import Prefork
import Reactor
import RedisBroker
import RemoteControl
import Supervision
import Syscalls
import SystemPackage

/// Does what operators ask of a worker, in the words of Celery's workers. One for all ways of asking.
final class ControlDesk: RequestHandler {
    let engine: EngineSetup
    let broker: RedisBroker
    let nodeName: String
    let logger: Logger
    /// The worker's master. Set before anybody can ask.
    unowned var master: Master!
    let startedAt = monotonicNanoseconds()
    /// Where spans go; `nil` where none are made.
    var spans: SpanSink?
    private var socket: ControlSocket?
    private let access: RemoteControlAccess

    init(_ engine: EngineSetup, _ broker: RedisBroker, nodeName: String, _ logger: Logger) {
        (self.engine, self.broker, self.nodeName) = (engine, broker, nodeName)
        self.logger = logger
        self.access = engine.settings.worker.control.access
    }

    /// Takes commands at a path, too; `nil` for nowhere. What stands in the way is told and does no other harm.
    func listen(at path: String?, on loop: any EventLoop) {
        guard let path else { return }
        do throws(Errno) {
            self.socket = try ControlSocket(path: path, self, node: self.nodeName, on: loop)
        } catch {
            self.logger.error("control.socket", metadata: ["path": "\(path)", "reason": "\(error)"])
        }
    }

    /// Takes no more commands.
    func close() {
        self.socket?.close()
        self.socket = nil
    }

    /// A request through the broker.
    func handle(_ request: ControlRequest, then answer: @escaping (CeleryValue?) -> Void) {
        self.perform(request, mayControl: self.access != .readOnly, then: answer)
    }

    /// A request of whoever may open the socket.
    func handleLocal(_ request: ControlRequest, then answer: @escaping (CeleryValue?) -> Void) {
        self.perform(request, mayControl: true, then: answer)
    }

    private func perform(
        _ request: ControlRequest, mayControl: Bool, then answer: @escaping (CeleryValue?) -> Void
    ) {
        do throws(ControlError) {
            let method = try ControlMethod.named(request.method)
            try method.check(request.arguments)
            switch method.kind {
            case .inspection: try self.inspect(method.name, request.arguments, then: answer)
            case .control:
                guard mayControl else { throw ControlError("PermissionError", "remote control is read-only here") }
                self.logger.notice(
                    "control.command",
                    metadata: ["method": "\(method.name)", "arguments": "\(Self.shown(request.arguments))"])
                answer(try self.control(method.name, request.arguments))
            }
        } catch {
            self.logger.warning(
                "control.refused", metadata: ["method": "\(request.method.prefix(80))", "reason": "\(error)"])
            answer(["error": .string(error.text)])
        }
    }

    private static func shown(_ arguments: CeleryObject) -> String {
        PythonRepr.text(of: .object(arguments), maxLength: 200)
    }

    /// The number of a task. Throws what Celery answers for one that is not known.
    func task(_ name: CeleryValue?) throws(ControlError) -> Int {
        guard let name = name?.asString, let index = self.engine.table.names.firstIndex(of: name) else {
            throw ControlError("unknown task")
        }
        return index
    }
}
