import Supervision
import Testing

@testable import Redis

@Suite struct ConnectionMachineTests {
    typealias State = ConnectionMachine.State
    typealias Action = ConnectionMachine.Action

    static let start = Instant(nanoseconds: 1_000_000_000_000)
    static let timing = ConnectionMachine.Timing()

    static func at(_ duration: Duration) -> Instant { self.start + duration }

    /// Where a machine can be, and how it gets there.
    enum Situation: String, CaseIterable {
        case closed, waiting, connecting, greeting, ready

        func machine() -> ConnectionMachine {
            var machine = ConnectionMachine(seed: 1)
            if self == .closed { return machine }
            _ = machine.start(now: start)
            if self == .waiting { _ = machine.lost("first", now: start) }
            if self == .connecting || self == .waiting { return machine }
            _ = machine.connected(now: start)
            if self == .ready { machine.greeted(now: start) }
            return machine
        }
    }

    enum Event: String, CaseIterable {
        case start, connected, greeted, refusedForNow, refusedForGood, lost, stop, timePassed, bytes, answered

        func happen(to machine: inout ConnectionMachine) -> Action? {
            switch self {
            case .start: return machine.start(now: at(.seconds(1)))
            case .connected: return machine.connected(now: at(.seconds(1)))
            case .greeted: machine.greeted(now: at(.seconds(1)))
            case .refusedForNow: return machine.greetingRefused(ServerError("LOADING x"), now: at(.seconds(1)))
            case .refusedForGood: return machine.greetingRefused(ServerError("NOAUTH x"), now: at(.seconds(1)))
            case .lost: return machine.lost("gone", now: at(.seconds(1)))
            case .stop: machine.stop()
            case .timePassed: return machine.timePassed(now: at(.seconds(60)))
            case .bytes: machine.bytesReceived(now: at(.seconds(1)))
            case .answered: machine.answered()
            }
            return nil
        }
    }

    /// What an event does where it is not simply ignored.
    static func expectation(_ situation: Situation, _ event: Event) -> (situation: Situation, action: Action?) {
        switch (situation, event) {
        case (_, .stop): (.closed, nil)
        case (.closed, .start): (.connecting, .connect)
        case (.waiting, .timePassed): (.connecting, .connect)
        case (.connecting, .connected): (.greeting, .greet)
        case (.connecting, .timePassed): (.waiting, .drop(reason: "no connection within 4s"))
        case (.greeting, .greeted): (.ready, nil)
        case (.greeting, .refusedForNow): (.waiting, .drop(reason: "LOADING x"))
        case (.greeting, .refusedForGood): (.waiting, .drop(reason: "NOAUTH x"))
        case (.greeting, .timePassed): (.waiting, .drop(reason: "no login within 4s"))
        case (.ready, .timePassed): (.ready, .ping)
        case (.connecting, .lost), (.greeting, .lost), (.ready, .lost): (.waiting, .drop(reason: "gone"))
        default: (situation, nil)
        }
    }

    static func situation(_ state: State) -> Situation {
        switch state {
        case .closed: .closed
        case .waiting: .waiting
        case .connecting: .connecting
        case .greeting: .greeting
        case .ready: .ready
        }
    }

    @Test(arguments: Situation.allCases, Event.allCases)
    func eachEventDoesItsPartInEachState(_ situation: Situation, _ event: Event) {
        var machine = situation.machine()
        #expect(Self.situation(machine.state) == situation)
        let expected = Self.expectation(situation, event)
        #expect(event.happen(to: &machine) == expected.action)
        #expect(Self.situation(machine.state) == expected.situation)
        #expect(machine.isReady == (expected.situation == .ready))
    }

