import Reactor
import Supervision
import Syscalls
import SystemPackage

/// The loop of a simulated worker's master, on which production code waits and reads the time.
final class VirtualLoop: EventLoop {
    private struct Slot {
        let registration: LoopRegistration
        let descriptor: CInt
        var interest: Readiness
        unowned let handler: any ReadinessHandler
        let token: Int
    }

    unowned let worker: WorkerProcess
    private var slots: [Slot] = []
    private var lastSerial: UInt32 = 0
    /// Whether the process was ended while it waited: then its time is over.
    private var isOver = false

    init(_ worker: WorkerProcess) { self.worker = worker }

    private var world: World { self.worker.world }

    var now: Instant { self.isOver ? .distantFuture : self.world.now }

    var wallSeconds: Double {
        Double(World.wallStart) + Double(self.world.now.nanoseconds - World.start.nanoseconds) / 1e9
            + Double(self.worker.wallJump)
    }

    func register(
        _ descriptor: CInt, for interest: Readiness, handler: any ReadinessHandler, token: Int
    ) throws(Errno) -> LoopRegistration {
        self.lastSerial += 1
        let registration = LoopRegistration(slot: 0, serial: self.lastSerial)
        self.slots.append(
            Slot(
                registration: registration, descriptor: descriptor, interest: interest, handler: handler, token: token))
        return registration
    }

    func update(_ registration: LoopRegistration, for interest: Readiness) {
        guard let index = self.slots.firstIndex(where: { $0.registration == registration }) else { return }
        self.slots[index].interest = interest
    }

    func remove(_ registration: LoopRegistration) {
        self.slots.removeAll { $0.registration == registration }
    }

    // MARK: Readiness

    var hasReady: Bool { self.slots.contains { !self.readiness(of: $0).isEmpty } }

    private func readiness(of slot: Slot) -> Readiness {
        guard let link = self.world.links[slot.descriptor] else { return [] }
        return link.readiness.intersection(slot.interest.union(.hungUp))
    }

    /// Tells the handlers of what is ready, as one return of `epoll_wait` does.
    func dispatch() {
        let ready = self.slots.map { ($0, self.readiness(of: $0)) }.filter { !$1.isEmpty }
        for (slot, readiness) in ready
        where self.slots.contains(where: { $0.registration == slot.registration }) {
            slot.handler.descriptorReady(token: slot.token, readiness: readiness)
        }
    }

    /// The world goes on meanwhile.
    func wait(until deadline: Instant) throws(Errno) {
        // A turn of a loop that never rests takes time as well.
        self.world.run(until: max(deadline, self.world.now + .microseconds(20))) {
            !self.worker.isDead && self.world.violations.isEmpty && (self.worker.isStopped || !self.hasReady)
        }
        self.isOver = self.worker.isDead || !self.world.violations.isEmpty
        if !self.isOver { self.dispatch() }
    }
}
