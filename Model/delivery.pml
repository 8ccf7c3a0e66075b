/*
 * How messages are delivered over Redis: the scripts of Sources/RedisBroker/Script.swift, the workers that call them,
 * and the faults between the two. docs/reliability.md tells what is left out.
 *
 * A script is one atomic step of the server. A command goes out, is carried out and is answered in three steps; between
 * any two of them its worker may die or stand still and its connection may be lost. What was on its way is then carried
 * out at once, later, or never.
 *
 * Everything that happens is finite: faults have a budget. Spin shows that no run goes on for ever, and `judge` looks at
 * each state in which nothing is left to happen.
 *
 * Configurations: EARLY (acknowledged before the task runs), PROMPT (no visibility timeout: what a dead worker held must
 * be found by its missing sign of life), WIPE (the server loses its memory). Each name that begins with WRONG is a
 * mistake that must be found: Model/variants lists them.
 */

#ifndef MESSAGES
#define MESSAGES 2
#endif
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef FAULTS
#define FAULTS 2
#endif
#define TAGS 9  /* More than any run takes; `nextTag` sees to that. 0 stands for none. */
#define NOBODY 255

/* ---- The server ---- */

byte listed[MESSAGES];   /* copies on the message's list */
bool entry[TAGS];        /* `unacked`: there is an entry under this tag */
bool old[TAGS];          /* `unacked_index`: not renewed for the visibility timeout */
bool known[WORKERS];     /* `celeriac.workers` */
bool sign[WORKERS];      /* `celeriac.worker.<id>`, which expires */
byte epoch = 1;          /* `celeriac.epoch`; 0 when there is none */
byte stored[MESSAGES];   /* outcomes stored */
byte followed[MESSAGES]; /* times that what follows was published */
byte ended[MESSAGES];    /* deliveries that ended the message */

/* What each tag stands for, fixed when it is given. */
byte tags;
byte messageOf[TAGS];
byte ownerOf[TAGS];

/* A command whose connection was lost, which the server may still find in a buffer. */
mtype = { none, take, settle };
mtype late[WORKERS] = none;
byte lateTag[WORKERS];
mtype lateWhat[WORKERS];

/* ---- The workers ---- */

mtype = { alive, stalled, dead };
mtype life[WORKERS] = alive;
bool linked[WORKERS];
bool stopping[WORKERS];

mtype = { idle, taking, taken, waiting, running, ending, settling, half, settled };
mtype step[WORKERS] = idle;
byte held[WORKERS];           /* the tag of the delivery in hand */
mtype = { nothing, outcome, back, early };
mtype what[WORKERS] = nothing; /* what the settlement under way is */
bool untagged[WORKERS];       /* acknowledged early: the tag is gone at our own word */
bool refused[WORKERS];        /* the tag was gone when the settlement was carried out */
bool wasSent[WORKERS];        /* an earlier try's answer was lost */
bool isLost[WORKERS];         /* a renewal told that the tag is gone */
byte seenEpoch[WORKERS];
byte takenIn[WORKERS];        /* the epoch in which the delivery was taken, or last renewed */
bool tookBlind[WORKERS];      /* a take was on a connection that was lost */

/* Recovery of others, a duty beside the task in hand. */
mtype = { resting, found, bare, putting, puttingOld };
mtype rescue[WORKERS] = resting;
byte suspect[WORKERS];
byte rescued[WORKERS];

/* ---- What only the judge knows ---- */

byte faults = FAULTS;
byte deaths;
bool lapsed[TAGS];        /* its worker was silent for so long that others may have it */
byte runs[MESSAGES];
bool excused[MESSAGES];   /* acknowledged early, and its worker died */
bool inHand[MESSAGES];    /* a worker had it when the server lost its memory */
bool wiped, cutOnce;

/* I1: one place. I2, I5: one outcome, with what follows from it. I6: early ones run once. */
inline account(m) {
#ifndef WIPE
    t = 1; copies = listed[m] + ended[m];
    do
    :: t < TAGS -> copies = copies + (entry[t] && messageOf[t] == m); t++
    :: else -> break
    od;
    assert(copies == 1);
#ifdef EARLY
    assert(cutOnce || runs[m] <= 1);
    assert(cutOnce || stored[m] <= 1);
#else
    assert(stored[m] <= 1);
    assert(stored[m] == ended[m]);
#endif
    assert(cutOnce || stored[m] == followed[m]);
#endif
    t = 0; copies = 0
}

inline nextTag(w, m) {
    tags++;
    assert(tags < TAGS);
    messageOf[tags] = m;
    ownerOf[tags] = w
}

/* ---- Scripts ---- */

