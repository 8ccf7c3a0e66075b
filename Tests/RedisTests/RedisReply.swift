/// What Redis answers, in the words of RESP2.
enum RedisReply: Equatable {
    case text(String)
    case integer(Int)
    case list([RedisReply])
    case none
    /// An error, as its text says it.
    case error(String)

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var integer: Int? { if case .integer(let integer) = self { integer } else { nil } }
    var texts: [String] { if case .list(let list) = self { list.compactMap(\.text) } else { [] } }
}
