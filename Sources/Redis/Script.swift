/// A script that the server runs in one step.
public struct Script: Sendable {
    /// Its name in logs.
    public let name: String
    /// Its text in Lua.
    public let source: String
    /// Whether it runs when memory is used up: a server that is full could not be drained otherwise.
    public let runsWhenFull: Bool

    /// A script behind what others have in common with it.
    public init(_ name: String, after prelude: String = "", runsWhenFull: Bool = true, _ source: String) {
        self.name = name
        self.source = prelude + source
        self.runsWhenFull = runsWhenFull
    }

    /// The text for a server: from version 7 on a script says what it may.
    public func text(serverVersion: Int) -> String {
        serverVersion >= 7 && self.runsWhenFull ? "#!lua flags=allow-oom\n" + self.source : self.source
    }

    /// For every script that changes more than one key: what it will touch is looked at first, because the server does not
    /// undo what a script did before it failed.
    ///
    /// `wrong(key, kind)` says that a key holds something else.
    public static let typeCheck = """
        local function wrong(key, kind)
            local found = redis.call('TYPE', key).ok
            if found ~= 'none' and found ~= kind then
                return 'WRONGTYPE ' .. key .. ' holds a ' .. found .. ' and should hold a ' .. kind
            end
        end

        """
}
