import EngineSupport
import JSON

/// The end of a task as a Python client sees it.
struct TaskResult {
    let state: String
    /// The value, when it is one that strict JSON can say.
    let value: JSONValue?
    /// Python's `repr` of the value or the exception.
    let repr: String
    let traceback: String?
    let exception: PythonException?

    init(_ answer: JSONValue) {
        self.state = answer["state"]?.text ?? ""
        self.value = answer["value"]
        self.repr = answer["repr"]?.text ?? ""
        self.traceback = answer["traceback"]?.text
        self.exception = answer["exception"].map(PythonException.init)
    }
}

/// An exception in Python.
struct PythonException {
    /// Its class, without the module.
    let type: String
    let module: String
    /// `str()` of it.
    let message: String
    let arguments: [JSONValue]

    init(_ json: JSONValue) {
        self.type = json["type"]?.text ?? ""
        self.module = json["module"]?.text ?? ""
        self.message = json["message"]?.text ?? ""
        self.arguments = json["args"]?.elements ?? []
    }
}
