/// Why a command has no answer, or no good one.
public enum RedisError: Error, Equatable, Sendable {
    /// The server answered with an error.
    case server(ServerError)
    /// The connection ended before the answer; whether the command took effect is not known.
    case disconnected(String)
    /// There is no connection, so the command was not sent.
    case notConnected
    /// The answer is not what the command yields.
    case unexpectedReply(String)
}

extension RedisError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .server(let error): error.text
        case .disconnected(let reason): reason
        case .notConnected: "not connected"
        case .unexpectedReply(let text): "an answer of the wrong kind: \(text)"
        }
    }
}

extension ServerError {
    /// What is to be done about an error of this code.
    public enum Remedy: Sendable {
        /// The server cannot now and will be able to: `LOADING`, `BUSY`, `OOM`. Try again later on this connection.
        case wait
        /// This server is not the one to talk to: `READONLY`, `MASTERDOWN`, `UNBLOCKED`, and our own `NOTMASTER`. Connect
        /// anew.
        case reconnect
        /// It will not get better by itself: `NOAUTH`, `WRONGPASS`, `NOPERM`, `DENIED`.
        case giveUp
        /// The command was wrong, or a key holds something else: `ERR`, `WRONGTYPE`.
        case none
    }

    /// The remedy for this error.
    public var remedy: Remedy {
        switch self.code {
        case "ERR" where self.text.hasPrefix("ERR max number of clients"): .wait
        case "LOADING", "BUSY", "OOM", "MISCONF", "TRYAGAIN", "NOREPLICAS", "CLUSTERDOWN": .wait
        case "READONLY", "MASTERDOWN", "UNBLOCKED", "MOVED", "ASK", "NOTMASTER": .reconnect
        case "NOAUTH", "WRONGPASS", "NOPERM", "DENIED": .giveUp
        default: .none
        }
    }

    /// Whether a login that was refused with it will be refused again: also a wrong password of old servers and a
    /// database that is not there, which have no code of their own.
    var isLasting: Bool {
        switch self.remedy {
        case .giveUp, .none: true
        case .wait, .reconnect: false
        }
    }
}
