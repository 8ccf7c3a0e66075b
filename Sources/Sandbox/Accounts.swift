import SandboxPolicy
import Syscalls

/// A user and a group, as numbers.
struct Account: Sendable {
    let user: UInt32
    let group: UInt32

    static let nobody: UInt32 = 65_534
    /// Numbers for users that one child has: those that systemd keeps for users of one service.
    private static let ownUsers: Range<UInt32> = 61_184..<65_520

    /// The user that a child has to itself, as long as fewer than four thousand live.
    static func ofChild(_ number: UInt64) -> Account {
        let user = self.ownUsers.lowerBound + UInt32(number % UInt64(self.ownUsers.count))
        return Account(user: user, group: user)
    }

    /// The account that a profile names; `nil` where it names none, or each child has its own.
    static func find(_ profile: SandboxProfile) throws(SandboxFailure) -> Account? {
        let group = try profile.group.map { (name) throws(SandboxFailure) in try self.number(name, in: "/etc/group") }
        switch profile.user {
        case .same:
            return group.map { Account(user: Confinement.user, group: $0) }
        case .unprivileged:
            if Confinement.user != 0 { return group.map { Account(user: Confinement.user, group: $0) } }
            return Account(user: self.nobody, group: group ?? self.nobody)
        case .perChild: return nil
        case .named(let name):
            let user = try self.number(name, in: "/etc/passwd")
            return Account(user: user, group: group ?? self.groupOfUser(user) ?? user)
        }
    }

    /// Reads the files rather than asking the resolver, which may open sockets and start threads.
    private static func number(_ name: String, in file: String) throws(SandboxFailure) -> UInt32 {
        if let number = UInt32(name) { return number }
        if let line = self.lines(file).first(where: { $0[0] == name }), let number = UInt32(line[2]) { return number }
        throw SandboxFailure(.credentials, "\(file) has no \(name)")
    }

    private static func groupOfUser(_ user: UInt32) -> UInt32? {
        self.lines("/etc/passwd").first { $0[2] == "\(user)" && $0.count > 3 }.flatMap { UInt32($0[3]) }
    }

    private static func lines(_ file: String) -> [[Substring]] {
        let text = (try? readTextFile(file)) ?? ""
        return text.split(separator: "\n").map { $0.split(separator: ":", omittingEmptySubsequences: false) }
            .filter { $0.count > 2 }
    }
}
