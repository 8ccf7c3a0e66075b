import Syscalls

/// The addresses of one place, in the order in which they are worth a try.
final class AddressBook {
    private let place: RedisURL.Place
    private let makeLookup: (String) throws -> HostLookup
    /// Outlives the attempt that began it: a name server may take longer to answer than an attempt may last.
    private var lookup: HostLookup?
    /// Those that were tried and not reached since. An address that swallows everything takes the whole time of an
    /// attempt, so that the next one begins elsewhere.
    private var unreached: Set<SocketAddress> = []

    init(_ place: RedisURL.Place, makeLookup: @escaping (String) throws -> HostLookup = { try HostLookup($0) }) {
        self.place = place
        self.makeLookup = makeLookup
    }

    /// What becomes readable when ``addresses()`` knows more.
    var descriptor: CInt { self.lookup?.descriptor ?? -1 }

    /// The addresses to try; `nil` while they are looked up. Throws ``HostLookupError``.
    func addresses() throws -> [SocketAddress]? {
        switch self.place {
        case .socket(let path): return [.local(path: path)]
        case .host(let host, let port):
            return try self.addresses(of: host).map { self.worthATry($0.map { .internet(host: $0, port: port) }) }
        }
    }

    private func addresses(of host: String) throws -> [String]? {
        if isAddress(host) { return [host] }
        if host == "localhost" { return ["127.0.0.1", "::1"] }
        if self.lookup?.isOverdue ?? true { self.lookup = try self.makeLookup(host) }
        do {
            guard let found = try self.lookup?.proceed() else { return nil }
            self.lookup = nil
            return found
        } catch {
            self.lookup = nil
            throw error
        }
    }

    private func worthATry(_ addresses: [SocketAddress]) -> [SocketAddress] {
        let others = addresses.filter { !self.unreached.contains($0) }
        guard others.isEmpty else { return others }
        self.unreached = []
        return addresses
    }

    /// An attempt at this address begins.
    func tried(_ address: SocketAddress) { self.unreached.insert(address) }

    /// There is a connection to this address.
    func reached(_ address: SocketAddress) { self.unreached.remove(address) }
}
