import Redis

/// The scripts of the broker. Each takes and answers plain texts; times are the server's own.
extension Script {
    static let all = [
        take, settle, renew, old, claim, admit, renewSlots, resume, live, forget, reply, revoke, gather, lengths,
    ]

    /// For every script that changes more than one key. `deliver(member)` puts a member of the scheduled set where its list
    /// is taken from, and says what is wrong if it cannot.
    private static let prelude =
        Script.typeCheck + """
            local function deliver(member)
                local colon = string.find(member, ':', 1, true)
                local length = colon and tonumber(string.sub(member, 1, colon - 1))
                if not length then return 'malformed' end
                local list = string.sub(member, colon + 1, colon + length)
                local failed = wrong(list, 'list')
                if failed then return failed end
                redis.call('RPUSH', list, string.sub(member, colon + length + 1))
            end

            """

    /// `store(key, seconds, document, kind)` stores and publishes a result document; one of the kind `final` leaves a
    /// stored success as it is, one of the kind `pending` whatever says that the task was started or has ended. The first
    /// two arguments of the script are the broker's database and that of results.
    private static let storing = """
        local documents = { result = true, final = true, pending = true }
        local function stays(stored, kind)
            if type(stored) ~= 'string' then return false end
            if kind == 'final' then return string.find(stored, '"status": "SUCCESS"', 1, true) end
            for _, status in ipairs({ 'RETRY', 'PENDING', 'RECEIVED', 'REJECTED' }) do
                if string.find(stored, '"status": "' .. status .. '"', 1, true) then return false end
            end
            return true
        end
        local function store(key, seconds, document, kind)
            if ARGV[1] ~= ARGV[2] then redis.call('SELECT', ARGV[2]) end
            local stored = kind ~= 'result' and redis.pcall('GET', key)
            local failed
            if not stays(stored, kind) then
                local reply
                if seconds == '0' then
                    reply = redis.pcall('SET', key, document)
                else
                    reply = redis.pcall('SET', key, document, 'EX', seconds)
                end
                if reply.err then failed = reply.err else redis.pcall('PUBLISH', key, document) end
            end
            if ARGV[1] ~= ARGV[2] then redis.call('SELECT', ARGV[1]) end
            return failed
        end

        """

    /// Stores result documents on a server of their own, and has parts of chords returned there.
    ///
    /// Arguments: the database, twice; then effects, each a kind and three arguments, as those of ``settle``: `result`,
    /// `final`, `pending`, and those of chords. Answers for each `part` what it is due to: `join`, milliseconds, nothing, or what
    /// failed behind an exclamation mark.
    static let store = Script(
        "store",
        after: storing + chords + chordEffects,
        """
        local failed
        local answer = {}
        for at = 3, #ARGV, 4 do
            local kind, a, b, c = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
            if kind == 'joiner' then joiner = { a, b, c }
            elseif kind == 'begin' then begin(a, b, c)
            elseif kind == 'over' then over(a, b)
            elseif kind == 'part' then
                local wrong = notPart(a)
                answer[#answer + 1] = wrong and '!' .. wrong or tostring(returned(a, b, c) or '')
            else
                failed = store(a, b, c, kind) or failed
            end
        end
        if failed then return redis.error_reply(failed) end
        return answer
        """)