    @Test(arguments: Situation.allCases) func nothingIsDueBeforeTheNextWake(_ situation: Situation) {
        var machine = situation.machine()
        let wake = machine.nextWake
        let before = Instant(nanoseconds: wake.nanoseconds - 1)
        let state = machine.state
        #expect(machine.timePassed(now: before) == nil)
        #expect(machine.state == state)
        if situation == .closed { #expect(wake == .distantFuture) }
    }

    @Test func connectingAndLoggingInShareOneDeadline() {
        var machine = ConnectionMachine(seed: 1)
        _ = machine.start(now: Self.start)
        #expect(machine.nextWake == Self.at(.seconds(4)))
        _ = machine.connected(now: Self.at(.seconds(3)))
        #expect(machine.nextWake == Self.at(.seconds(4)))
    }

    @Test func waitsDoubleWithinTheirBoundsAndAreNotAllTheSame() {
        var waits: Set<UInt64> = []
        for seed in 0..<50 as Range<UInt64> {
            var machine = ConnectionMachine(seed: seed)
            _ = machine.start(now: Self.start)
            for full in [100, 200, 400, 800, 1_600, 3_000, 3_000, 3_000] {
                #expect(machine.lost("x", now: Self.start) == .drop(reason: "x"))
                let wait = machine.nextWake - Self.start
                #expect(wait >= .milliseconds(full / 2) && wait <= .milliseconds(full))
                waits.insert(machine.nextWake.nanoseconds)
                #expect(machine.timePassed(now: machine.nextWake) == .connect)
            }
        }
        #expect(waits.count > 300)
    }

    /// The wait after a loss of a connection that was ready for some time, after a row of failures.
    static func waitAfterReady(for time: Duration) -> Duration {
        var machine = Situation.greeting.machine()
        for _ in 0..<3 {
            _ = machine.lost("x", now: self.start)
            _ = machine.timePassed(now: machine.nextWake)
            _ = machine.connected(now: self.start)
        }
        machine.greeted(now: self.start)
        _ = machine.lost("x", now: self.at(time))
        return machine.nextWake - self.at(time)
    }

    @Test func onlyAConnectionThatLastedEndsTheRowOfFailures() {
        #expect(Self.waitAfterReady(for: .seconds(2)) >= .milliseconds(400))
        #expect(Self.waitAfterReady(for: .seconds(3)) <= .milliseconds(100))
    }

    @Test func aConnectionThatWorkedEndsTheRowAtOnce() {
        var machine = Situation.greeting.machine()
        for _ in 0..<3 {
            _ = machine.lost("x", now: Self.start)
            _ = machine.timePassed(now: machine.nextWake)
            _ = machine.connected(now: Self.start)
        }
        machine.greeted(now: Self.start)
        machine.worked()
        _ = machine.lost("x", now: Self.start)
        #expect(machine.nextWake - Self.start <= .milliseconds(100))
    }

    @Test func fiveRefusedLoginsAreTheEnd() {
        var machine = ConnectionMachine(seed: 1)
        for round in 0..<3 {
            #expect(machine.start(now: Self.start) == .connect)
            for _ in 1...4 {
                _ = machine.connected(now: Self.start)
                #expect(
                    machine.greetingRefused(ServerError("WRONGPASS"), now: Self.start) == .drop(reason: "WRONGPASS"))
                _ = machine.timePassed(now: machine.nextWake)
            }
            _ = machine.connected(now: Self.start)
            // A server that loads is not one that refuses.
            #expect(machine.greetingRefused(ServerError("LOADING"), now: Self.start) == .drop(reason: "LOADING"))
            _ = machine.timePassed(now: machine.nextWake)
            _ = machine.connected(now: Self.start)
            let last = machine.greetingRefused(ServerError("WRONGPASS"), now: Self.start)
            #expect(last == .giveUp(reason: "WRONGPASS"), "round \(round)")
            #expect(machine.state == .closed)
            #expect(machine.nextWake == .distantFuture)
        }
    }

    @Test func aLoginThatIsTakenForgetsRefusals() {
        var machine = ConnectionMachine(seed: 1)
        _ = machine.start(now: Self.start)
        for _ in 0..<3 {
            for _ in 1...4 {
                _ = machine.connected(now: Self.start)
                _ = machine.greetingRefused(ServerError("NOAUTH"), now: Self.start)
                _ = machine.timePassed(now: machine.nextWake)
            }
            _ = machine.connected(now: Self.start)
            machine.greeted(now: Self.start)
            #expect(machine.isReady)
            _ = machine.lost("x", now: Self.start)
            _ = machine.timePassed(now: machine.nextWake)
        }
    }

    @Test func silenceIsBrokenAndAnAnswerIsAwaited() {
        var machine = Situation.ready.machine()
        #expect(machine.nextWake == Self.at(.seconds(25)))
        #expect(machine.timePassed(now: Self.at(.seconds(25))) == .ping)
        machine.commandSent(now: Self.at(.seconds(25)))
        #expect(machine.nextWake == Self.at(.seconds(35)))
        machine.bytesReceived(now: Self.at(.seconds(26)))
        machine.answered()
        #expect(machine.nextWake == Self.at(.seconds(51)))
    }

    @Test func anAnswerIsOverdueTenSecondsAfterTheLastByte() {
        var machine = Situation.ready.machine()
        machine.commandSent(now: Self.at(.seconds(20)))
        machine.commandSent(now: Self.at(.seconds(29)))
        #expect(machine.nextWake == Self.at(.seconds(30)))
        machine.bytesReceived(now: Self.at(.seconds(29)))
        machine.answered()
        #expect(machine.nextWake == Self.at(.seconds(39)))
        #expect(machine.timePassed(now: Self.at(.seconds(39))) == .drop(reason: "no answer within 10s"))
    }

    @Test func whatWasAskedOnTheOldConnectionIsNotAwaitedOnTheNew() {
        var machine = Situation.ready.machine()
        machine.commandSent(now: Self.start)
        _ = machine.lost("x", now: Self.start)
        _ = machine.timePassed(now: machine.nextWake)
        _ = machine.connected(now: Self.start)
        machine.greeted(now: Self.start)
        #expect(machine.nextWake == Self.at(.seconds(25)))
    }
}
