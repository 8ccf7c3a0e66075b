/// What must hold of each parser of bytes that somebody else wrote, for any input: otherwise it traps.
///
/// The fuzzer looks for inputs, one target for each; tests repeat those that were found.
public enum ParserExercise: String, CaseIterable, Sendable {
    case frames = "FuzzFrames"
    case children = "FuzzChildren"
    case messages = "FuzzMessages"
    case control = "FuzzControl"
    case replies = "FuzzReplies"
    case schedules = "FuzzSchedules"
    case signatures = "FuzzSignatures"
    case traces = "FuzzTraces"
    case taskLines = "FuzzTaskLines"
    case configuration = "FuzzConfiguration"

    /// Runs one input. Returns; whatever is wrong ends the process.
    public func run(_ bytes: [UInt8]) {
        switch self {
        case .frames: exerciseFrames(bytes)
        case .children: exerciseChildren(bytes)
        case .messages: exerciseMessages(bytes)
        case .control: exerciseControl(bytes)
        case .replies: exerciseReplies(bytes)
        case .schedules: exerciseSchedules(bytes)
        case .signatures: exerciseSignatures(bytes)
        case .traces: exerciseTraces(bytes)
        case .taskLines: exerciseTaskLines(bytes)
        case .configuration: exerciseConfiguration(bytes)
        }
    }
}
