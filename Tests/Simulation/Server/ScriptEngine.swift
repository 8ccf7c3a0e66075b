import CLua
import Redis

/// Runs the scripts of workers as they are, in the Lua that Redis has inside, with `redis.call` led to a simulated server.
final class ScriptEngine {
    private let state: OpaquePointer
    private var functions: [String: CInt] = [:]
    /// Carries out `redis.call`; set while a script runs.
    private var execute: (([[UInt8]]) -> Reply)?

    init() {
        self.state = luaL_newstate()
        luaL_openlibs(self.state)
        let context = Unmanaged.passUnretained(self).toOpaque()
        lua_createtable(self.state, 0, 4)
        for (name, raises) in [("call", CInt(1)), ("pcall", CInt(0))] {
            celeriac_lua_push_call(self.state, ScriptEngine.called, context, raises)
            lua_setfield(self.state, -2, name)
        }
        celeriac_lua_set_global(self.state, "redis")
        self.run(Self.library)
    }

    deinit { lua_close(self.state) }

    /// What Redis gives scripts beside `redis.call`.
    private static let library = """
        function redis.error_reply(text) return { err = text } end
        function redis.status_reply(text) return { ok = text } end
        cjson = {}
        local function quoted(text)
            return '"' .. string.gsub(text, '[%c"\\\\/\\127]', function(c)
                local known = { ['"'] = '\\\\"', ['\\\\'] = '\\\\\\\\', ['/'] = '\\\\/', ['\\b'] = '\\\\b', ['\\f'] = '\\\\f',
                    ['\\n'] = '\\\\n', ['\\r'] = '\\\\r', ['\\t'] = '\\\\t' }
                return known[c] or string.format('\\\\u%04x', string.byte(c))
            end) .. '"'
        end
        function cjson.encode(value)
            if type(value) == 'string' then return quoted(value) end
            if type(value) ~= 'table' then return tostring(value) end
            local names, parts = {}, {}
            for name in pairs(value) do names[#names + 1] = name end
            table.sort(names)
            for i, name in ipairs(names) do parts[i] = quoted(name) .. ':' .. cjson.encode(value[name]) end
            return '{' .. table.concat(parts, ',') .. '}'
        end
        """

    private func run(_ text: String) {
        self.load(text)
        precondition(lua_pcall(self.state, 0, 0, 0) == 0, "The library of scripts is Lua.")
    }

    private func load(_ text: String) {
        let bytes = Array(text.utf8)
        let result = bytes.withUnsafeBytes {
            luaL_loadbuffer(self.state, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, "@script")
        }
        precondition(result == 0, "A script is Lua: \(String(cString: lua_tolstring(self.state, -1, nil)))")
    }

    // MARK: Running

    /// Runs a script, its first line perhaps `#!lua` and flags.
    func run(
        _ text: String, keys: ArraySlice<[UInt8]>, arguments: ArraySlice<[UInt8]>,
        _ execute: @escaping ([[UInt8]]) -> Reply
    ) -> Reply {
        self.execute = execute
        defer { self.execute = nil }
        celeriac_lua_push_reference(self.state, self.function(text))
        self.setTable("KEYS", keys)
        self.setTable("ARGV", arguments)
        defer { celeriac_lua_pop(self.state, 1) }
        guard lua_pcall(self.state, 0, 1, 0) == 0 else { return self.failure() }
        return self.value(at: -1)
    }

    private func function(_ text: String) -> CInt {
        if let known = self.functions[text] { return known }
        let start = text.hasPrefix("#!") ? text.firstIndex(of: "\n") ?? text.endIndex : text.startIndex
        self.load(String(text[start...]))
        let reference = celeriac_lua_reference(self.state)
        self.functions[text] = reference
        return reference
    }