    /// Moves messages that are due to their lists, then hands out messages: from list to unacknowledged in one step. When
    /// the lists have no more, it looks at them once, which has the server tell of what comes (`CLIENT TRACKING`).
    ///
    /// Whoever takes something is known and shows life from that step on: its sign of life may have been refused, lost
    /// with all keys, or have expired while the take was under way, and what an unknown worker holds nobody looks for.
    ///
    /// Keys: the lists in the order in which to take. The server tracks every key that a script which reads declares:
    /// whatever else is touched is an argument, or word of each of its changes would come.
    /// Arguments: unacked · its index · scheduled · dead letters · their index · most messages · most bytes · tag prefix ·
    /// number of the first tag · prefix of delivery counts · bytes of the largest message · known workers · this one's sign
    /// of life · its id · a text about it · milliseconds of the sign · for each list, what ends its entry in unacked:
    /// `, "", "queue"]`.
    /// Answers: seconds until the next message is due or -1 · 1 when all lists are empty, 2 when some list has got what was
    /// due, else 0 · seconds since 1970 · for each message its list's place (from 1), how often it was handed out before,
    /// and the message; for one that is too large, which goes to the dead letters, the place below zero, its size, and the
    /// task's id if it is found; for a list that cannot be taken from, 0, its place, and why.
    static let take = Script(
        "take",
        after: prelude,
        """
        local unacked, index, scheduled, dead, deadIndex = unpack(ARGV, 1, 5)
        local prefix, counts, entryEnds = ARGV[8], ARGV[10], 16
        local workers, sign, worker, about, milliseconds = unpack(ARGV, 12, 16)
        local left, bytes, number, largest = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[9]), tonumber(ARGV[11])
        local broken = wrong(unacked, 'hash') or wrong(index, 'zset') or wrong(scheduled, 'zset')
            or wrong(dead, 'hash') or wrong(deadIndex, 'zset') or wrong(workers, 'set')
        if broken then return redis.error_reply(broken) end
        local time = redis.call('TIME')
        local now = time[1] + time[2] / 1000000
        local next = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')
        local moved = false
        if next[2] and tonumber(next[2]) <= now then
            local due = redis.call('ZRANGEBYSCORE', scheduled, '-inf', now, 'LIMIT', 0, 100)
            for i = #due, 1, -1 do
                local member = due[i]
                local failed = deliver(member)
                if failed == 'malformed' then
                    local id = redis.sha1hex(member)
                    redis.call('HSET', dead, id, cjson.encode({ reason = 'malformed', queue = '', priority = 0,
                        text = 'it was scheduled for no list', message = member }))
                    redis.call('ZADD', deadIndex, now, id)
                    failed = nil
                end
                if failed then
                    redis.call('ZADD', scheduled, now + 1, member)
                else
                    redis.call('ZREM', scheduled, member)
                end
            end
            moved = true
            next = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')
        end
        local answer = { next[2] and tostring(math.max(0, next[2] - now)) or '-1', 0, string.format('%.6f', now) }
        -- What tells of an earlier delivery stands at a message's end; long texts are dear to cut.
        local function tailOf(message) return #message > 4096 and string.sub(message, -4096) or message end
        local function bury(message, entryEnd)
            local id = string.match(tailOf(message), '"correlation_id": "([^"]*)"') or ''
            local record = '{"reason":"too_large","text":"the message has ' .. #message .. ' bytes","queue":'
                .. string.sub(entryEnd, 7, -2) .. ',"priority":0,"task_id":' .. cjson.encode(id) .. ',"message":'
                .. cjson.encode(message) .. '}'
            local tag = prefix .. number
            redis.call('HSET', dead, tag, record)
            redis.call('ZADD', deadIndex, now, tag)
            return id
        end
        for list = 1, #KEYS do
            local hasMore = true
            while hasMore and left > 0 and bytes > 0 do
                local wanted = math.min(left, 32)
                local messages = redis.pcall('RPOP', KEYS[list], wanted)
                if not messages then break end
                if messages.err then
                    answer[#answer + 1], answer[#answer + 2], answer[#answer + 3] = 0, list, KEYS[list] .. ': ' .. messages.err
                    break
                end
                local entries, scores = {}, {}
                local count = #messages
                hasMore = count == wanted
                for i, message in ipairs(messages) do
                    if bytes <= 0 then
                        for j = #messages, i, -1 do redis.call('RPUSH', KEYS[list], messages[j]) end
                        count = i - 1
                        break
                    end
                    local place, before = list, 0
                    if #message > largest then
                        place, before, message = -place, #message, bury(message, ARGV[entryEnds + list])
                    else
                        local tag = prefix .. number
                        entries[#entries + 1], entries[#entries + 2] = tag, '[' .. message .. ARGV[entryEnds + list]
                        scores[#scores + 1], scores[#scores + 2] = now, tag
                    end
                    number = number + 1
                    bytes = bytes - #message
                    local tail = tailOf(message)
                    -- The end of `"redelivered": true`, from a letter that is rare: the search stops at each such one.
                    if string.find(tail, 'vered": true', 1, true) then
                        local id = string.match(tail, '"correlation_id": "([^"]*)"')
                        local count = id and redis.pcall('INCR', counts .. id)
                        if type(count) == 'number' then
                            before = count
                            redis.call('EXPIRE', counts .. id, 604800)
                        end
                    end
                    answer[#answer + 1], answer[#answer + 2], answer[#answer + 3] = place, before, message
                end
                if #entries > 0 then
                    redis.call('HSET', unacked, unpack(entries))
                    redis.call('ZADD', index, unpack(scores))
                    if redis.call('SET', sign, about, 'PX', milliseconds, 'NX') then
                        redis.call('SADD', workers, worker)
                    end
                end
                left = left - count
            end
        end
        if left > 0 and bytes > 0 and (#KEYS == 0 or redis.call('EXISTS', unpack(KEYS)) == 0) then answer[2] = 1 end
        if moved then answer[2] = 2 end
        return answer
        """)