inline showLife(w) { sign[w] = true; known[w] = true }

/* take: from list to unacknowledged in one step, with which its worker shows life. */
inline runTake(w, m, into) {
    if
    :: listed[0] > 0 -> m = 0
#if MESSAGES > 1
    :: listed[0] == 0 && listed[1] > 0 -> m = 1
#endif
    :: else -> m = NOBODY
    fi;
    into = 0;
    if
    :: m != NOBODY ->
        listed[m]--;
        nextTag(w, m);
        into = tags;
#ifndef WRONG_UNSEEN_TAKE
        if :: !sign[w] -> showLife(w) :: else fi;
#endif
        lapsed[tags] = !sign[w];
#ifndef WRONG_POP_THEN_RECORD
        entry[tags] = true;
        account(m)
#endif
    :: else
    fi;
    m = 0
}

/* settle: all of a delivery's effects if its tag is there, or the database was lost since it was taken. */
inline runSettle(tag, kind, tagged, since) {
    if
#ifdef WRONG_NO_FENCE
    :: true ->
#elif defined(WRONG_NO_EPOCH)
    :: !tagged || entry[tag] ->
#else
    :: !tagged || entry[tag] || since != epoch ->
#endif
        if
        :: kind == outcome ->
            stored[messageOf[tag]]++;
            followed[messageOf[tag]]++;
            if :: tagged -> ended[messageOf[tag]]++ :: else fi
        :: kind == early -> ended[messageOf[tag]]++
        :: kind == back -> listed[messageOf[tag]]++
        fi;
        if :: tagged -> entry[tag] = false; old[tag] = false :: else fi;
        account(messageOf[tag])
    :: else
    fi
}

/* ---- Steps of a worker ---- */

#define works(w) (life[w] == alive)
#define speaks(w) (life[w] == alive && linked[w])
#define isSilent(w) (life[w] != alive || !linked[w])
#ifdef WRONG_UNSEEN_TAKE
#define mayTake(w) (sign[w] && known[w])
#else
#define mayTake(w) true
#endif
#ifdef WRONG_STEAL_FROM_THE_LIVING
#define seemsDead(w) known[w]
#else
#define seemsDead(w) (known[w] && !sign[w])
#endif
#if defined(WRONG_RECOVER_WITHOUT_SECOND_LOOK) || defined(WRONG_STEAL_FROM_THE_LIVING)
#define stillLapsed(w, tag) true
#else
#define stillLapsed(w, tag) (rescue[w] == putting && !sign[ownerOf[tag]] || rescue[w] == puttingOld && old[tag])
#endif
#ifdef WRONG_SIGN_OFF_HOLDING
#define mayLeave(w) (step[w] == idle || step[w] == taking || step[w] == taken)
#define mayHoldMore(w) false
#else
#define mayLeave(w) (step[w] == idle)
#define mayHoldMore(w) tookBlind[w]
#endif
#define leaseMatters(w) (old[held[w]] || !entry[held[w]] && (seenEpoch[w] != epoch || takenIn[w] == epoch) || entry[held[w]] && takenIn[w] != epoch)
#define somethingListed (listed[0] > 0 || (MESSAGES > 1 && listed[MESSAGES - 1] > 0))

inline letGo(w) {
    step[w] = idle; held[w] = 0; what[w] = nothing; untagged[w] = false; isLost[w] = false; takenIn[w] = 0;
    refused[w] = false; wasSent[w] = false
}

inline arrive(w, tag) {
    held[w] = tag;
    takenIn[w] = seenEpoch[w];
#ifdef EARLY
#ifdef WRONG_RUN_BEFORE_EARLY_CONFIRMED
    step[w] = waiting
#else
    step[w] = ending; what[w] = early
#endif
#else
    step[w] = waiting
#endif
}

/* The first tag of a kind. */
#define any(is, w) (is(w, 1) || is(w, 2) || is(w, 3) || is(w, 4) || is(w, 5) || is(w, 6) || is(w, 7) || is(w, 8))
#define isOf(w, t) (entry[t] && ownerOf[t] == w)
#define isYoungOf(w, t) (entry[t] && ownerOf[t] == w && !old[t] && (isSilent(w) || tookBlind[w] && held[w] != t))
#define isForgottenBy(w, t) (entry[t] && ownerOf[t] == w && held[w] != t)
#define isOldFor(w, t) (entry[t] && old[t] && !(ownerOf[t] == w && held[w] == t))

#define find(is, w, tag) \
    t = 1; tag = 0; \
    do \
    :: t < TAGS && tag == 0 -> if :: is(w, t) -> tag = t :: else fi; t++ \
    :: else -> break \
    od; \
    t = 0

