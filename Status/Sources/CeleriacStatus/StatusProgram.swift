import ArgumentParser
import Foundation
import Hummingbird
import Logging
import SpanExport
import StatusServer

/// Serves the pages of one worker.
@main
struct StatusProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "celeriac-status",
        abstract: "Shows a worker of this machine over HTTP: /live, /ready, /metrics, and a page.",
        discussion: """
            The worker is asked on its socket (`control_socket`, or `state_dir`), and need not be there.

            Over TCP everything but /live and /ready needs a token: `Authorization: Bearer TOKEN`, or the password of any \
            user in a browser. A Unix socket is for the program's user only, and needs none.

            With --spans it takes the spans of attempts from workers (`trace_socket`) and hands them to the collector at \
            --otlp. $OTEL_EXPORTER_OTLP_HEADERS are sent along.
            """)

    @Argument(help: "Where the worker listens.") var worker: String
    @Option(help: "HOST:PORT, or the path of a Unix socket.") var listen = "127.0.0.1:9808"
    @Option(help: "A file with the token. Default: $CELERIAC_STATUS_TOKEN.") var tokenFile: String?
    @Option(help: "The path of a socket for spans, the workers' `trace_socket`.") var spans: String?
    @Option(help: "The URL of a collector for OTLP over HTTP.") var otlp = "http://127.0.0.1:4318"
    @Option(help: "What spans are told to be of. Default: $OTEL_SERVICE_NAME, or \"celeriac\".") var service: String?

    func run() async throws {
        let place = try ListenPlace(self.listen)
        let token = place.isLocalSocket ? nil : try self.token()
        if place.isLocalSocket || self.spans != nil { umask(0o177) }
        var logger = Logger(label: "celeriac-status")
        logger.logLevel = .notice
        let exporter = try self.exporter(logger)
        let routes = StatusRoutes(
            Worker(WorkerLink(path: self.worker)), token: token, further: { exporter?.metrics ?? "" })
        let application = Application(
            router: routes.router(),
            configuration: ApplicationConfiguration(address: place.address, serverName: "celeriac-status"),
            onServerRunning: { _ in FileHandle.standardError.write(Data("celeriac-status: listening\n".utf8)) },
            logger: logger)
        guard let exporter, let spans else { return try await application.runService() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await exporter.run(at: spans) }
            group.addTask { try await application.runService() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func exporter(_ logger: Logger) throws -> SpanExporter? {
        guard self.spans != nil else { return nil }
        let environment = ProcessInfo.processInfo.environment
        let service = self.service ?? environment["OTEL_SERVICE_NAME"] ?? "celeriac"
        let headers = environment["OTEL_EXPORTER_OTLP_HEADERS"] ?? ""
        guard let collector = Collector(url: self.otlp, headers: headers, service: service) else {
            throw ValidationError(
                "--otlp \(self.otlp): no URL of HTTP, or $OTEL_EXPORTER_OTLP_HEADERS is not NAME=VALUE,…")
        }
        return SpanExporter(collector, logger: logger)
    }

    private func token() throws -> Token {
        let text: String
        if let tokenFile {
            do {
                text = try String(contentsOfFile: tokenFile, encoding: .utf8)
            } catch {
                throw ValidationError("--token-file: cannot read \(tokenFile)")
            }
        } else {
            text = ProcessInfo.processInfo.environment["CELERIAC_STATUS_TOKEN"] ?? ""
        }
        guard let token = Token(text) else {
            throw ValidationError(
                "a token of at least \(Token.shortest) characters is needed: --token-file, or CELERIAC_STATUS_TOKEN")
        }
        return token
    }
}