    /// Ends deliveries, each with its effects, all of one delivery or none: a delivery whose tag is gone was given to
    /// another worker, and nothing of it happens. After the database was lost as a whole the tag proves nothing, and the
    /// effects happen.
    ///
    /// No keys, for the reason that ``take`` gives.
    /// Arguments: number of the broker's database · of the results' database · unacked · its index · scheduled · dead
    /// letters · their index · epoch; then for each delivery its tag (empty for none) · the epoch in which it was taken · 1 to end the delivery, 0 to keep it · number of effects · for each
    /// effect its kind and three arguments:
    /// `push` list, message · `front` list, message · `schedule` seconds since 1970, member · `dead` id, record, seconds ·
    /// `result` key, seconds to keep, document · `final` the same, unless a success is stored · `pending` the same, unless
    /// the task was started or has ended · `forget` key ·
    /// `uncount` key · `end` claim, nothing, seconds · `release` slots, list of what waits for them, tag · those of
    /// ``chordEffects``; or a condition, without which nothing happens, as if the tag were gone: `silent` the sign of life
    /// that must not be there · `aged` seconds since the last renewal · `claimed` a chord's key, token.
    /// Answers for each delivery: 1 done, 0 the tag is gone, or a text: what failed.
    static let settle = Script(
        "settle",
        after: prelude + storing + chords + chordEffects,
        """
        local unacked, index, scheduled, dead, deadIndex, epochKey = unpack(ARGV, 3, 8)
        local broken = wrong(unacked, 'hash') or wrong(index, 'zset') or wrong(epochKey, 'string')
        if broken then return redis.error_reply(broken) end
        local epoch = redis.call('GET', epochKey)
        local answer, ended = {}, {}
        local at = 9
        local function refusal(kind, a, b)
            if kind == 'push' or kind == 'front' then return wrong(a, 'list') end
            if kind == 'schedule' then return wrong(scheduled, 'zset') end
            if kind == 'dead' then return wrong(dead, 'hash') or wrong(deadIndex, 'zset') end
            if kind == 'release' then return wrong(a, 'zset') or wrong(b, 'list') end
            if kind == 'joiner' then return wrong(a, 'list') or wrong(scheduled, 'zset') end
            if kind == 'part' then return inResults(function() return notPart(a) end) end
        end
        local function isMet(kind, a, b, tag)
            if kind == 'silent' then return redis.call('EXISTS', a) == 0 end
            if kind == 'claimed' then
                return inResults(function() return redis.pcall('GET', a .. '.c') == b end)
            end
            if kind ~= 'aged' then return true end
            local renewed = redis.call('ZSCORE', index, tag)
            return not renewed or tonumber(renewed) <= redis.call('TIME')[1] - a
        end
        local function perform(kind, a, b, c)
            local reply
            if kind == 'push' then reply = redis.pcall('LPUSH', a, b)
            elseif kind == 'front' then reply = redis.pcall('RPUSH', a, b)
            elseif kind == 'schedule' then reply = redis.pcall('ZADD', scheduled, a, b)
            elseif kind == 'dead' then
                reply = redis.pcall('HSET', dead, a, b)
                if not (type(reply) == 'table' and reply.err) then reply = redis.pcall('ZADD', deadIndex, c, a) end
            elseif kind == 'forget' then reply = redis.pcall('DEL', a)
            elseif kind == 'release' then
                reply = redis.pcall('ZREM', a, c)
                local member = redis.call('LPOP', b)
                if member and deliver(member) then redis.call('ZADD', scheduled, 0, member) end
            elseif kind == 'end' then reply = redis.pcall('SET', a, 'ended', 'EX', c)
            elseif kind == 'uncount' then redis.pcall('DECR', a)
            elseif kind == 'joiner' then joiner = { a, b, c }
            elseif kind == 'begin' then inResults(function() begin(a, b, c) end)
            elseif kind == 'over' then inResults(function() over(a, b) end)
            elseif kind == 'part' then
                local due = inResults(function() return returned(a, b, c) end)
                if due == 'join' then
                    redis.call('RPUSH', joiner[1], joiner[2])
                elseif due then
                    local now = redis.call('TIME')
                    redis.call('ZADD', scheduled, now[1] + 1 + due / 1000, #joiner[1] .. ':' .. joiner[1] .. joiner[2])
                end
            end
            if type(reply) == 'table' and reply.err then return reply.err end
        end
        while at <= #ARGV do
            local tag, taken, ends, count = ARGV[at], ARGV[at + 1], ARGV[at + 2] == '1', tonumber(ARGV[at + 3])
            at = at + 4
            local last = at + 4 * count
            -- Documents are never refused: where nothing else happens, the tag can go first.
            local isPlain = ends
            for effect = at, last - 1, 4 do
                isPlain = isPlain and documents[ARGV[effect]]
            end
            local held = tag == '' or redis.call(isPlain and 'HDEL' or 'HEXISTS', unacked, tag) == 1 or taken ~= epoch
            if held and not isPlain then
                for effect = at, last - 1, 4 do
                    held = held and isMet(ARGV[effect], ARGV[effect + 1], ARGV[effect + 2], tag)
                end
            end
            local outcome = held and 1 or 0
            if held and isPlain then
                for effect = at, last - 1, 4 do
                    store(ARGV[effect + 1], ARGV[effect + 2], ARGV[effect + 3], ARGV[effect])
                end
                if tag ~= '' then ended[#ended + 1] = tag end
            elseif held then
                for effect = at, last - 1, 4 do
                    outcome = refusal(ARGV[effect], ARGV[effect + 1], ARGV[effect + 2]) or outcome
                end
                for effect = at, last - 1, 4 do
                    local kind = ARGV[effect]
                    if outcome == 1 and not documents[kind] then
                        local failed = perform(kind, ARGV[effect + 1], ARGV[effect + 2], ARGV[effect + 3])
                        if failed then outcome = failed break end
                    end
                end
                if outcome == 1 then
                    for effect = at, last - 1, 4 do
                        local kind = ARGV[effect]
                        if documents[kind] then
                            store(ARGV[effect + 1], ARGV[effect + 2], ARGV[effect + 3], kind)
                        end
                    end
                    if ends and tag ~= '' then
                        redis.call('HDEL', unacked, tag)
                        ended[#ended + 1] = tag
                    end
                end
            end
            answer[#answer + 1] = outcome
            at = last
        end
        if #ended > 0 then redis.call('ZREM', index, unpack(ended)) end
        return answer
        """)

