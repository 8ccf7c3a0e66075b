/// Tasks that are called for each element of a list, by a worker and not one by one.
extension Signature {
    /// Calls a task with each element, one after the other; the result is the list of results. The first error is the end.
    public static func map(_ task: Signature, _ items: [CeleryValue]) -> Signature {
        Signature(task: "celery.map", kwargs: ["task": task.value, "it": .array(items)], isImmutable: true)
    }

    /// The same with lists of arguments.
    public static func starmap(_ task: Signature, _ items: [[CeleryValue]]) -> Signature {
        let items = items.map { CeleryValue.array($0) }
        return Signature(task: "celery.starmap", kwargs: ["task": task.value, "it": .array(items)], isImmutable: true)
    }

    /// A group of ``starmap(_:_:)``, each for so many elements.
    public static func chunks(_ task: Signature, _ items: [[CeleryValue]], by count: Int) -> Signature {
        precondition(count > 0, "A chunk has at least one element.")
        return .group(
            stride(from: 0, to: items.count, by: count).map { start in
                .starmap(task, Array(items[start..<min(start + count, items.count)]))
            })
    }

    /// The group that a signature of Celery's `chunks` stands for; `nil` for any other.
    var chunks: Signature? {
        guard self.task == "celery.chunks", let task = self.kwargs["task"].flatMap({ Signature($0) }),
            let items = self.kwargs["it"]?.asArray, let count = self.kwargs["n"]?.asInt, count > 0
        else { return nil }
        var group = Self.chunks(task, items.map { $0.asArray ?? [$0] }, by: count)
        group.options = self.options
        return group
    }
}
