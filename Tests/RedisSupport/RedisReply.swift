/// What Redis answers, in the words of RESP2.
package enum RedisReply: Equatable {
    case text(String)
    case integer(Int)
    case list([RedisReply])
    case none
    /// An error, as its text says it.
    case error(String)

    package var text: String? { if case .text(let text) = self { text } else { nil } }
    package var integer: Int? { if case .integer(let integer) = self { integer } else { nil } }
    package var texts: [String] { if case .list(let list) = self { list.compactMap(\.text) } else { [] } }
}
