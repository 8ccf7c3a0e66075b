import CShims
import Glibc
import SystemPackage

/// One end of a pair of sockets that carry whole messages with descriptors (`SOCK_SEQPACKET`, `SCM_RIGHTS`).
public struct MessageSocket: ~Copyable {
    /// Readable when a message waits or the other end is gone.
    public let descriptor: Descriptor

    /// Takes ownership of an inherited socket.
    public init(owning number: CInt) { self.descriptor = Descriptor(owning: number) }

    /// Two connected ends.
    public static func pair() throws(Errno) -> MessageSocketPair {
        var numbers: [CInt] = [-1, -1]
        try check(celeriac_socket_pair(&numbers))
        return MessageSocketPair(first: MessageSocket(owning: numbers[0]), second: MessageSocket(owning: numbers[1]))
    }

    /// Makes the other end see the end of the connection; messages that it has sent can no longer be read here.
    public borrowing func shutDown() { shutdown(self.descriptor.number, CInt(SHUT_RDWR)) }

    /// Sends one message; the kernel duplicates the descriptors. Yields ``WriteResult/wouldBlock`` also when the kernel
    /// has no memory for it now, or too many descriptors are under way.
    public borrowing func send(_ bytes: [UInt8], descriptors: [CInt] = []) throws(Errno) -> WriteResult {
        while true {
            let count = bytes.withUnsafeBytes {
                celeriac_send(self.descriptor.number, $0.baseAddress, $0.count, descriptors, CInt(descriptors.count))
            }
            if count >= 0 { return .bytes(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN, ENOMEM, ENOBUFS, ETOOMANYREFS: return .wouldBlock
            case EPIPE, ECONNRESET: return .noReader
            default: throw Errno(rawValue: errno)
            }
        }
    }

    /// Receives one message and the descriptors that came with it, which the caller now owns. When the kernel has no
    /// memory for it now, the message stays where it is.
    public borrowing func receive(capacity: Int = 65_536) throws(Errno) -> ReceivedMessage {
        var descriptors = [CInt](repeating: -1, count: 8)
        var bytes: [UInt8] = []
        while true {
            var room = CInt(descriptors.count)
            var count = 0
            bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, initialized in
                count = celeriac_receive(self.descriptor.number, buffer.baseAddress, capacity, &descriptors, &room)
                initialized = max(0, count)
            }
            if count > 0 { return .message(bytes, descriptors: Array(descriptors.prefix(Int(room)))) }
            if count == 0 { return .endOfFile }
            switch errno {
            case EINTR: continue
            case EAGAIN, ENOMEM, ENOBUFS: return .wouldBlock
            case ECONNRESET: return .endOfFile
            default: throw Errno(rawValue: errno)
            }
        }
    }
}

/// The two ends of one connection.
@frozen public struct MessageSocketPair: ~Copyable {
    /// One end.
    public let first: MessageSocket
    /// The other end.
    public let second: MessageSocket
}

/// What ``MessageSocket/receive(capacity:)`` yielded.
public enum ReceivedMessage: Equatable, Sendable {
    /// A whole message.
    case message([UInt8], descriptors: [CInt])
    /// Nothing now.
    case wouldBlock
    /// The other end is gone.
    case endOfFile
}