/* Whatever was on its way: dropped, or found later by the server. */
inline leaveInFlight(w) {
    if
    :: true
    :: late[w] == none && step[w] == taking -> late[w] = take
    :: late[w] == none && step[w] == settling ->
        late[w] = settle; lateTag[w] = held[w]; lateWhat[w] = what[w]
    fi
}

inline die(w) {
    leaveInFlight(w);
    if :: untagged[w] -> excused[messageOf[held[w]]] = true :: else fi;
#ifdef EARLY
    if :: step[w] != idle && held[w] != 0 && !entry[held[w]] -> excused[messageOf[held[w]]] = true :: else fi;
    if :: late[w] == settle -> excused[messageOf[lateTag[w]]] = true :: else fi;
#endif
    letGo(w);
    life[w] = dead; linked[w] = false; stopping[w] = false; tookBlind[w] = false; seenEpoch[w] = 0;
    rescue[w] = resting; suspect[w] = 0; rescued[w] = 0
}

proctype worker(byte w) {
    byte m, t, tag, copies;
    do
    /* The sign of life is renewed beside all else; a server may refuse it, and takes nevertheless. */
    :: atomic { speaks(w) && !(sign[w] && known[w]) -> showLife(w) }
    :: atomic { works(w) && !linked[w] -> linked[w] = true; seenEpoch[w] = (epoch == 0 -> 2 : epoch); epoch = seenEpoch[w] }

    /* Taking. */
    :: atomic { speaks(w) && step[w] == idle && !stopping[w] && somethingListed && mayTake(w) -> step[w] = taking }
    :: atomic { step[w] == taking && linked[w] && life[w] != dead -> runTake(w, m, tag); held[w] = tag; step[w] = taken; tag = 0 }
#ifdef WRONG_POP_THEN_RECORD
    :: atomic { speaks(w) && step[w] == taken && held[w] != 0 && !entry[held[w]] &&
        listed[messageOf[held[w]]] + ended[messageOf[held[w]]] == 0 -> entry[held[w]] = true }
#endif
    :: atomic { speaks(w) && step[w] == taken ->
        if
        :: held[w] == 0 -> letGo(w)
        :: else -> tag = held[w]; arrive(w, tag); tag = 0
        fi }
    /* A take without an answer: what stands under its tags is adopted. */
#ifndef WRONG_LOST_TAKE_FORGOTTEN
    :: atomic { speaks(w) && step[w] == idle && tookBlind[w] && any(isForgottenBy, w) ->
        find(isForgottenBy, w, tag); arrive(w, tag); tag = 0 }
    :: atomic { speaks(w) && step[w] == idle && tookBlind[w] && !any(isForgottenBy, w) && late[w] != take ->
        tookBlind[w] = false }
#endif

    /* The task. */
    :: atomic { works(w) && step[w] == waiting && !(stopping[w] && !untagged[w]) ->
        step[w] = running; runs[messageOf[held[w]]]++; account(messageOf[held[w]]) }
    :: atomic { speaks(w) && step[w] == running -> step[w] = settling; what[w] = outcome }
    :: atomic { works(w) && !linked[w] && step[w] == running -> step[w] = ending; what[w] = outcome }
    :: atomic { works(w) && step[w] == waiting && stopping[w] && !untagged[w] -> step[w] = ending; what[w] = back }
    /* No place within the time: back to the list. */
    :: atomic { works(w) && step[w] == waiting && !untagged[w] && faults > 0 ->
        faults--; step[w] = ending; what[w] = back }

    /* Its end. */
    :: atomic { speaks(w) && step[w] == ending -> step[w] = settling }
    :: atomic { step[w] == settling && linked[w] && life[w] != dead ->
        tag = held[w];
#if defined(WRONG_ACKNOWLEDGE_FIRST)
        if
        :: what[w] == outcome && entry[tag] -> entry[tag] = false; old[tag] = false; step[w] = half
        :: else -> runSettle(tag, what[w], !untagged[w], takenIn[w]); step[w] = settled
        fi
#elif defined(WRONG_STORE_FIRST)
        if
        :: what[w] == outcome && entry[tag] ->
            stored[messageOf[tag]]++; followed[messageOf[tag]]++; assert(stored[messageOf[tag]] <= 1); step[w] = half
        :: else -> runSettle(tag, what[w], !untagged[w], takenIn[w]); step[w] = settled
        fi
#elif defined(WRONG_PUBLISH_APART)
        if
        :: what[w] == outcome && entry[tag] ->
            stored[messageOf[tag]]++; ended[messageOf[tag]]++; entry[tag] = false; step[w] = half
        :: else -> runSettle(tag, what[w], !untagged[w], takenIn[w]); step[w] = settled
        fi
#else
        refused[w] = !untagged[w] && !entry[tag] && takenIn[w] == epoch;
        runSettle(tag, what[w], !untagged[w], takenIn[w]); step[w] = settled
#endif
        ; tag = 0 }
#if defined(WRONG_ACKNOWLEDGE_FIRST)
    :: atomic { step[w] == half && linked[w] && life[w] != dead -> tag = held[w];
        stored[messageOf[tag]]++; followed[messageOf[tag]]++; ended[messageOf[tag]]++; step[w] = settled; tag = 0 }
#elif defined(WRONG_STORE_FIRST)
    :: atomic { step[w] == half && linked[w] && life[w] != dead -> tag = held[w];
        entry[tag] = false; old[tag] = false; ended[messageOf[tag]]++; step[w] = settled; tag = 0 }
#elif defined(WRONG_PUBLISH_APART)
    :: atomic { step[w] == half && linked[w] && life[w] != dead -> tag = held[w];
        followed[messageOf[tag]]++; step[w] = settled; tag = 0 }
#endif
    :: atomic { speaks(w) && step[w] == settled ->
        if
        /* Losing is worse than repeating: what was most likely acknowledged by us runs. */
        :: what[w] == early && (!refused[w] || wasSent[w]) ->
            untagged[w] = true; what[w] = nothing; step[w] = waiting; wasSent[w] = false
        :: else -> letGo(w)
        fi }

    /* Leases: renewed if the tag is there. What has lost its tag is not begun. */
    :: atomic { speaks(w) && (step[w] == waiting || step[w] == running) && !untagged[w] && !isLost[w] &&
        leaseMatters(w) ->
        showLife(w);
        if :: epoch == 0 -> epoch = 2 :: else fi;
        seenEpoch[w] = epoch;
#ifdef WRONG_RENEW_BLINDLY
        entry[held[w]] = true;
        account(messageOf[held[w]]);
#endif
        if
        :: entry[held[w]] -> old[held[w]] = false; takenIn[w] = epoch
        :: else ->
            if
            :: takenIn[w] == epoch && step[w] == waiting -> letGo(w)
            :: takenIn[w] == epoch && step[w] == running -> isLost[w] = true
            :: else
            fi
        fi }

    /* Recovery: a dead worker is found, what it held goes back, and it is forgotten when nothing is left. */
    :: atomic { speaks(w) && rescue[w] == resting && !stopping[w] && w != 0 && seemsDead(0) ->
        suspect[w] = 0; rescue[w] = found }
    :: atomic { speaks(w) && rescue[w] == resting && !stopping[w] && w != 1 && seemsDead(1) ->
        suspect[w] = 1; rescue[w] = found }
#if WORKERS > 2
    :: atomic { speaks(w) && rescue[w] == resting && !stopping[w] && w != 2 && seemsDead(2) ->
        suspect[w] = 2; rescue[w] = found }
#endif
    :: atomic { speaks(w) && rescue[w] == found ->
        find(isOf, suspect[w], tag);
        if
        :: tag != 0 -> rescued[w] = tag; rescue[w] = putting
        :: else -> rescue[w] = bare
        fi;
        tag = 0 }
    :: atomic { (rescue[w] == putting || rescue[w] == puttingOld) && linked[w] && life[w] != dead ->
        tag = rescued[w];
        if
        :: entry[tag] && stillLapsed(w, tag) ->
            /* I5 from the other side: nothing is taken from a worker that shows that it lives. */
            assert(lapsed[tag] || wiped);
            entry[tag] = false; old[tag] = false; listed[messageOf[tag]]++;
            account(messageOf[tag])
#ifdef WRONG_RECOVER_WITHOUT_FENCE
        :: else -> listed[messageOf[tag]]++; account(messageOf[tag])
#else
        :: else
#endif
        fi;
        rescue[w] = resting; rescued[w] = 0; suspect[w] = 0; tag = 0 }
    :: atomic { rescue[w] == bare && linked[w] && life[w] != dead ->
#if defined(WRONG_FORGET_THE_LIVING)
        known[suspect[w]] = false;
#elif defined(WRONG_FORGET_TOO_EARLY)
        if :: !sign[suspect[w]] -> known[suspect[w]] = false :: else fi;
#else
        if :: !sign[suspect[w]] && !any(isOf, suspect[w]) -> known[suspect[w]] = false :: else fi;
#endif
        rescue[w] = resting; suspect[w] = 0 }
#ifndef PROMPT
    :: atomic { speaks(w) && rescue[w] == resting && !stopping[w] && any(isOldFor, w) ->
        find(isOldFor, w, tag); rescued[w] = tag; rescue[w] = puttingOld; tag = 0 }
#endif

    /* Stopping: it signs off when nothing is left that could be its own. */
    :: atomic { speaks(w) && stopping[w] && mayLeave(w) ->
        if
        :: mayHoldMore(w)
        :: else -> sign[w] = false; known[w] = false
        fi;
        die(w) }
    od
}

