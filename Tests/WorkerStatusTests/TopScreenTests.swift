import Testing
import WorkerStatus

@Suite struct TopScreenTests {
    private func texts(_ screen: TopScreen, columns: Int = 120, rows: Int = 24) -> [String] {
        screen.lines(columns: columns, rows: rows).map(\.text)
    }

    @Test func childrenTasksAndQueuesAreShown() {
        let screen = TopScreen([sampleSnapshot()])
        #expect(
            self.texts(screen) == [
                "celery@here  consuming  up 12s  1 of 2 busy  –/s  2 leases",
                "  queues: celery 3 (stands 1s)",
                "      PID STATE     TASKS     /s   RUNS  MEMORY                   TASK",
                "      101 busy          9      –     3s  █████░░░░░ 64M/128M      tasks.add id-1",
                "      102 idle          0      –         8.0M",
                "q quit  ↑↓ select  t end the task  r replace the child  + - more or fewer children",
            ])
        #expect(screen.lines(columns: 120, rows: 24).map(\.isSelected) == [false, false, false, true, false, false])
    }

    @Test func ratesComeFromTheMomentBefore() {
        var now = sampleSnapshot()
        now.worker.uptime += 2
        now.broker.settled += 25
        now.children![0].tasks += 3
        let texts = self.texts(TopScreen([now], before: [sampleSnapshot()]))
        #expect(texts[0].contains("  12/s  ") || texts[0].contains("  12.5/s  "))
        #expect(texts[3].contains(" 1.5 "))
        now.worker.pid = 7
        #expect(self.texts(TopScreen([now], before: [sampleSnapshot()]))[0].contains("–/s"), "another process")
    }

    @Test func whatIsSelectedStaysSelected() {
        var screen = TopScreen([sampleSnapshot()])
        #expect(screen.current?.taskID == "id-1")
        screen.move(by: 1)
        #expect(screen.current?.pid == 102)
        screen.move(by: 5)
        #expect(screen.current?.pid == 102)
        screen.fleet[0].children!.remove(at: 0)
        #expect(screen.current?.pid == 102, "although it is in another line now")
        screen.fleet[0].children = sampleChildren()
        screen.fleet[0].children!.remove(at: 1)
        #expect(screen.current?.pid == 101, "it is gone")
        screen.fleet = []
        #expect(screen.current == nil)
        screen.move(by: -1)
    }

    @Test func linesFitTheTerminal() {
        var snapshot = sampleSnapshot()
        let child = snapshot.children![1]
        for number in 10..<200 as Range<UInt64> {
            var more = child
            more.number = number
            snapshot.children!.append(more)
        }
        var screen = TopScreen([snapshot])
        for (columns, rows) in [(80, 24), (20, 5), (1, 1)] {
            let lines = screen.lines(columns: columns, rows: rows)
            #expect(lines.count <= rows && lines.allSatisfy { $0.text.count <= columns })
        }
        for steps in [0, 10, 500, -3, -500] {
            screen.move(by: steps)
            #expect(screen.lines(columns: 80, rows: 10).contains { $0.isSelected }, "it is in sight")
        }
    }

    @Test func namesCannotCommandTheTerminal() {
        var snapshot = sampleSnapshot()
        snapshot.children![0].running[0].task = "\u{1B}[2Jx\u{202E}y\n"
        snapshot.queues![0].name = "a\u{9B}b"
        let texts = self.texts(TopScreen([snapshot]))
        #expect(texts.joined().unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
        #expect(texts[3].hasSuffix("?[2Jx?y? id-1"))
    }

    @Test func severalTasksInAChildHaveALineEach() {
        var snapshot = sampleSnapshot()
        snapshot.children![0].running.append(
            WorkerSnapshot.Running(task: "tasks.wait", id: "id-9", runtime: nil, memory: 0, limit: nil))
        let screen = TopScreen([snapshot])
        #expect(self.texts(screen)[4].contains(" queued "))
        #expect(screen.rows.count == 2)
    }

    @Test(arguments: [
        ("q", [TopKey.quit]), ("\u{1B}[A\u{1B}[B", [.up, .down]), ("\u{1B}OA", [.up]),
        ("kjtr", [.up, .down, .terminate, .recycle]),
        ("+-y", [.grow, .shrink, .yes]), ("\u{3}", [.quit]), ("\u{1B}", [.other]), ("\u{1B}[", [.other, .other]),
        ("x\u{1B}[5", [.other, .other]),
    ]) func keysAreRead(_ typed: String, _ keys: [TopKey]) {
        #expect(TopKey.keys(in: Array(typed.utf8)) == keys)
    }
}