    /// Renews leases, and the epoch when all keys were lost.
    ///
    /// Keys: unacked, its index, epoch. Arguments: an epoch for when there is none · tags. Answers the epoch, and the
    /// tags that are gone.
    static let renew = Script(
        "renew",
        """
        local time = redis.call('TIME')
        local now = time[1] + time[2] / 1000000
        redis.call('SET', KEYS[3], ARGV[1], 'NX')
        local answer = { redis.call('GET', KEYS[3]) }
        for i = 2, #ARGV do
            if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 1 then
                redis.call('ZADD', KEYS[2], now, ARGV[i])
            else
                answer[#answer + 1] = ARGV[i]
            end
        end
        return answer
        """)

    /// Shows that a worker lives. A script, so that a server without memory takes it.
    ///
    /// Keys: living workers, its sign of life. Arguments: its id · a text about it · milliseconds.
    static let live = Script(
        "live",
        """
        redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
        return redis.call('SADD', KEYS[1], ARGV[1])
        """)

    /// Forgets a dead worker, unless it lives again, or has lived again and left something.
    ///
    /// Keys: living workers, its sign of life, unacked. Arguments: its id. Answers 1 when it was known and is forgotten.
    static let forget = Script(
        "forget",
        """
        if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
        local cursor = '0'
        repeat
            local page = redis.call('HSCAN', KEYS[3], cursor, 'MATCH', ARGV[1] .. '.*', 'COUNT', 1000)
            if #page[2] > 0 then return 0 end
            cursor = page[1]
        until cursor == '0'
        return redis.call('SREM', KEYS[1], ARGV[1])
        """)