/* Faults, as many as there is budget for. Never all workers die. */
proctype fate(byte w) {
    byte m, t, tag, copies;
    do
    :: atomic { life[w] == alive && faults > 0 && (stopping[w] || deaths + 1 < WORKERS) ->
        faults--;
        if :: !stopping[w] -> deaths++ :: else fi;
        die(w) }
    :: atomic { life[w] == alive && faults > 0 -> faults--; life[w] = stalled }
    :: atomic { life[w] == stalled -> life[w] = alive }
#ifndef NO_CUTS
    :: atomic { life[w] == alive && linked[w] && faults > 0 ->
        faults--; cutOnce = true;
        leaveInFlight(w);
        if
        :: step[w] == taking || step[w] == taken -> tookBlind[w] = true; letGo(w)
        :: step[w] == settling || step[w] == settled || step[w] == half ->
            step[w] = ending; wasSent[w] = true; refused[w] = false
        :: else
        fi;
        linked[w] = false; rescue[w] = resting; suspect[w] = 0; rescued[w] = 0 }
#endif
    /* The child dies: the task runs again here, under the same tag; acknowledged early, it has failed. */
    :: atomic { life[w] == alive && step[w] == running && faults > 0 ->
        faults--;
        if :: untagged[w] -> step[w] = ending; what[w] = outcome :: else -> step[w] = waiting fi }
    :: atomic { life[w] == alive && !stopping[w] && faults > 0 && deaths + 1 < WORKERS ->
        faults--; deaths++; stopping[w] = true }

    /* Time: the sign of life expires, leases grow old. Both only when nobody renews them. */
    :: atomic { isSilent(w) && sign[w] ->
        sign[w] = false;
        t = 1;
        do
        :: t < TAGS -> if :: ownerOf[t] == w && entry[t] -> lapsed[t] = true :: else fi; t++
        :: else -> break
        od;
        t = 0 }
#ifndef PROMPT
    :: atomic { any(isYoungOf, w) ->
        find(isYoungOf, w, tag); old[tag] = true; lapsed[tag] = true; tag = 0 }
#endif

    /* What the server finds in the buffer of a lost connection. */
    :: atomic { late[w] == take -> runTake(w, m, tag); late[w] = none; tag = 0 }
    :: atomic { late[w] == settle ->
        runSettle(lateTag[w], lateWhat[w], true, epoch); late[w] = none; lateTag[w] = 0; lateWhat[w] = nothing }
    :: atomic { late[w] != none -> late[w] = none; lateTag[w] = 0; lateWhat[w] = nothing }
    od
}

