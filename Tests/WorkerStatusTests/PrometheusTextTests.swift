import JSON
import Testing
import WorkerStatus

@Suite struct PrometheusTextTests {
    private let lines = PrometheusText.render(sampleSnapshot()).split(separator: "\n").map(String.init)

    @Test func samplesHaveTheirLabels() {
        for line in [
            #"celeriac_worker_info{worker="celery@here",version="1.2"} 1"#,
            #"celeriac_worker_state{state="consuming"} 1"#, #"celeriac_worker_state{state="stopping"} 0"#,
            "celeriac_worker_uptime_seconds 12.5", "celeriac_broker_connected 1", "celeriac_leases 2",
            #"celeriac_dead_letters_total{reason="malformed"} 3"#, "celeriac_broker_scheduled 5",
            #"celeriac_children_recycled_total{pool="default",reason="leak"} 1"#,
            #"celeriac_queue_length{queue="celery"} 3"#, #"celeriac_queue_stalled_seconds{queue="celery"} 1.5"#,
            #"celeriac_tasks_total{task="tasks.add",outcome="success",cause=""} 2"#,
            #"celeriac_tasks_total{task="tasks.add",outcome="lost",cause="segfault"} 1"#,
            #"celeriac_task_leaks{task="tasks.add",resource="heap"} 1"#,
        ] { #expect(self.lines.contains(line), "\(line)") }
    }

    @Test func bucketsAddUp() {
        for line in [
            #"celeriac_task_run_seconds_bucket{task="tasks.add",le="0.0005"} 1"#,
            #"celeriac_task_run_seconds_bucket{task="tasks.add",le="1"} 1"#,
            #"celeriac_task_run_seconds_bucket{task="tasks.add",le="2.5"} 2"#,
            #"celeriac_task_run_seconds_bucket{task="tasks.add",le="+Inf"} 2"#,
            #"celeriac_task_run_seconds_sum{task="tasks.add"} 2.0004"#,
            #"celeriac_task_run_seconds_count{task="tasks.add"} 2"#,
            #"celeriac_task_peak_memory_bytes_bucket{task="tasks.add",le="1048576"} 1"#,
        ] { #expect(self.lines.contains(line), "\(line)") }
    }

    /// Every family is announced once, and its samples stand together below that.
    @Test func familiesAreWhole() {
        var family = ""
        var seen: Set<String> = []
        for line in self.lines {
            let words = line.split(separator: " ")
            if line.hasPrefix("# HELP") {
                family = String(words[2])
                #expect(seen.insert(family).inserted, "\(family) stands in one place")
            } else if line.hasPrefix("# TYPE") {
                #expect(words[2] == family && ["counter", "gauge", "histogram"].contains(words[3]))
            } else {
                #expect(line.hasPrefix(family), "\(line)")
                #expect(Double(words.last ?? "") != nil, "\(line)")
            }
        }
        #expect(seen.count > 25)
    }

    @Test func namesCannotBreakTheFormat() {
        var snapshot = sampleSnapshot()
        snapshot.tasks![0].name = "a\"b\\c\nd"
        let text = PrometheusText.render(snapshot)
        #expect(text.contains(#"celeriac_task_retained_bytes{task="a\"b\\c\nd"} 12.5"#))
    }

    @Test func partsThatAreMissingAreLeftOut() {
        var snapshot = sampleSnapshot()
        (snapshot.queues, snapshot.tasks, snapshot.broker.atServer) = (nil, nil, nil)
        let text = PrometheusText.render(snapshot)
        #expect(!text.contains("celeriac_queue") && !text.contains("celeriac_task") && !text.contains("scheduled"))
        #expect(text.contains("celeriac_leases 2"))
    }

    @Test func snapshotsSurviveJSON() throws {
        let snapshot = sampleSnapshot()
        let bytes = try JSONCoder.encode(snapshot).serialized()
        #expect(try JSONCoder.decode(WorkerSnapshot.self, from: bytes) == snapshot)
    }
}

@Suite struct WorkerStateTests {
    @Test func theFirstReasonNotToConsumeCounts() {
        func state(_ isStopping: Bool, _ hasChildren: Bool, _ isConnected: Bool, _ hasQueues: Bool) -> WorkerState {
            WorkerState(
                isStopping: isStopping, hasChildren: hasChildren, isConnected: isConnected, hasQueues: hasQueues)
        }
        #expect(state(false, true, true, true) == .consuming)
        #expect(state(false, true, true, false) == .paused)
        #expect(state(false, true, false, false) == .disconnected)
        #expect(state(false, false, false, false) == .starting)
        #expect(state(true, false, false, false) == .stopping)
    }
}