    /// Tags that are older than they may be.
    ///
    /// Keys: the index of unacked. Arguments: seconds · most tags.
    static let old = Script(
        "old",
        """
        local time = redis.call('TIME')
        return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', time[1] - ARGV[1], 'LIMIT', 0, ARGV[2])
        """)

    /// Claims the signature of a message for a delivery.
    ///
    /// Keys: unacked, the claim. Arguments: tag · seconds. Answers `go`, `copy` (another delivery has the signature, or
    /// had it to its end), or `gone` (another worker has the message).
    static let claim = Script(
        "claim",
        """
        if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 'gone' end
        local holder = redis.call('GET', KEYS[2])
        if holder == 'ended' then return 'copy' end
        if holder and holder ~= ARGV[1] and redis.call('HEXISTS', KEYS[1], holder) == 1 then return 'copy' end
        redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
        return 'go'
        """)

    /// Lets a message of a limited task start, or puts it aside: by the clock (the generic cell rate algorithm with room
    /// for one), then by the number that run.
    ///
    /// Keys: unacked, its index, scheduled, admitted, the rate's next start, the slots, what waits for them, limited.
    /// Arguments: tag · task id and try · microseconds between two starts or 0 · most at a time or 0 · seconds of a
    /// slot's lease · the message with its list.
    /// Answers `go`, `gone` (another worker has it), `later` and seconds, or `wait`.
    static let admit = Script(
        "admit",
        """
        if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return { 'gone' } end
        local time = redis.call('TIME')
        local now = time[1] + time[2] / 1000000
        local function leave()
            redis.call('HDEL', KEYS[1], ARGV[1])
            redis.call('ZREM', KEYS[2], ARGV[1])
        end
        local interval, most = tonumber(ARGV[3]) / 1000000, tonumber(ARGV[4])
        if interval > 0 and redis.call('ZREM', KEYS[4], ARGV[2]) == 0 then
            local start = math.max(now, tonumber(redis.call('GET', KEYS[5]) or '0'))
            local following = start + interval
            redis.call('SET', KEYS[5], string.format('%.6f', following), 'PX', math.ceil((following - now) * 1000) + 1000)
            if start > now then
                redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - 86400)
                redis.call('ZADD', KEYS[4], start, ARGV[2])
                redis.call('ZADD', KEYS[3], string.format('%.6f', start), ARGV[6])
                leave()
                return { 'later', tostring(start - now) }
            end
        end
        if most > 0 then
            redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', now)
            if redis.call('ZCARD', KEYS[6]) >= most then
                if interval > 0 then redis.call('ZADD', KEYS[4], now, ARGV[2]) end
                redis.call('RPUSH', KEYS[7], ARGV[6])
                redis.call('HSET', KEYS[8], KEYS[6], most)
                leave()
                return { 'wait' }
            end
            redis.call('ZADD', KEYS[6], now + ARGV[5], ARGV[1])
            redis.call('EXPIRE', KEYS[6], ARGV[5] + 1)
        end
        return { 'go' }
        """)

