import Logging
import Supervision
import Wire

extension Master {
    func childLooked(_ child: ChildHandle, _ report: LedgerReport) {
        let sample = ChildSample(
            heap: report.heap, privateMemory: report.privateMemory, descriptors: report.descriptors,
            threads: report.threads)
        self.supervisor.childLooked(child.id, sample, now: self.now)
        self.hooks.looked(child.id, sample)
    }

    /// What is known of the tasks that have run.
    public var leaks: [LeakSummary] { self.supervisor.leaks.summary }

    /// The first word about a leak is a warning; what is found out later, or not any more, is for the record.
    func logLeak(_ verdict: LeakLedger.Verdict) {
        let metadata: Logger.Metadata = [
            "task.name": "\(verdict.task.map { self.settings.taskNames[$0] } ?? "others")",
            "leaks": "\(verdict.resource.rawValue)",
            "per_run": "\(verdict.estimate.amount(of: verdict.resource))",
            "confidence": "\(verdict.estimate.confidenceText)",
        ]
        let level: Logger.Level = verdict.isFirst ? .warning : .info
        self.logger.log(level: level, verdict.estimate.isLeak ? "task.leaks" : "task.leaks.no_more", metadata: metadata)
    }
}
