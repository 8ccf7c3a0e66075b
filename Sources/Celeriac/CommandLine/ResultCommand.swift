import ArgumentParser
import CeleriacClient
import Supervision

/// `celeriac result`
struct ResultCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "result",
        abstract: "Prints the result of a task that was sent.",
        discussion: """
            Prints the result as JSON, or a state that is not the last: PENDING is also that of a task that is unknown.

            Exit status: 0 the task succeeded, 1 it failed, 2 wrong usage or configuration, 3 the server cannot be \
            reached or refuses, 4 it has no result (yet).
            """)

    @Argument(help: "The task's id.") var id: String
    @Flag(help: "Wait for the result.") var wait = false
    @Option(help: "How long to wait. Default: without end.") var timeout: String?
    @Flag(help: "Delete the result after it was printed.") var forget = false
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup(title: "Servers, each also a key of [worker]") var servers: ClientFlags

    func validate() throws {
        if self.timeout != nil, !self.wait { throw ValidationError("--timeout needs --wait.") }
    }

    func run() throws {
        let timeout = try OptionParsing.duration(self.timeout, "timeout")
        let settings = try self.servers.settings()
        guard settings.resultBackend != nil else {
            throw UsageError(
                description: "which server? --result-backend redis://127.0.0.1:6379/1, `result_backend` in [worker], "
                    + "or CELERY_RESULT_BACKEND")
        }
        let client = try self.servers.client(settings)
        try reportingErrors { try self.show(client, timeout) }
    }

    private func show(_ client: Client, _ timeout: Duration?) throws {
        let (handle, waits, forgets) = (client.result(of: self.id), self.wait, self.forget)
        let output = ResultOutput(json: self.json)
        let state = try waiting { waits ? .success : try await handle.state() }
        guard waits || state.isReady else {
            output.show(self.id, state)
            throw ExitCode(ClientStatus.timedOut.rawValue)
        }
        let result = try waiting { try await handle.result(timeout: timeout) }
        let status = try output.show(result)
        if forgets { try waiting { try await handle.forget() } }
        if status != 0 { throw ExitCode(status) }
    }
}
