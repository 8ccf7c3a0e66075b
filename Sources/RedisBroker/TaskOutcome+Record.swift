import Broker
import Celery
import JSON
import PostMortems

extension TaskOutcome {
    /// All that is known of an end that was no success.
    var record: JSONObject {
        var object: JSONObject = ["attempts": .number(JSONNumber(self.attempts))]
        if let failure {
            object["type"] = .string(failure.type)
            object["message"] = .string(failure.message)
            object["cause"] = failure.cause.map { .string($0) }
            if !failure.backtrace.isEmpty { object["backtrace"] = .array(failure.backtrace.map { .string($0) }) }
        }
        object["pid"] = self.pid.map { .number(JSONNumber(Int($0))) }
        object["runtime"] = self.runTime.flatMap { JSONNumber(Double($0.wholeNanoseconds) / 1e9) }.map { .number($0) }
        object["peak_memory"] = self.peakMemory.map { .number(JSONNumber($0.bytes)) }
        object["last_output"] = self.lastOutput.map { .string($0) }
        for (key, value) in self.certificate where object[key] == nil { object[key] = value }
        return object
    }

    /// What is known of an abnormal end beside error and backtrace, as text.
    var certificateLines: [String] {
        var record: JSONObject = [:]
        record["post_mortem"] = self.postMortem == nil ? nil : .object(self.certificate)
        record["last_output"] = self.lastOutput.map { .string($0) }
        return Certificate(record).lines
    }

    private var certificate: JSONObject {
        guard let postMortem, case .object(let object)? = try? JSONValue(parsing: postMortem) else { return [:] }
        return object
    }
}
