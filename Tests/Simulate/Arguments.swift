/// What the command line asks for.
struct Arguments {
    /// The first seed.
    var from: UInt64 = 1
    var seeds: UInt64 = 1_000
    /// Processes that share the seeds.
    var jobs = 2
    var mutation: String?
    /// Find every planted bug within so many seeds.
    var mutations: UInt64?
    /// Play this one seed, with all that happens.
    var seed: UInt64?
    /// Places of the faults and messages that are kept; `nil` keeps all.
    var faults: [Int]?
    var messages: [Int]?
    /// Play every so-manieth seed and tell in lines for a program.
    var stride: UInt64?

    struct Mistake: Error, CustomStringConvertible { let description: String }

    static let usage = """
        simulate [--seeds 1000] [--from 1] [--jobs 2] [--mutation NAME]   plays seeds
        simulate --mutations 2000   finds every planted bug
        simulate --seed N [--faults 0,2] [--messages 1,3] [--mutation NAME]   plays one and tells what happens
        """

    init(_ words: [String]) throws {
        var rest = words[...]
        while let option = rest.popFirst() {
            guard let value = rest.popFirst() else {
                throw Mistake(description: "\(option) needs a value\n\(Self.usage)")
            }
            try self.take(option, value)
        }
    }

    private mutating func take(_ option: String, _ value: String) throws {
        switch option {
        case "--from": self.from = try Self.number(option, value)
        case "--seeds": self.seeds = try Self.number(option, value)
        case "--jobs": self.jobs = Int(try Self.number(option, value))
        case "--mutation": self.mutation = value
        case "--mutations": self.mutations = try Self.number(option, value)
        case "--seed": self.seed = try Self.number(option, value)
        case "--faults": self.faults = try Self.places(option, value)
        case "--messages": self.messages = try Self.places(option, value)
        case "--stride": self.stride = try Self.number(option, value)
        default: throw Mistake(description: "unknown option \(option)\n\(Self.usage)")
        }
    }

    private static func number(_ option: String, _ value: String) throws -> UInt64 {
        guard let number = UInt64(value), number > 0 else {
            throw Mistake(description: "\(option) \(value): a number from 1")
        }
        return number
    }

    private static func places(_ option: String, _ value: String) throws -> [Int] {
        if value == "none" { return [] }
        return try value.split(separator: ",").map { part in
            guard let place = Int(part), place >= 0 else {
                throw Mistake(description: "\(option) \(value): places, 0,2,5")
            }
            return place
        }
    }
}
