import Syscalls
import Testing

@testable import Redis

@Suite struct CommandTests {
    /// The bytes of a command, and where each write would take them from.
    static func written(_ command: Command) throws -> (bytes: [UInt8], starts: [UnsafeRawPointer?]) {
        var queue = WriteQueue()
        var bytes: [UInt8] = []
        var starts: [UnsafeRawPointer?] = []
        command.write(to: &queue)
        while !queue.isEmpty {
            _ = try queue.write(upTo: .max) { piece in
                bytes += piece
                starts.append(piece.baseAddress)
                return .bytes(piece.count)
            }
        }
        return (bytes, starts)
    }

    static func text(_ command: Command) throws -> String {
        String(decoding: try written(command).bytes, as: UTF8.self)
    }

    @Test func wordsAndIntegersAreLaidOut() throws {
        var command = Command("SET", "ä")
        command.add(-12)
        #expect(try Self.text(command) == "*3\r\n$3\r\nSET\r\n$2\r\nä\r\n$3\r\n-12\r\n")
        #expect(try Self.text(Command("PING")) == "*1\r\n$4\r\nPING\r\n")
        #expect(try Self.text(Command("")) == "*1\r\n$0\r\n\r\n")
    }

    @Test func anyBytesAreAnArgument() throws {
        let all = (0...255).map { UInt8($0) } + Array("\r\n$3\r\n".utf8)
        var command = Command("ECHO")
        command.add(all)
        let expected = Array("*2\r\n$4\r\nECHO\r\n$262\r\n".utf8) + all + Array("\r\n".utf8)
        #expect(try Self.written(command).bytes == expected)
    }

    @Test func tenAndMoreWordsAreCounted() throws {
        var command = Command("RPUSH", "k")
        for value in 1...9 { command.add(value) }
        #expect(try Self.text(command).hasPrefix("*11\r\n$5\r\nRPUSH\r\n$1\r\nk\r\n$1\r\n1\r\n"))
    }

    @Test func aLargeArgumentIsSentFromWhereItLies() throws {
        let large = [UInt8](repeating: 7, count: 100_000)
        var command = Command("SET", "k")
        command.add(large[1...])
        command.add("EX")
        let (bytes, starts) = try Self.written(command)
        let head = Array("*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$99999\r\n".utf8)
        #expect(bytes == head + large[1...] + Array("\r\n$2\r\nEX\r\n".utf8))
        #expect(large.withUnsafeBytes { starts.contains($0.baseAddress! + 1) })
    }

    @Test func theOrderOfSmallAndLargeIsKept() throws {
        for size in [8_191, 8_192, 8_193] {
            let piece = [UInt8](repeating: UInt8(ascii: "x"), count: size)
            var command = Command("A")
            command.add(piece)
            command.add("b")
            command.add(piece)
            let x = String(repeating: "x", count: size)
            #expect(try Self.text(command) == "*4\r\n$1\r\nA\r\n$\(size)\r\n\(x)\r\n$1\r\nb\r\n$\(size)\r\n\(x)\r\n")
        }
    }
}
