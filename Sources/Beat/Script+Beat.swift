import Redis

/// The scripts of the scheduler. Times are the server's own.
extension Script {
    static let beat = [lead, leave, fire]

    /// Takes the lead when nobody has it, or renews it.
    ///
    /// Key: the lead. Arguments: who asks · milliseconds. Answers 1 when it is theirs, else 0 · seconds since 1970.
    static let lead = Script(
        "lead",
        """
        local time = redis.call('TIME')
        local holder = redis.call('GET', KEYS[1])
        if holder == ARGV[1] or not holder then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
        return { (holder == ARGV[1] or not holder) and 1 or 0, string.format('%.6f', time[1] + time[2] / 1000000) }
        """)

    /// Gives the lead up. Key: the lead. Argument: who does.
    static let leave = Script(
        "leave",
        """
        if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
        return 0
        """)

    /// Brings an entry from one state to the next, and sends its task, in one step: only from the state that the caller
    /// knows, so that no instant is fired twice, however many schedulers there are. A server whose memory is full refuses.
    ///
    /// Keys: states, the list, bindings of the queue, permanent ones, the mark of the task before, the mark of this one.
    /// Arguments: the entry · its state (empty for none) · milliseconds since 1970 before which it is not done · the state
    /// after · the message (empty for none) · the queue's binding · milliseconds of the mark or 0 · the state when the
    /// task is left out · the broker's database · that of results (empty when they are elsewhere) · the key of the result of the task
    /// before.
    /// Answers `done`, `skipped`, `differs` or `early` · seconds since 1970 · the state that is there now.
    static let fire = Script(
        "fire",
        after: typeCheck,
        runsWhenFull: false,
        """
        local failed = wrong(KEYS[1], 'hash') or wrong(KEYS[2], 'list') or wrong(KEYS[3], 'set') or wrong(KEYS[4], 'set')
        if failed then return redis.error_reply(failed) end
        local time = redis.call('TIME')
        local now = string.format('%.6f', time[1] + time[2] / 1000000)
        local stored = redis.call('HGET', KEYS[1], ARGV[1]) or ''
        if stored ~= ARGV[2] then return { 'differs', now, stored } end
        if now * 1000 < tonumber(ARGV[3]) then return { 'early', now, stored } end
        local function hasEnded()
            if redis.call('EXISTS', KEYS[5]) == 0 then return true end
            if ARGV[10] == '' then return false end
            if ARGV[9] ~= ARGV[10] then redis.call('SELECT', ARGV[10]) end
            local document = redis.pcall('GET', ARGV[11])
            if ARGV[9] ~= ARGV[10] then redis.call('SELECT', ARGV[9]) end
            local status = type(document) == 'string' and string.match(document, '^{"status": "(%u+)"')
            return status == 'SUCCESS' or status == 'FAILURE' or status == 'REVOKED'
        end
        if ARGV[5] ~= '' and ARGV[7] ~= '0' and not hasEnded() then
            redis.call('HSET', KEYS[1], ARGV[1], ARGV[8])
            return { 'skipped', now, ARGV[8] }
        end
        redis.call('HSET', KEYS[1], ARGV[1], ARGV[4])
        if ARGV[5] ~= '' then
            redis.call('SADD', KEYS[3], ARGV[6])
            redis.call('SADD', KEYS[4], ARGV[6])
            redis.call('LPUSH', KEYS[2], ARGV[5])
            if ARGV[7] ~= '0' then redis.call('SET', KEYS[6], '1', 'PX', ARGV[7]) end
        end
        return { 'done', now, ARGV[4] }
        """)
}
