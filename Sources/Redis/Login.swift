/// What a connection says first.
public struct Login: Hashable, Sendable {
    /// The user; `nil` for the server's default user.
    public var user: String?
    /// The password; `nil` logs nobody in.
    public var password: String?
    /// The database to use.
    public var database: Int
    /// What `CLIENT LIST` shows; `nil` for nothing.
    public var name: String?

    /// The login that a URL names.
    public init(_ url: RedisURL, name: String? = nil) {
        self.init(user: url.user, password: url.password, database: url.database, name: name)
    }

    /// A login; nobody by default.
    public init(user: String? = nil, password: String? = nil, database: Int = 0, name: String? = nil) {
        self.user = user
        self.password = password
        self.database = database
        self.name = name
    }

    /// `AUTH`, when there is a password to show.
    var authentication: Command? {
        guard let password else { return nil }
        var command = Command("AUTH")
        if let user { command.add(user) }
        command.add(password)
        return command
    }

    /// All that is said, in order.
    func greeting(ofMaster mustBeMaster: Bool) -> [GreetingStep] {
        var steps: [GreetingStep] = []
        if let command = self.authentication { steps.append(GreetingStep(command)) }
        // A name is for people: a user that may not set it works as well.
        if let name { steps.append(GreetingStep(Command("CLIENT", "SETNAME", name)) { _ in nil }) }
        if self.database != 0 { steps.append(GreetingStep(Command("SELECT", String(self.database)))) }
        if mustBeMaster { steps.append(GreetingStep(Command("ROLE"), objection: Self.replica)) }
        // Unlike the others this one is refused while the server loads, and by a replica that has lost its master.
        steps.append(GreetingStep(Command("PING")))
        return steps
    }

    private static func replica(_ reply: Reply) -> ServerError? {
        // A user that may not ask is told by READONLY when it comes to that.
        if case .error(let error) = reply { return error.code == "NOPERM" ? nil : error }
        guard let role = reply.asArray?.first?.asText else { return ServerError("NOTMASTER no role") }
        return role == "master" ? nil : ServerError("NOTMASTER the server's role is \(role)")
    }
}

/// One command of a login, and what of its answer stands in the way.
struct GreetingStep {
    let command: Command
    /// Why the server is not to be used; `nil` when it is.
    let objection: (Reply) -> ServerError?

    /// By default any error is in the way.
    init(_ command: Command, objection: ((Reply) -> ServerError?)? = nil) {
        self.command = command
        self.objection = objection ?? { if case .error(let error) = $0 { error } else { nil } }
    }
}
