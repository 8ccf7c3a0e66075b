import ArgumentParser
import Foundation
import Hummingbird
import Logging
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
            """)

    @Argument(help: "Where the worker listens.") var worker: String
    @Option(help: "HOST:PORT, or the path of a Unix socket.") var listen = "127.0.0.1:9808"
    @Option(help: "A file with the token. Default: $CELERIAC_STATUS_TOKEN.") var tokenFile: String?

    func run() async throws {
        let place = try ListenPlace(self.listen)
        let token = place.isLocalSocket ? nil : try self.token()
        if place.isLocalSocket { umask(0o177) }
        let routes = StatusRoutes(Worker(WorkerLink(path: self.worker)), token: token)
        var logger = Logger(label: "celeriac-status")
        logger.logLevel = .notice
        let application = Application(
            router: routes.router(),
            configuration: ApplicationConfiguration(address: place.address, serverName: "celeriac-status"),
            onServerRunning: { _ in FileHandle.standardError.write(Data("celeriac-status: listening\n".utf8)) },
            logger: logger)
        try await application.runService()
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
