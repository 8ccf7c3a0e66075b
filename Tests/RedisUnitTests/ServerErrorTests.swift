import Testing

@testable import Redis

@Suite struct ServerErrorTests {
    @Test(
        arguments: [
            ("LOADING Redis is loading the dataset in memory", .wait), ("BUSY Redis is busy", .wait), ("OOM x", .wait),
            ("ERR max number of clients reached", .wait), ("ERR max number of clients + cluster", .wait),
            ("READONLY You can't write against a read only replica.", .reconnect), ("MASTERDOWN x", .reconnect),
            ("NOTMASTER x", .reconnect), ("NOAUTH Authentication required.", .giveUp), ("WRONGPASS x", .giveUp),
            ("NOPERM x", .giveUp), ("DENIED Redis is running in protected mode", .giveUp), ("ERR syntax error", .none),
            ("WRONGTYPE x", .none), ("", .none), ("loading", .none),
        ] as [(String, ServerError.Remedy)])
    func theCodeTellsTheRemedy(_ text: String, _ remedy: ServerError.Remedy) {
        #expect(ServerError(text).remedy == remedy)
    }

    /// Servers before version 6 have no code for a wrong password.
    @Test func aLoginIsRefusedForGoodByAnyErrorThatDoesNotPass() {
        #expect(ServerError("ERR invalid password").isLasting)
        #expect(ServerError("ERR DB index is out of range").isLasting)
        #expect(ServerError("WRONGPASS x").isLasting)
        #expect(!ServerError("LOADING x").isLasting)
        #expect(!ServerError("NOTMASTER x").isLasting)
    }
}