    /// Renews the leases of slots. Keys: the slots of each tag. Arguments: seconds · tags.
    static let renewSlots = Script(
        "renew slots",
        """
        local time = redis.call('TIME')
        for i, key in ipairs(KEYS) do
            redis.call('ZADD', key, 'XX', time[1] + ARGV[1], ARGV[i + 1])
            redis.call('EXPIRE', key, ARGV[1] + 1)
        end
        return #KEYS
        """)

    /// Hands slots whose holders have died to messages that wait for them. Keys: limited, scheduled.
    static let resume = Script(
        "resume",
        after: prelude,
        """
        local time = redis.call('TIME')
        local some = redis.call('HRANDFIELD', KEYS[1], 100, 'WITHVALUES')
        for i = 1, #some, 2 do
            local slots, waiting = some[i], some[i] .. ':waiting'
            redis.call('ZREMRANGEBYSCORE', slots, '-inf', time[1])
            local free = some[i + 1] - redis.call('ZCARD', slots)
            while free > 0 do
                local member = redis.call('LPOP', waiting)
                if not member then
                    redis.call('HDEL', KEYS[1], slots)
                    break
                end
                if deliver(member) then redis.call('ZADD', KEYS[2], 0, member) end
                free = free - 1
            end
        end
        return #some
        """)

    /// Puts an answer into the queues that are bound for it: none when whoever asked has left. A queue that was left
    /// behind in this moment does not stay.
    ///
    /// Keys: the bindings of the exchange. Arguments: routing key · prefix of keys · separator · answer.
    static let reply = Script(
        "reply",
        """
        local count = 0
        for _, member in ipairs(redis.call('SMEMBERS', KEYS[1])) do
            local first = string.find(member, ARGV[3], 1, true)
            local second = first and string.find(member, ARGV[3], first + #ARGV[3], true)
            if second and string.sub(member, 1, first - 1) == ARGV[1] then
                local queue = ARGV[2] .. string.sub(member, second + #ARGV[3])
                redis.call('LPUSH', queue, ARGV[4])
                if redis.call('PTTL', queue) == -1 then redis.call('PEXPIRE', queue, 60000) end
                count = count + 1
            end
        end
        return count
        """)

    /// Notes what was called off, and forgets what is over.
    ///
    /// Keys: the set. Arguments: seconds until they are forgotten · most members · members.
    static let revoke = Script(
        "revoke",
        after: prelude,
        """
        local failed = wrong(KEYS[1], 'zset')
        if failed then return redis.error_reply(failed) end
        local now = tonumber(redis.call('TIME')[1])
        redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
        for i = 3, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i]) end
        local surplus = redis.call('ZCARD', KEYS[1]) - ARGV[2]
        if surplus > 0 then redis.call('ZREMRANGEBYRANK', KEYS[1], 0, surplus - 1) end
        redis.call('EXPIRE', KEYS[1], ARGV[1])
        return surplus
        """)
}
