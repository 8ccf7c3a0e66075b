// What Redis on this machine can do: two processes take Celery's messages in batches and complete them, with the keys
// and scripts that a worker needs who loses nothing, and run no task at all. A limit for workers, not one of them.
//
//   cc -O2 bench/reference.c $(pkg-config --cflags --libs hiredis) -o reference
//   reference PORT RESULTS   (RESULTS: 1 stores and publishes a result document for each message, 0 stores none)
//
// Ends when the queue is empty; then exits with 0, or with 1 when Redis said something unexpected.
#include <hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { processes = 2, batch = 64, in_flight = 4 };

// KEYS: queue, unacked, index. ARGV: most messages, time. Result: delivery tag and task id of each.
static const char *take =
    "local taken = redis.call('RPOP', KEYS[1], ARGV[1]) "
    "if not taken then return {} end "
    "local hash, index, names = {}, {}, {} "
    "for i, message in ipairs(taken) do "
    "  local tag = string.match(message, '\"delivery_tag\": \"([^\"]+)\"') "
    "  hash[#hash + 1] = tag "
    "  hash[#hash + 1] = '[' .. message .. ', \"\", \"celery\"]' "
    "  index[#index + 1] = ARGV[2] "
    "  index[#index + 1] = tag "
    "  names[#names + 1] = tag "
    "  names[#names + 1] = string.match(message, '\"id\": \"([^\"]+)\"') "
    "end "
    "redis.call('HSET', KEYS[2], unpack(hash)) "
    "redis.call('ZADD', KEYS[3], unpack(index)) "
    "return names";

// KEYS: unacked, index. ARGV: tag and task id of each, the last one 1 to store results. Result: number acknowledged.
static const char *complete =
    "local tags = {} "
    "for i = 1, #ARGV - 1, 2 do tags[#tags + 1] = ARGV[i] end "
    "local count = redis.call('HDEL', KEYS[1], unpack(tags)) "
    "redis.call('ZREM', KEYS[2], unpack(tags)) "
    "if ARGV[#ARGV] == '1' then "
    "  for i = 2, #ARGV - 1, 2 do "
    "    local key = 'celery-task-meta-' .. ARGV[i] "
    "    local document = '{\"status\": \"SUCCESS\", \"result\": null, \"traceback\": null, \"children\": [], ' .. "
    "      '\"date_done\": \"2026-01-02T03:04:05.678900+00:00\", \"task_id\": \"' .. ARGV[i] .. '\"}' "
    "    redis.call('SET', key, document, 'EX', 86400) "
    "    redis.call('PUBLISH', key, document) "
    "  end "
    "end "
    "return count";

static void fail(const char *what) {
    fprintf(stderr, "reference: %s\n", what);
    exit(1);
}

static redisReply *next_reply(redisContext *redis) {
    redisReply *reply = NULL;
    if (redisGetReply(redis, (void **)&reply) != REDIS_OK) fail(redis->errstr);
    if (reply->type == REDIS_REPLY_ERROR) fail(reply->str);
    return reply;
}

static char *load(redisContext *redis, const char *script) {
    redisAppendCommand(redis, "SCRIPT LOAD %s", script);
    redisReply *reply = next_reply(redis);
    char *name = strdup(reply->str);
    freeReplyObject(reply);
    return name;
}

static void append_complete(redisContext *redis, const char *script, const redisReply *taken, const char *results) {
    const char *words[6 + 2 * batch] = {"EVALSHA", script, "2", "unacked", "unacked_index"};
    size_t lengths[6 + 2 * batch];
    int count = 5;
    for (size_t i = 0; i < taken->elements; i++) words[count++] = taken->element[i]->str;
    words[count++] = results;
    for (int i = 0; i < count; i++) lengths[i] = strlen(words[i]);
    redisAppendCommandArgv(redis, count, words, lengths);
}

// Keeps several takes on their way; every answer to one is completed at once, and asked for again.
static void work(int port, const char *results) {
    redisContext *redis = redisConnect("127.0.0.1", port);
    if (redis == NULL || redis->err) fail("cannot connect");
    char *taker = load(redis, take), *completer = load(redis, complete);
    const char *take_format = "EVALSHA %s 3 celery unacked unacked_index %d 1700000000";
    // Answers come in the order of the questions; this says which are of takes.
    char is_take[4 * in_flight];
    int first = 0, last = 0, open = 0;
    for (int i = 0; i < in_flight; i++, open++, last++) {
        redisAppendCommand(redis, take_format, taker, batch);
        is_take[last % sizeof is_take] = 1;
    }
    while (open > 0) {
        redisReply *reply = next_reply(redis);
        open--;
        if (is_take[first++ % sizeof is_take] && reply->elements > 0) {
            append_complete(redis, completer, reply, results);
            is_take[last++ % sizeof is_take] = 0;
            redisAppendCommand(redis, take_format, taker, batch);
            is_take[last++ % sizeof is_take] = 1;
            open += 2;
        }
        freeReplyObject(reply);
    }
    redisFree(redis);
}

int main(int count, char **arguments) {
    if (count != 3) fail("usage: reference PORT RESULTS");
    for (int i = 0; i < processes; i++) {
        if (fork() == 0) {
            work(atoi(arguments[1]), arguments[2]);
            _exit(0);
        }
    }
    int status, failed = 0;
    while (wait(&status) > 0) failed |= status;
    return failed != 0;
}
