import ArgumentParser
import CeleriacClient
import Configuration
import Signing
import Syscalls

/// What every command that talks to the servers of a worker needs to find them.
struct ClientFlags: ParsableArguments {
    @Option(help: "The configuration file (TOML). Default: $CELERIAC_CONFIG, else none.") var config: String?
    @Option(name: [.customShort("b"), .customLong("broker")], help: help("broker")) var broker: String?
    @Option(help: help("result-backend")) var resultBackend: String?
    @Option(help: help("master-name")) var masterName: String?
    @Option(help: help("key-prefix")) var keyPrefix: String?
    @Option(help: help("result-key-prefix")) var resultKeyPrefix: String?

    /// What the configuration, the environment and the flags say of the broker.
    func settings() throws -> BrokerSettings { try self.input().load(WorkerCommand.worker).worker.broker }

    /// The configuration, the environment and these flags, with others beside them.
    func input(adding flags: [String: String] = [:]) throws -> ConfigurationInput {
        let all: [String: String?] = [
            "broker": self.broker, "result-backend": self.resultBackend, "master-name": self.masterName,
            "key-prefix": self.keyPrefix, "result-key-prefix": self.resultKeyPrefix,
        ]
        return try ConfigurationInput(path: self.config, flags: all.compactMapValues { $0 }.merging(flags) { $1 })
    }

    /// A client of the servers. One that cannot be reached is told of at once.
    ///
    /// - Parameter signKey: The file of the key that signs what is sent; `nil` for the one of the settings, if any.
    func client(_ settings: BrokerSettings, signKey: String? = nil) throws -> Client {
        guard let broker = settings.url ?? settings.resultBackend else {
            throw UsageError(
                description: "which server? --broker redis://127.0.0.1:6379/0, `broker` in [worker], or "
                    + "CELERY_BROKER_URL")
        }
        var options = ClientOptions()
        options.keyPrefix = settings.keyPrefix
        options.resultKeyPrefix = settings.resultKeyPrefix
        options.masterName = settings.masterName
        options.waitsForServer = false
        do throws(KeyError) {
            let path = signKey ?? settings.signing.signingKey
            options.signingKey = try path.map { path throws(KeyError) in try SigningKey(file: path) }
        } catch {
            throw UsageError(description: "\(error)")
        }
        do throws(ClientError) {
            return try Client(broker, resultBackend: settings.resultBackend, options: options)
        } catch {
            throw UsageError(description: "\(error)")
        }
    }
}

/// How a command that talks to a server ends, for scripts.
enum ClientStatus: Int32 {
    /// The task failed, or not all could be done.
    case failed = 1
    /// Wrong usage or configuration.
    case usage = 2
    /// The server cannot be reached, or refuses.
    case server = 3
    /// There was no result in time.
    case timedOut = 4

    /// The status for an error.
    init(_ error: any Error) {
        switch error {
        case let error as ClientError: self.init(error.code)
        case let error as BatchError: self.init(error.cause.code)
        case is UsageError: self = .usage
        case is LocalQuestion.NobodyListens: self = .server
        default: self = .failed
        }
    }

    private init(_ code: ClientError.Code) {
        switch code {
        case .invalid, .notEncodable, .noResultBackend: self = .usage
        case .unreachable, .refused, .uncertain, .closed, .cancelled: self = .server
        case .timedOut: self = .timedOut
        case .undecodable: self = .failed
        }
    }

    /// What the help of every such command says.
    static let help = "Exit status: 0 done, 2 wrong usage or configuration, 3 the server cannot be reached or refuses"
}

/// Ends the command: says what is wrong, with the status that belongs to it.
func reportingErrors(_ work: () throws -> Void) throws {
    do { try work() } catch let error as ExitCode {
        throw error
    } catch {
        StandardOutput.flush()
        printError("\(error)")
        throw ExitCode(ClientStatus(error).rawValue)
    }
}