    private func setTable(_ name: String, _ values: ArraySlice<[UInt8]>) {
        lua_createtable(self.state, CInt(values.count), 0)
        for (index, value) in values.enumerated() {
            self.push(value)
            lua_rawseti(self.state, -2, CInt(index + 1))
        }
        celeriac_lua_set_global(self.state, name)
    }

    /// What `redis.call` raised is a table with the server's text; anything else is a mistake in the script.
    private func failure() -> Reply {
        let reply = self.value(at: -1)
        if case .error = reply { return reply }
        return .error(ServerError("ERR \(reply.asText ?? "a script failed") script"))
    }

    // MARK: Values

    private func push(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes {
            lua_pushlstring(self.state, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
        }
    }

    private func bytes(at index: CInt) -> [UInt8] {
        var count = 0
        guard let start = lua_tolstring(self.state, index, &count) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// A value of Lua as a reply, as Redis turns one into the other: numbers lose their fraction, lists end at `nil`.
    private func value(at index: CInt) -> Reply {
        switch lua_type(self.state, index) {
        case LUA_TSTRING: return .bytes(self.bytes(at: index))
        case LUA_TNUMBER: return .integer(Int(lua_tonumber(self.state, index)))
        case LUA_TBOOLEAN: return lua_toboolean(self.state, index) != 0 ? .integer(1) : .null
        case LUA_TTABLE: return self.table(at: index)
        default: return .null
        }
    }

    private func table(at index: CInt) -> Reply {
        if let text = self.field("err", at: index) { return .error(ServerError(text)) }
        if let text = self.field("ok", at: index) { return .status(text) }
        var elements: [Reply] = []
        while true {
            lua_rawgeti(self.state, index, CInt(elements.count + 1))
            defer { celeriac_lua_pop(self.state, 1) }
            if lua_type(self.state, -1) == LUA_TNIL { return .array(elements) }
            elements.append(self.value(at: -1))
        }
    }

    private func field(_ name: String, at index: CInt) -> String? {
        lua_getfield(self.state, index, name)
        defer { celeriac_lua_pop(self.state, 1) }
        guard lua_type(self.state, -1) == LUA_TSTRING else { return nil }
        return String(decoding: self.bytes(at: -1), as: UTF8.self)
    }

    // MARK: Calls

    private static let called: celeriac_lua_call = { context, _ in
        Unmanaged<ScriptEngine>.fromOpaque(context!).takeUnretainedValue().call()
    }

    private func call() -> CInt {
        let count = lua_gettop(self.state)
        var arguments: [[UInt8]] = []
        arguments.reserveCapacity(Int(count))
        for index in 1...max(1, count) where index <= count { arguments.append(self.argument(at: index)) }
        let reply = self.execute!(arguments)
        self.push(reply)
        if case .error = reply { return 1 }
        return 0
    }

    /// Redis writes numbers with 17 digits.
    private func argument(at index: CInt) -> [UInt8] {
        guard lua_type(self.state, index) == LUA_TNUMBER else { return self.bytes(at: index) }
        let number = lua_tonumber(self.state, index)
        if number == number.rounded(), abs(number) < 1e15 { return Array(String(Int(number)).utf8) }
        return Array(number.description.utf8)
    }

    private func push(_ reply: Reply) {
        switch reply {
        case .status(let text): self.pushTable("ok", text)
        case .error(let error): self.pushTable("err", error.text)
        case .integer(let integer): lua_pushnumber(self.state, lua_Number(integer))
        case .bytes(let bytes): self.push(bytes)
        case .null: lua_pushboolean(self.state, 0)
        case .array(let elements):
            lua_createtable(self.state, CInt(elements.count), 0)
            for (index, element) in elements.enumerated() {
                self.push(element)
                lua_rawseti(self.state, -2, CInt(index + 1))
            }
        }
    }

    private func pushTable(_ name: String, _ text: String) {
        lua_createtable(self.state, 0, 1)
        self.push(Array(text.utf8))
        lua_setfield(self.state, -2, name)
    }
}