#ifdef WIPE
proctype wipe() {
    byte t, w, m;
    atomic {
        wiped = true;
        w = 0;
        do
        :: w < WORKERS ->
            if
            :: step[w] == waiting || step[w] == running || step[w] == ending && what[w] == outcome ->
                inHand[messageOf[held[w]]] = true
            :: else
            fi;
            sign[w] = false; known[w] = false; w++
        :: else -> break
        od;
        t = 1;
        do
        :: t < TAGS -> entry[t] = false; old[t] = false; t++
        :: else -> break
        od;
        m = 0;
        do
        :: m < MESSAGES -> listed[m] = 0; m++
        :: else -> break
        od;
        epoch = 0; t = 0; w = 0; m = 0
    }
}
#endif

/* I3: when nothing is left to happen, each message has ended, with an outcome. */
proctype judge() {
    byte m;
    timeout;
    m = 0;
    do
    :: m < MESSAGES ->
#ifdef WIPE
        assert(!inHand[m] || stored[m] > 0 || deaths > 0);
#else
        assert(ended[m] == 1);
        assert(stored[m] >= 1 || excused[m]);
#endif
        m++
    :: else -> break
    od
}

init {
    byte i;
    atomic {
        i = 0;
        do
        :: i < MESSAGES -> listed[i] = 1; i++
        :: else -> break
        od;
        i = 0;
        do
        :: i < WORKERS -> linked[i] = true; seenEpoch[i] = epoch; showLife(i); run worker(i); run fate(i); i++
        :: else -> break
        od;
        i = 0;
        run judge();
#ifdef WIPE
        run wipe()
#endif
    }
}
