extension ResultDocument {
    /// Appends a document as ``serialized()`` writes it, from parts that are known to be what they must be.
    ///
    /// Ids, the traceback and the date are the content of texts, and are escaped; `nil` leaves an id out and is null for
    /// the others. `result` is a JSON value, `children` a JSON array, by default an empty one; both stay as they are.
    /// `extended` is what ``Extension/members`` makes. Allocates nothing but room in the buffer, as long as the texts
    /// are plain ASCII.
    public static func write(
        _ state: ResultState,
        result: ArraySlice<UInt8>,
        traceback: ArraySlice<UInt8>? = nil,
        children: ArraySlice<UInt8>? = nil,
        dateDone: ArraySlice<UInt8>?,
        groupID: ArraySlice<UInt8>? = nil,
        parentID: ArraySlice<UInt8>? = nil,
        extended: ArraySlice<UInt8> = [],
        taskID: ArraySlice<UInt8>,
        into buffer: inout [UInt8]
    ) {
        PythonJSON.append(#"{"status": "#, into: &buffer)
        PythonJSON.write(state.rawValue, into: &buffer)
        PythonJSON.append(#", "result": "#, into: &buffer)
        buffer.append(contentsOf: result)
        PythonJSON.append(#", "traceback": "#, into: &buffer)
        self.write(traceback, into: &buffer)
        PythonJSON.append(#", "children": "#, into: &buffer)
        if let children { buffer.append(contentsOf: children) } else { PythonJSON.append("[]", into: &buffer) }
        PythonJSON.append(#", "date_done": "#, into: &buffer)
        self.write(dateDone, into: &buffer)
        self.write(#", "group_id": "#, ifAny: groupID, into: &buffer)
        self.write(#", "parent_id": "#, ifAny: parentID, into: &buffer)
        if !extended.isEmpty {
            PythonJSON.append(", ", into: &buffer)
            buffer.append(contentsOf: extended)
        }
        self.write(#", "task_id": "#, ifAny: taskID, into: &buffer)
        buffer.append(UInt8(ascii: "}"))
    }

    private static func write(_ text: ArraySlice<UInt8>?, into buffer: inout [UInt8]) {
        if let text { PythonJSON.write(text, into: &buffer) } else { PythonJSON.append("null", into: &buffer) }
    }

    private static func write(_ name: StaticString, ifAny text: ArraySlice<UInt8>?, into buffer: inout [UInt8]) {
        guard let text else { return }
        PythonJSON.append(name, into: &buffer)
        PythonJSON.write(text, into: &buffer)
    }
}
