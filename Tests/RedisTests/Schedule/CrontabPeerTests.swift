import EngineSupport
import Foundation
import JSON
import Schedules
import Supervision
import Testing

extension RedisTests {
    /// Celery's own crontab, asked the same questions.
    @Suite(.enabled(if: PythonPeers.areInstalled, "scripts/python-peers has not been able to install Celery"))
    struct CrontabPeerTests {
        private static let fields = ["minute", "hour", "day_of_week", "day_of_month", "month_of_year"]

        /// Hundreds of crontabs; of each what follows on a time, four times.
        @Test func celeryFindsTheSame() throws {
            var random = SeededGenerator(seed: 7)
            let questions = (0..<600).map { _ in Self.question(&random) }
            let program = try PythonPeers.start(
                [PythonPeers.program("crontabs.py")], PeerConnection(broker: "", backend: "", marks: ""))
            program.send(questions.map { JSONValue.object($0).description })
            program.closeInput()
            try program.wait(for: "Celery's answers", within: 60) { program.outputLines.count >= questions.count }
            try program.finish()
            for (question, line) in zip(questions, program.outputLines) {
                let answer = try JSONValue(parsing: Array(line.utf8))
                #expect(answer == Self.own(question), "\(JSONValue.object(question))")
            }
        }

        private static func own(_ question: JSONObject) -> JSONValue {
            var fields: [String: String] = [:]
            for name in Self.fields { fields[name] = question[name]?.text }
            guard let crontab = try? Crontab(fields: fields) else { return "error" }
            var instant = WallInstant(seconds: Int64(question["start"]?.integer ?? 0))
            return .array(
                (0..<4).map { _ in
                    instant = crontab.next(after: instant, in: .utc)
                    return .number(JSONNumber(Int(instant.seconds)))
                })
        }

        private static func question(_ random: inout SeededGenerator) -> JSONObject {
            [
                "start": .number(JSONNumber(Int.random(in: 1_500_000_000..<2_000_000_000, using: &random))),
                "minute": Self.field(0...59, [], &random), "hour": Self.field(0...23, [], &random),
                "day_of_week": Self.field(0...6, ["sun", "Mon", "tuesday", "sat"], &random),
                "day_of_month": Self.field(1...31, [], &random),
                "month_of_year": Self.field(1...12, ["jan", "Feb", "june", "dec"], &random),
            ]
        }

        /// Mostly a field as people write it, now and then one that is wrong.
        private static func field(
            _ values: ClosedRange<Int>, _ names: [String], _ random: inout SeededGenerator
        ) -> JSONValue {
            if Bool.random(using: &random) { return "*" }
            let parts = (0..<Int.random(in: 1...3, using: &random)).map { _ in Self.part(values, names, &random) }
            return .string(parts.joined(separator: ","))
        }

        private static func part(
            _ values: ClosedRange<Int>, _ names: [String], _ random: inout SeededGenerator
        ) -> String {
            func value() -> String {
                let number = Int.random(in: 0..<20, using: &random) == 0 ? 99 : Int.random(in: values, using: &random)
                return names.randomElement(using: &random).flatMap { Bool.random(using: &random) ? $0 : nil }
                    ?? "\(number)"
            }
            switch Int.random(in: 0..<6, using: &random) {
            case 0: return "*/\(Int.random(in: 1...values.upperBound, using: &random))"
            case 1: return "\(value())-\(value())"
            case 2: return "\(value())-\(value())/\(Int.random(in: 1...7, using: &random))"
            default: return value()
            }
        }
    }
}
