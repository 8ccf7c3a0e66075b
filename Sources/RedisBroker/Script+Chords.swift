import Redis

/// The scripts of chords. Celery's keys and forms throughout (`docs/redis.md`), so that Python workers can return the
/// other parts, and join.
extension Script {
    /// For scripts that take part in chords, in whichever database the results are. The first two arguments of the script
    /// are the broker's database and that of results.
    ///
    /// `part(key, value, member, score, seconds, token)` has a part returned, once. It answers `join` when all parts have
    /// and the given token has the claim to join them, the milliseconds that another's claim will last when that one has,
    /// and nothing otherwise. `notPart(key)` says what is wrong with the keys.
    static let chords = """
        local function inResults(act)
            if ARGV[1] ~= ARGV[2] then redis.call('SELECT', ARGV[2]) end
            local answer = act()
            if ARGV[1] ~= ARGV[2] then redis.call('SELECT', ARGV[1]) end
            return answer
        end
        local function notPart(key)
            local kinds = { ['.d'] = 'set', ['.s'] = 'string', ['.t'] = 'string', ['.c'] = 'string' }
            for suffix, kind in pairs(kinds) do
                local found = redis.call('TYPE', key .. suffix).ok
                if found ~= 'none' and found ~= kind then
                    return 'WRONGTYPE ' .. key .. suffix .. ' holds a ' .. found .. ' and should hold a ' .. kind
                end
            end
            local found = redis.call('TYPE', key .. '.j').ok
            if found ~= 'none' and found ~= 'zset' and found ~= 'list' then
                return 'WRONGTYPE ' .. key .. '.j holds a ' .. found
            end
        end
        local function expire(key, seconds)
            if seconds > 0 then
                for _, suffix in ipairs({ '', '.j', '.t', '.s', '.d' }) do
                    redis.call('EXPIRE', key .. suffix, seconds)
                end
            end
        end
        local function claim(key, token, seconds)
            if seconds > 0 then return redis.call('SET', key .. '.c', token, 'NX', 'EX', seconds) end
            return redis.call('SET', key .. '.c', token, 'NX')
        end
        local function part(key, value, member, score, seconds, token)
            local holder = redis.call('GET', key .. '.c')
            if holder == 'done' then return nil end
            -- A Python worker with `result_chord_ordered` off keeps a list.
            local isList = redis.call('TYPE', key .. '.j').ok == 'list'
            if redis.call('SADD', key .. '.d', member) == 1 then
                if isList then
                    redis.call('RPUSH', key .. '.j', value)
                else
                    redis.call('ZADD', key .. '.j', score, value)
                end
            end
            expire(key, seconds)
            local size = redis.call('GET', key .. '.s')
            local count = redis.call(isList and 'LLEN' or 'ZCARD', key .. '.j')
            if not size or count ~= size + (redis.call('GET', key .. '.t') or 0) then return nil end
            if holder == token or claim(key, token, seconds) then return 'join' end
            local left = redis.call('PTTL', key .. '.c')
            return left >= 0 and left or nil
        end

        """

    /// The effects of a settlement that concern chords: `begin` key, the saved group or nothing, size and seconds ·
    /// `joiner` list, message, what stands for the part in the set of those that have returned · `part` key, value, place
    /// and seconds and token: of the joiner before it · `over` key, token: of a chord that has been joined.
    static let chordEffects = """
        local joiner
        local function begin(key, tree, rest)
            local size, seconds = string.match(rest, '^(%d+) (%d+)$')
            redis.call('DEL', key .. '.c')
            local expiry = seconds == '0' and {} or { 'EX', seconds }
            redis.call('SET', key .. '.s', size, unpack(expiry))
            if tree ~= '' then redis.call('SET', key, tree, unpack(expiry)) end
        end
        local function returned(key, value, rest)
            local score, seconds, token = string.match(rest, '^(%S+) (%d+) (.*)$')
            return part(key, value, joiner[3] .. ':' .. score, score, tonumber(seconds), token)
        end
        local function over(key, token)
            if redis.pcall('GET', key .. '.c') == token then
                redis.call('DEL', key .. '.j', key .. '.t', key .. '.s', key .. '.d')
                redis.call('SET', key .. '.c', 'done', 'EX', 300)
            end
        end

        """

    /// Fetches what there is to join.
    ///
    /// Keys: the chord's. Arguments: the broker's database · of the results' database · token · most bytes · seconds to
    /// keep. Answers `join`, the document of the saved group or nothing, and the parts in order; `later` and milliseconds
    /// while another has the claim; `large` and bytes; or `over` when it was joined, or its keys have expired.
    static let gather = Script(
        "gather",
        after: chords,
        """
        local key, token, most, seconds = KEYS[1], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
        return inResults(function()
            local holder = redis.call('GET', key .. '.c')
            if holder == 'done' or redis.call('EXISTS', key .. '.j') == 0 then return { 'over' } end
            if holder ~= token then
                if not claim(key, token, seconds) then
                    return { 'later', math.max(0, redis.call('PTTL', key .. '.c')) }
                end
            end
            expire(key, seconds)
            if seconds > 0 then redis.call('EXPIRE', key .. '.c', seconds) end
            local isList = redis.call('TYPE', key .. '.j').ok == 'list'
            local parts = redis.call(isList and 'LRANGE' or 'ZRANGE', key .. '.j', 0, -1)
            local bytes = 0
            for _, one in ipairs(parts) do bytes = bytes + #one end
            if bytes > most then return { 'large', bytes } end
            local answer = { 'join', redis.call('GET', key) or '' }
            for _, one in ipairs(parts) do answer[#answer + 1] = one end
            return answer
        end)
        """)
}
